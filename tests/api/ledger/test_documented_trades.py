"""The examples of docs/by-hand.md, as they stand there."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.people import settle

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGE = Path(__file__).parents[3] / "docs" / "by-hand.md"
REQUEST = re.compile(r"(?:([A-Z]+) = )?(GET|POST|PATCH|DELETE) (\S+) ?(.*)")


def steps() -> Iterator[tuple[str, str]]:
    """Each request, and the answer that the page shows."""
    for block in re.findall(r"```text\n(.*?)```", PAGE.read_text(), re.DOTALL):
        for step in block.strip().split("\n\n"):
            request, answer = step.split("\n")
            yield request, answer


def agrees(shown: Any, told: Any) -> bool:
    """Whether everything that is shown is told so."""
    if isinstance(shown, Mapping):
        return all(agrees(each, told[name]) for name, each in shown.items())
    if isinstance(shown, Sequence) and not isinstance(shown, str):
        return all(agrees(*pair) for pair in zip(shown, told, strict=True))
    return bool(shown == told)


async def test_every_example_is_answered_as_written(service: httpx.AsyncClient) -> None:
    person = await settle(service, "reader")
    ids: dict[str, str] = {}

    for request, answer in steps():
        for name, told in ids.items():
            request = re.sub(rf"\b{name}\b", told, request)  # noqa: PLW2901 - filled in
        match = REQUEST.fullmatch(request)
        assert match, request
        name, method, path, body = match.groups()
        got = await person.request(method, path, json=json.loads(body) if body else None)
        status, shown = answer.split(" ", 1)
        assert got.status_code == int(status), got.text
        assert agrees(json.loads(shown), got.json()), got.text
        if name:
            ids[name] = got.json()["id"]

    assert len(ids) == 5
