"""Refusals of input: they say where and why, and repeat nothing of it."""

from typing import Any

import httpx
import pytest

from coffers.presentation.field_names import field_names
from tests.people import Person

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECRET = "hunter2 is my password"


def flaws(answer: httpx.Response) -> list[tuple[str, str]]:
    assert answer.status_code == 422, answer.text
    return [(flaw["field"], flaw["code"]) for flaw in answer.json()["errors"]]


async def test_a_known_field_is_named(ada: Person) -> None:
    answer = await ada.patch("/users/me", {"base_currency": 1})

    assert flaws(answer) == [("base_currency", "string_type")]


@pytest.mark.parametrize("name", [SECRET, "hunter2", "x" * 10_000, "a\tb", "<script>", "ключ"])
async def test_of_an_unknown_field_only_the_place_is_told(ada: Person, name: str) -> None:
    answer = await ada.patch("/users/me", {name: 1})

    assert flaws(answer) == [("body", "extra_forbidden")]
    assert name not in answer.text


@pytest.mark.parametrize("key", [SECRET, "api_token_4711"])
async def test_the_keys_of_a_map_are_not_repeated(ada: Person, key: str) -> None:
    body = {"provider_slug": "alpaca", "credentials": {key: 1}}

    answer = await ada.post("/connections", body)

    assert flaws(answer) == [("credentials", "string_type")]
    assert key not in answer.text


async def test_a_field_that_a_provider_does_not_ask_for_is_not_repeated(ada: Person) -> None:
    told = dict.fromkeys(("key_id", "secret_key", "environment", "hunter2"), "paper")

    answer = await ada.post("/connections", {"provider_slug": "alpaca", "credentials": told})

    assert [field for field, _ in flaws(answer)] == ["credentials"]
    assert "hunter2" not in answer.text


async def test_no_character_of_a_bad_id_is_repeated(ada: Person) -> None:
    body: dict[str, Any] = {"connection_id": "£" * 36}

    answer = await ada.post("/accounts/syncs", body)

    assert flaws(answer) == [("connection_id", "uuid_parsing")]
    assert "£" not in answer.text


async def test_fields_of_bodies_and_of_forms_are_known() -> None:
    assert {"email", "plan_hash", "day_first", "account_id"} <= field_names()
    assert "hunter2" not in field_names()
