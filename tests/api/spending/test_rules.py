"""/rules: one's own to make, order, change, switch off and delete."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from coffers.application.spending import rules as use_cases
from tests.people import Person
from tests.rows import event_names
from tests.rule_examples import PETS, RESTAURANTS, looks_for, rule

pytestmark = pytest.mark.asyncio(loop_scope="module")

Enrol = Callable[..., Awaitable[Person]]
NOWHERE = "01900000-0000-7000-8000-000000000999"


async def account(person: Person) -> str:
    draft = {"name": "Cash", "account_type": "cash", "currency": "USD"}
    return str((await person.post("/accounts", draft)).json()["id"])


async def names(person: Person) -> list[str]:
    return [each["name"] for each in (await person.get("/rules")).json()["rules"]]


async def test_a_rule_is_kept_as_it_was_told(eve: Person) -> None:
    cash = await account(eve)
    conditions = {
        **looks_for("Blue Bottle", "starts_with", "merchant"),
        "min_amount": "1.50",
        "max_amount": "20",
        "account_ids": [cash],
        "direction": "out",
        "start_date": "2026-01-01",
        "end_date": "2026-12-31",
        "transaction_types": ["expense", "fee"],
    }
    actions = {
        "category_id": RESTAURANTS,
        "merchant": " Blue  Bottle ",
        "tags": ["Treat", "coffee", "treat"],
        "is_transfer": True,
        "is_ignored": True,
    }

    answer = await eve.post(
        "/rules", {"name": "Coffee", "conditions": conditions, "actions": actions}
    )

    view = answer.json()
    assert answer.status_code == 201
    assert view["conditions"] == conditions
    assert view["actions"] == actions | {"merchant": "Blue Bottle", "tags": ["coffee", "treat"]}
    assert (view["position"], view["is_enabled"]) == (1, True)
    read = await eve.get(f"/rules/{view['id']}")
    assert read.json() == view
    assert read.headers["etag"] == answer.headers["etag"] == '"1"'
    assert "RuleCreated" in await event_names(eve.client, eve.id)


@pytest.mark.parametrize(
    ("conditions", "actions"),
    [
        ({}, {"merchant": "X"}),
        (looks_for("coffee"), {}),
        (looks_for("coffee"), {"is_ignored": False}),
        (looks_for("coffee"), {"merchant": "  "}),
        (looks_for("  "), {"merchant": "X"}),
        (looks_for("x" * 201), {"merchant": "X"}),
        ({"texts": looks_for("a")["texts"] * 6}, {"merchant": "X"}),
        (looks_for("coffee", "matches"), {"merchant": "X"}),
        ({"min_amount": "-1"}, {"merchant": "X"}),
        ({"min_amount": "2", "max_amount": "1"}, {"merchant": "X"}),
        ({"start_date": "2026-02-01", "end_date": "2026-01-31"}, {"merchant": "X"}),
        ({"account_ids": [NOWHERE]}, {"merchant": "X"}),
        ({"account_ids": [NOWHERE] * 101}, {"merchant": "X"}),
        ({"direction": "sideways"}, {"merchant": "X"}),
        (looks_for("coffee"), {"category_id": NOWHERE}),
        (looks_for("coffee"), {"tags": ["x" * 51]}),
        (looks_for("coffee"), {"tags": [f"t{number}" for number in range(11)]}),
    ],
)
async def test_what_asks_or_says_nothing_sensible_is_refused(
    ada: Person, conditions: dict[str, Any], actions: dict[str, Any]
) -> None:
    refused = await ada.post("/rules", {"name": "R", "conditions": conditions, "actions": actions})

    assert refused.status_code == 422, refused.text


async def test_another_s_account_or_category_is_unknown(ada: Person, enrol: Enrol) -> None:
    bob = await enrol("bob")
    draft = {"name": "Tea", "kind": "expense", "icon": "🍵"}
    theirs = (await bob.post("/categories", draft)).json()["id"]

    for conditions, actions in (
        ({"account_ids": [await account(bob)]}, {"merchant": "X"}),
        (looks_for("tea"), {"category_id": theirs}),
    ):
        refused = await ada.post(
            "/rules", {"name": "R", "conditions": conditions, "actions": actions}
        )
        assert refused.status_code == 422


async def test_a_rule_is_changed_in_parts_and_switched_off(eve: Person) -> None:
    path = f"/rules/{(await rule(eve))['id']}"

    renamed = await eve.patch(path, {"name": "Cafés"}, headers={"If-Match": '"1"'})
    off = await eve.patch(path, {"is_enabled": False})
    other = await eve.patch(path, {"actions": {"category_id": PETS}})
    stale = await eve.patch(path, {"name": "X"}, headers={"If-Match": '"1"'})
    empty = await eve.patch(path, {"conditions": {}})

    assert (renamed.json()["name"], renamed.headers["etag"]) == ("Cafés", '"2"')
    assert off.json()["is_enabled"] is False
    assert other.json()["actions"]["category_id"] == PETS
    assert other.json()["conditions"]["texts"][0]["text"] == "coffee"
    assert (stale.status_code, empty.status_code) == (412, 422)


async def test_rules_stand_in_the_order_that_their_owner_gives_them(eve: Person) -> None:
    made = [(await rule(eve, name=name))["id"] for name in ("A", "B", "C")]

    ordered = await eve.put("/rules/order", {"rule_ids": [made[2], made[0], made[1]]})

    assert ordered.status_code == 200
    assert [each["position"] for each in ordered.json()["rules"]] == [1, 2, 3]
    assert await names(eve) == ["C", "A", "B"]
    for wrong in (made[:2], [*made, made[0]], [*made[:2], NOWHERE]):
        assert (await eve.put("/rules/order", {"rule_ids": wrong})).status_code == 422
    await rule(eve, name="D")
    assert await names(eve) == ["C", "A", "B", "D"]


async def test_a_deleted_rule_is_gone(ada: Person) -> None:
    path = f"/rules/{(await rule(ada))['id']}"

    assert (await ada.delete(path, headers={"If-Match": '"9"'})).status_code == 412
    assert (await ada.delete(path)).status_code == 204
    assert (await ada.get(path)).status_code == 404
    assert await names(ada) == []


async def test_another_s_rule_is_forbidden(ada: Person, enrol: Enrol) -> None:
    path, bob = f"/rules/{(await rule(ada))['id']}", await enrol("bob")

    for answer in (await bob.get(path), await bob.patch(path, {}), await bob.delete(path)):
        assert answer.status_code == 403
    assert await names(bob) == []


async def test_no_more_rules_than_the_limit(ada: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(use_cases, "MAX_RULES", 1)
    await rule(ada)

    conditions, actions = looks_for("tea"), {"merchant": "Tea"}
    refused = await ada.post("/rules", {"name": "R", "conditions": conditions, "actions": actions})

    assert refused.status_code == 409
    assert refused.json()["type"].endswith("/too_many_rules")


async def test_a_rule_follows_its_category_when_that_is_deleted(eve: Person) -> None:
    draft = {"name": "Tea", "kind": "expense", "icon": "🍵"}
    tea = (await eve.post("/categories", draft)).json()["id"]
    path = f"/rules/{(await rule(eve, actions={'category_id': tea}))['id']}"

    refused = await eve.delete(f"/categories/{tea}")
    moved = await eve.delete(f"/categories/{tea}?move_to={PETS}")

    assert (refused.status_code, moved.status_code) == (409, 204)
    assert "1 rules" in refused.json()["detail"]
    after = await eve.get(path)
    assert after.json()["actions"]["category_id"] == PETS
    assert after.headers["etag"] == '"2"'
