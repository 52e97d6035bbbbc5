"""/bulk-edits: one thing said of all movements that a filter means."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.notebooks import movement_of, movements, notebook, said_of, written
from tests.people import Person
from tests.rows import event_names
from tests.rule_examples import PETS, RESTAURANTS, applied, bulk_edit

pytestmark = pytest.mark.asyncio(loop_scope="module")

Enrol = Callable[..., Awaitable[Person]]
NOWHERE = "01900000-0000-7000-8000-000000000999"


async def test_an_edit_says_the_same_of_all_that_the_filter_means(eve: Person) -> None:
    cash = await notebook(eve)
    coffee = await written(eve, cash, tags=["old", "kept"], notes="N", category_id=PETS)
    tea = await written(eve, cash, description="Tea")
    said = {
        "category_id": RESTAURANTS,
        "merchant": " Blue  Bottle ",
        "notes": None,
        "add_tags": ["New"],
        "remove_tags": ["old"],
        "is_ignored": True,
        "is_transfer": True,
    }

    plan = await bulk_edit(eve, {"q": "coffee", "min_amount": "-5.00"}, said)
    done = await applied(eve, f"/bulk-edits/{plan['id']}")

    assert (plan["looked_at_count"], plan["changed_count"]) == (1, 1)
    assert plan["filter"] | {"q": None, "min_amount": None} == dict.fromkeys(plan["filter"])
    assert (plan["filter"]["q"], plan["filter"]["min_amount"]) == ("coffee", "-5.00")
    assert plan["edit"] == said | {"merchant": "Blue Bottle", "add_tags": ["new"]}
    assert done["status"] == "applied"
    one = said_of(await movement_of(eve, coffee))
    by = f"edit:{plan['id']}"
    assert one == {
        "category_id": RESTAURANTS,
        "merchant": "Blue Bottle",
        "notes": None,
        "tags": ["kept", "new"],
        "is_ignored": True,
        "is_transfer": True,
        "splits": [],
        "annotated_by": dict.fromkeys(
            ("category_id", "merchant", "notes", "tags", "is_ignored", "is_transfer"), by
        ),
    }
    assert said_of(await movement_of(eve, tea))["annotated_by"] == {}
    assert (await event_names(eve.client, eve.id))[-3:] == [
        *("BulkEditPlanned", "BulkEditAttempted", "BulkEditSucceeded")
    ]


async def test_a_reverted_edit_leaves_everything_as_it_was(eve: Person) -> None:
    cash = await notebook(eve)
    for tags in ([], ["a"], ["a", "b"]):
        await written(eve, cash, tags=tags)
    before = [said_of(row) for row in await movements(eve)]
    plan = await bulk_edit(eve, {}, {"add_tags": ["a"], "remove_tags": ["b"]})
    path = f"/bulk-edits/{plan['id']}"
    await applied(eve, path)

    reverted = await eve.post(f"{path}/reversal")

    assert plan["changed_count"] == 2
    assert reverted.json()["status"] == "reverted"
    assert [said_of(row) for row in await movements(eve)] == before


async def test_a_reversal_follows_categories_that_moved(eve: Person) -> None:
    cash = await notebook(eve)
    draft = {"name": "Treats", "kind": "expense", "icon": "🍰"}
    treats = (await eve.post("/categories", draft)).json()["id"]
    coffee = await written(eve, cash, category_id=treats)
    tea = await written(eve, cash, description="Tea")
    paths = []
    for name, category in (("coffee", RESTAURANTS), ("tea", treats)):
        plan = await bulk_edit(eve, {"q": name}, {"category_id": category})
        paths.append(f"/bulk-edits/{plan['id']}")
        await applied(eve, paths[-1])
    await eve.delete(f"/categories/{treats}?move_to={PETS}")
    moved = (await movement_of(eve, tea))["category_id"]

    for path in paths:
        assert (await eve.post(f"{path}/reversal")).status_code == 201

    assert moved == PETS
    assert said_of(await movement_of(eve, coffee))["category_id"] == PETS
    said = said_of(await movement_of(eve, tea))
    assert (said["category_id"], said["annotated_by"]) == (None, {})


async def test_an_edit_speaks_of_what_its_owner_and_rules_said_too(ada: Person) -> None:
    cash = await notebook(ada)
    mine = await written(ada, cash, category_id=PETS)

    plan = await bulk_edit(ada, {"category": "pets"}, {"category_id": None})
    await applied(ada, f"/bulk-edits/{plan['id']}")

    assert said_of(await movement_of(ada, mine))["category_id"] is None


async def test_a_split_movement_keeps_the_categories_of_its_parts(ada: Person) -> None:
    cash = await notebook(ada)
    parts = [{"amount": "-1.00", "category_id": PETS}, {"amount": "-2.50"}]
    split = await written(ada, cash, splits=parts)

    plan = await bulk_edit(ada, {}, {"category_id": RESTAURANTS, "merchant": "M"})
    await applied(ada, f"/bulk-edits/{plan['id']}")

    row = await movement_of(ada, split)
    assert (row["category_id"], row["merchant"]) == (None, "M")
    assert [part["category_id"] for part in row["splits"]] == [PETS, None]


async def test_a_movement_that_the_filter_means_by_now_makes_the_plan_stale(ada: Person) -> None:
    cash = await notebook(ada)
    await written(ada, cash)
    plan = await bulk_edit(ada, {"q": "coffee"}, {"merchant": "M"})
    await written(ada, cash)
    path = f"/bulk-edits/{plan['id']}"

    stale = await ada.post(f"{path}/application", {"plan_hash": plan["plan_hash"]})

    assert stale.json()["type"].endswith("/plan_stale")
    assert (await ada.get(path)).json()["changed_count"] == 2
    rows = (await ada.get(f"{path}/rows")).json()["rows"]
    assert [row["changes"][0]["after"] for row in rows] == ["M", "M"]


@pytest.mark.parametrize(
    ("wanted", "said", "status"),
    [
        ({}, {}, 422),
        ({}, {"add_tags": []}, 422),
        ({}, {"category_id": NOWHERE}, 422),
        ({}, {"add_tags": ["x" * 51]}, 422),
        ({}, {"delete": True, "merchant": "M"}, 422),
        ({"account_id": NOWHERE}, {"merchant": "M"}, 404),
        ({"category": "nonsense"}, {"merchant": "M"}, 422),
        ({"start_date": "2026-02-01", "end_date": "2026-01-01"}, {"merchant": "M"}, 400),
        ({"min_amount": 5}, {"merchant": "M"}, 422),
        ({"unknown": "x"}, {"merchant": "M"}, 422),
    ],
)
async def test_an_edit_of_nothing_or_nonsense_is_refused(
    ada: Person, wanted: dict[str, Any], said: dict[str, Any], status: int
) -> None:
    answer = await ada.post("/bulk-edits", {"filter": wanted, "edit": said})

    assert answer.status_code == status, answer.text


async def test_too_many_tags_on_one_movement_are_refused(ada: Person) -> None:
    cash = await notebook(ada)
    await written(ada, cash, tags=[f"t{number}" for number in range(20)])

    refused = await ada.post("/bulk-edits", {"filter": {}, "edit": {"add_tags": ["one more"]}})

    assert refused.status_code == 422


async def test_edits_are_listed_newest_first_and_discarded(ada: Person, enrol: Enrol) -> None:
    older = await bulk_edit(ada, {}, {"merchant": "A"})
    newer = await bulk_edit(ada, {}, {"merchant": "B"})
    path, bob = f"/bulk-edits/{older['id']}", await enrol("bob")

    listed = (await ada.get("/bulk-edits")).json()

    assert [each["id"] for each in listed["bulk_edits"]] == [newer["id"], older["id"]]
    assert (await bob.delete(path)).status_code == 403
    assert (await ada.delete(path, headers={"If-Match": '"7"'})).status_code == 412
    assert (await ada.delete(path)).status_code == 204
    assert (await ada.get(path)).status_code == 404
