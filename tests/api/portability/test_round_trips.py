"""export(restore(export(x))) == export(x), on each engine and from one to the other."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.brokers import Broker
from tests.conftest import running, settings_for
from tests.exporting import exported, fill, made, restored, undated
from tests.people import sign_up

WAYS = [
    ("sqlite", "sqlite"),
    ("sqlite", "postgres"),
    ("postgres", "postgres"),
    ("postgres", "sqlite"),
]


@pytest.fixture(params=WAYS, ids=" to ".join)
def urls(request: pytest.FixtureRequest) -> list[str]:
    """Two fresh databases: where an export comes from, and where it goes."""
    return [request.getfixturevalue(f"fresh_{engine}")() for engine in request.param]


async def test_a_restored_export_exports_the_same(
    urls: list[str], broker: Broker, tmp_path: Path
) -> None:
    there, here = (
        settings_for(url, tmp_path / str(place), sandbox_url=broker.url)
        for place, url in enumerate(urls)
    )
    async with running(there) as client:
        ada = await sign_up(client, "ada")
        await fill(ada)
        before = await exported(ada)
        shown = await _shown(ada)

    async with running(here) as client:
        bob = await sign_up(client, "bob")
        answer = await restored(bob, before)
        after = await exported(bob)
        shown_again = await _shown(bob)

    assert answer.status_code == 201, answer.text
    assert answer.json()["counts"] == {k: n for k, n in json.loads(before)["counts"].items() if n}
    assert undated(after) == undated(before)
    assert shown_again == shown


async def _shown(person: Any) -> list[Any]:
    """What other endpoints say: balances, movements found by a search, whole account numbers."""
    accounts = (await made(person.get("/accounts")))["accounts"]
    whole = [f"/accounts/{one['id']}?include=account_number" for one in accounts]
    return [
        [await made(person.get(path)) for path in whole],
        await made(person.get("/transactions?q=salary")),
        await made(person.get("/holdings?active_only=false")),
        await made(person.get("/exchange-rates/own")),
        (await made(person.get("/users/me")))["time_zone"],
    ]
