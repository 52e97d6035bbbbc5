"""/categories: the system's to see, one's own to make, change and delete."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from coffers.domain.ledger.annotations import BY_USER, Split
from coffers.domain.spending.categories import SYSTEM_CATEGORIES
from coffers.infrastructure.db.spending import categories as table
from tests.ledgers import ledger_of, movement
from tests.people import Person
from tests.rows import event_names

pytestmark = pytest.mark.asyncio(loop_scope="module")

Enrol = Callable[..., Awaitable[Person]]
COFFEE = {"name": "Coffee", "kind": "expense", "icon": "☕️"}


async def made(person: Person, **changes: object) -> dict[str, Any]:
    answer = await person.post("/categories", COFFEE | changes)
    assert answer.status_code == 201, answer.text
    view: dict[str, Any] = answer.json()
    return view


async def named(person: Person, value: str, kind: str = "expense") -> str:
    listed = (await person.get(f"/categories?kind={kind}")).json()["categories"]
    return next(str(each["id"]) for each in listed if each["value"] == value)


async def annotated(person: Person, changes: Mapping[str, object], number: str = "t1") -> UUID:
    """A movement of -3.50 of which this is said."""
    async with ledger_of(person) as ledger:
        await ledger.move(await ledger.account(number), movement(number))
        listed = (await person.get("/transactions?limit=100")).json()["transactions"]
        (found,) = [each for each in listed if each["provider_transaction_id"] == number]
        async with ledger.uow() as uow:
            rows = await uow.annotations.of(ledger.user_id, [UUID(found["id"])])
            (row,) = rows.values()
            told = replace(row, annotation=row.annotation.told(changes, BY_USER))
            await uow.annotations.put(ledger.user_id, [told], now=ledger.now)
            await uow.commit()
    return row.id


async def test_everybody_has_the_system_s_categories(eve: Person) -> None:
    listed = (await eve.get("/categories")).json()

    assert listed["total_count"] == len(SYSTEM_CATEGORIES) == 17
    assert [each["value"] for each in listed["categories"]][:2] == ["supermarket", "restaurants"]
    clothing = next(each for each in listed["categories"] if each["value"] == "clothing")
    assert clothing | {"id": None} == {
        "id": None,
        "kind": "expense",
        "value": "clothing",
        "name": "Clothing and footwear",
        "icon": "👕",
        "parent_id": None,
        "is_system": True,
        "created_at": None,
        "updated_at": None,
    }


async def test_one_s_own_stands_behind_them_and_is_read_by_its_id(eve: Person) -> None:
    answer = await eve.post("/categories", COFFEE | {"name": " Coffee & cake "})

    view = answer.json()
    assert (view["name"], view["value"], view["icon"]) == ("Coffee & cake", "coffee_cake", "☕️")
    assert answer.headers["location"] == f"/api/v1/categories/{view['id']}"
    read = await eve.get(f"/categories/{view['id']}")
    assert read.json() == view
    assert read.headers["etag"] == answer.headers["etag"]
    assert (await eve.get("/categories")).json()["categories"][-1] == view
    assert "CategoryCreated" in await event_names(eve.client, eve.id)


async def test_a_system_category_is_read_by_its_id_and_never_changed(ada: Person) -> None:
    path = f"/categories/{await named(ada, 'pets')}"

    assert (await ada.get(path)).json()["icon"] == "🐶"
    for refused in (await ada.patch(path, {"name": "Dogs"}), await ada.delete(path)):
        assert refused.status_code == 409
        assert refused.json()["type"].endswith("/category_of_the_system")


async def test_the_list_is_narrowed_by_kind_and_by_whose_they_are(ada: Person) -> None:
    mine = await made(ada)

    incomes = (await ada.get("/categories?kind=income")).json()
    own = (await ada.get("/categories?is_system=false")).json()
    none = (await ada.get("/categories?is_system=false&kind=income")).json()

    assert [each["value"] for each in incomes["categories"]] == [
        *("salary", "deposit_interest", "returning", "gifts")
    ]
    assert own["categories"] == [mine]
    assert none == {"categories": [], "total_count": 0}
    assert (await ada.get("/categories?kind=spent")).status_code == 422


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": " "}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"name": "🍔"}, "name"),
        ({"name": "none"}, "name"),
        ({"icon": "x"}, "icon"),
        ({"icon": "🛒🛒"}, "icon"),
        ({"kind": "spent"}, "kind"),
        ({"parent_id": "01900000-0000-7000-8000-000000000999"}, "parent_id"),
    ],
)
async def test_what_is_no_category_is_refused(
    ada: Person, changes: dict[str, object], field: str
) -> None:
    refused = await ada.post("/categories", COFFEE | changes)

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"].endswith(field)


async def test_sixty_letters_and_a_family_of_four_are_fine(ada: Person) -> None:
    view = await made(ada, name="x" * 60, icon="👨‍👩‍👧‍👦")

    assert (len(view["name"]), view["icon"]) == (60, "👨‍👩‍👧‍👦")


async def test_a_name_is_taken_once_per_kind_also_by_the_system(eve: Person) -> None:
    await made(eve)

    for name in ("coffee!", "Pets"):
        refused = await eve.post("/categories", COFFEE | {"name": name})
        assert refused.status_code == 409
        assert refused.json()["type"].endswith("/category_taken")
    await made(eve, name="Pets", kind="income")


async def test_two_at_once_cannot_take_the_same_name(eve: Person) -> None:
    answers = await asyncio.gather(*(eve.post("/categories", COFFEE) for _ in range(5)))

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]


async def test_a_renamed_category_has_a_new_value_and_the_same_id(eve: Person) -> None:
    first = await made(eve)
    path = f"/categories/{first['id']}"

    stale = await eve.patch(path, {"name": "Tea"}, headers={"If-Match": '"7"'})
    edited = await eve.patch(path, {"name": "Tea", "icon": "🍵"}, headers={"If-Match": '"1"'})

    assert stale.status_code == 412
    assert edited.headers["etag"] == '"2"'
    assert {**first, **edited.json()} | {"updated_at": None} == first | {
        "name": "Tea",
        "value": "tea",
        "icon": "🍵",
        "updated_at": None,
    }
    await made(eve)


async def test_a_category_joins_a_group_and_leaves_it(ada: Person) -> None:
    home = await named(ada, "home")
    mine = await made(ada, name="Garden", parent_id=home)
    path = f"/categories/{mine['id']}"

    kept = await ada.patch(path, {"icon": "🌱"})
    left = await ada.patch(path, {"parent_id": None})
    nested = await ada.post(
        "/categories", COFFEE | {"parent_id": (await made(ada, name="A"))["id"]}
    )
    deep = await ada.post("/categories", COFFEE | {"name": "B", "parent_id": nested.json()["id"]})

    assert kept.json()["parent_id"] == home
    assert left.json()["parent_id"] is None
    assert deep.status_code == 422


async def test_no_more_than_the_limit_are_made(
    ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "MAX_CATEGORIES", 2)
    for name in ("A", "B"):
        await made(ada, name=name)

    refused = await ada.post("/categories", COFFEE)

    assert refused.status_code == 409
    assert refused.json()["type"].endswith("/too_many_categories")


async def test_another_s_category_is_forbidden_and_none_is_not_found(
    ada: Person, enrol: Enrol
) -> None:
    path, bob = f"/categories/{(await made(ada))['id']}", await enrol("bob")

    for answer in (await bob.get(path), await bob.patch(path, {}), await bob.delete(path)):
        assert answer.status_code == 403
    assert (await ada.delete(path)).status_code == 204
    for answer in (await ada.get(path), await ada.patch(path, {}), await ada.delete(path)):
        assert answer.status_code == 404


async def test_a_category_in_use_is_not_deleted_unless_its_contents_move(eve: Person) -> None:
    mine, pets = await made(eve), await named(eve, "pets")
    whole = await annotated(eve, {"category_id": UUID(mine["id"])})
    parts = (Split(Decimal("-1.00"), UUID(mine["id"])), Split(Decimal("-2.50"), UUID(pets)))
    split = await annotated(eve, {"splits": parts}, "t2")
    await made(eve, name="Beans", parent_id=mine["id"])
    path = f"/categories/{mine['id']}"

    refused = await eve.delete(path)
    moved = await eve.delete(f"{path}?move_to={pets}")

    assert refused.status_code == 409
    assert refused.json()["type"].endswith("/category_in_use")
    assert "2 transactions" in refused.json()["detail"]
    assert moved.status_code == 204
    one = (await eve.get(f"/transactions/{whole}")).json()
    two = (await eve.get(f"/transactions/{split}")).json()
    assert (one["category_id"], one["category"]) == (pets, "pets")
    assert [part["category_id"] for part in two["splits"]] == [pets, pets]
    (beans,) = (await eve.get("/categories?is_system=false")).json()["categories"]
    assert beans["parent_id"] == pets


async def test_contents_move_only_to_another_category_of_the_kind(ada: Person) -> None:
    mine = await made(ada)
    path = f"/categories/{mine['id']}"
    nowhere = "01900000-0000-7000-8000-000000000999"

    for target in (mine["id"], await named(ada, "salary", "income"), nowhere):
        refused = await ada.delete(f"{path}?move_to={target}")
        assert refused.status_code == 422
        assert refused.json()["errors"][0]["field"].endswith("move_to")
    assert (await ada.delete(path, headers={"If-Match": '"9"'})).status_code == 412
    assert (await ada.delete(path)).status_code == 204


async def test_a_budget_follows_its_categories_and_names_each_once(eve: Person) -> None:
    mine, pets = await made(eve), await named(eve, "pets")
    budget = {
        "name": "Fun",
        "amount": "100.00",
        "currency": "USD",
        "starts_on": "2026-03-01",
        "category_ids": [mine["id"], pets],
    }
    kept = (await eve.post("/budgets", budget)).json()
    path = f"/categories/{mine['id']}"

    refused = await eve.delete(path)
    moved = await eve.delete(f"{path}?move_to={pets}")

    assert (refused.status_code, moved.status_code) == (409, 204)
    assert "1 budgets" in refused.json()["detail"]
    assert (await eve.get(f"/budgets/{kept['id']}")).json()["category_ids"] == [pets]
