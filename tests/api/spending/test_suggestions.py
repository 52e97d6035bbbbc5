"""/transactions/{id}/category-suggestions: from one's own past choices, with the evidence."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from coffers.application.spending import suggestions as use_case
from tests.notebooks import movement_of, notebook, written
from tests.people import Person
from tests.rule_examples import PETS, RESTAURANTS, applied, bulk_edit, looks_for, rule

pytestmark = pytest.mark.asyncio(loop_scope="module")

Enrol = Callable[..., Awaitable[Person]]


async def suggested(person: Person, transaction_id: str) -> list[dict[str, Any]]:
    answer = await person.get(f"/transactions/{transaction_id}/category-suggestions")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["suggestions"]
    return found


async def test_what_was_chosen_before_is_suggested_with_the_evidence(eve: Person) -> None:
    cash = await notebook(eve)
    await written(eve, cash, description="BLUE BOTTLE 001", category_id=RESTAURANTS)
    latest = await written(
        eve,
        cash,
        description="Blue Bottle 002",
        category_id=RESTAURANTS,
        transaction_date="2026-04-01",
    )
    await written(eve, cash, description="Blue Bottle 004", category_id=PETS)
    await written(eve, cash, description="Other", category_id=PETS)
    new = await written(eve, cash, description="blue bottle 003")

    found = await suggested(eve, new)

    assert [each["category"] for each in found] == ["restaurants", "pets"]
    assert found[0] == {
        "category_id": RESTAURANTS,
        "category": "restaurants",
        "kind": "expense",
        "name": "Restaurants",
        "icon": "🍽️",
        "evidence": {
            "basis": "description",
            "count": 2,
            "latest_transaction_id": latest,
            "latest_transaction_date": "2026-04-01",
            "latest_description": "Blue Bottle 002",
        },
    }
    assert (await movement_of(eve, new))["category"] is None


async def test_a_merchant_is_evidence_whatever_the_description(eve: Person) -> None:
    cash = await notebook(eve)
    await written(eve, cash, description="A", merchant="Blue Bottle", category_id=PETS)
    new = await written(eve, cash, description="B", merchant="blue bottle")

    (found,) = await suggested(eve, new)

    assert (found["category"], found["evidence"]["basis"]) == ("pets", "merchant")


async def test_what_a_rule_chose_is_no_evidence_and_an_edit_of_many_is(eve: Person) -> None:
    cash = await notebook(eve)
    await rule(eve, looks_for("tea"), {"category_id": PETS})
    await written(eve, cash, description="Tea")
    new = await written(eve, cash, description="Tea", category_id=None)
    before = await suggested(eve, new)

    plan = await bulk_edit(eve, {"q": "tea"}, {"category_id": RESTAURANTS})
    await applied(eve, f"/bulk-edits/{plan['id']}")

    assert before == []
    (found,) = await suggested(eve, new)
    assert (found["category"], found["evidence"]["count"]) == ("restaurants", 1)


async def test_only_the_latest_choices_are_looked_at(
    ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    cash = await notebook(ada)
    await written(ada, cash, category_id=PETS, transaction_date="2026-01-01")
    await written(ada, cash, category_id=RESTAURANTS)
    new = await written(ada, cash)

    monkeypatch.setattr(use_case, "MAX_CHOICES", 1)

    assert [each["category"] for each in await suggested(ada, new)] == ["restaurants"]


async def test_nothing_is_suggested_for_what_says_nothing(ada: Person) -> None:
    cash = await notebook(ada)

    assert await suggested(ada, await written(ada, cash, description="0042")) == []


async def test_another_s_movement_is_forbidden_and_their_choices_are_theirs(
    ada: Person, enrol: Enrol
) -> None:
    bob = await enrol("bob")
    await written(bob, await notebook(bob), category_id=PETS)
    mine = await written(ada, await notebook(ada))

    assert (await bob.get(f"/transactions/{mine}/category-suggestions")).status_code == 403
    nowhere = "/transactions/01900000-0000-7000-8000-000000000999/category-suggestions"
    assert (await ada.get(nowhere)).status_code == 404
    assert await suggested(ada, mine) == []
