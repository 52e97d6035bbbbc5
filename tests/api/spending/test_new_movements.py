"""What is new is ruled as it comes: by hand, from files, from providers."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from coffers.infrastructure.db.transaction import Transaction
from tests.ledgers import movement
from tests.notebooks import movement_of, movements, notebook, said_of, written
from tests.people import Person
from tests.rule_examples import PETS, RESTAURANTS, looks_for, rule
from tests.scripted import Script, connect, sync_all
from tests.statements import coffee, imported, ofx

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_what_is_written_by_hand_is_ruled_but_for_what_its_owner_said(eve: Person) -> None:
    cash = await notebook(eve)
    cafe = await rule(eve, actions={"category_id": RESTAURANTS, "tags": ["treat"]})

    one = await movement_of(eve, await written(eve, cash))
    two = await movement_of(eve, await written(eve, cash, category_id=PETS, tags=["mine"]))

    assert (one["category"], one["tags"]) == ("restaurants", ["treat"])
    assert one["annotated_by"] == {
        "category_id": f"rule:{cafe['id']}",
        "tags": f"rule:{cafe['id']}",
    }
    assert (two["category"], two["tags"]) == ("pets", ["mine"])


async def test_the_answer_names_the_category_that_a_rule_gave(ada: Person) -> None:
    cash = await notebook(ada)
    tea = {"name": "Tea", "kind": "expense", "icon": "🍵"}
    own = (await ada.post("/categories", tea)).json()["id"]
    await rule(ada, looks_for("sencha"), {"category_id": own})

    draft = {"account_id": cash, "amount": "-9", "transaction_date": "2026-03-01"}
    made = await ada.post("/transactions", draft | {"description": "Sencha"})

    assert (made.json()["category"], made.json()["transaction_type"]) == ("tea", "expense")
    assert made.json() == await movement_of(ada, made.json()["id"])


async def test_what_a_file_brings_is_ruled_and_a_reverted_import_leaves_nothing(
    eve: Person,
) -> None:
    await rule(eve)

    await imported(eve, ofx(coffee(id="a"), coffee(id="b", name="Tea")))

    found = {row["description"]: row for row in await movements(eve)}
    assert {row["category"] for row in found.values()} >= {"restaurants"}
    (newest,) = (await eve.get("/imports")).json()["imports"]
    assert (await eve.post(f"/imports/{newest['id']}/reversal")).status_code == 201
    assert await movements(eve) == []


async def test_what_a_sync_brings_is_ruled_once(holder: Person, script: Script) -> None:
    cafe = await rule(holder)
    connection = await connect(holder)
    await sync_all(holder, connection)
    (first,) = await movements(holder)

    today = datetime.now(UTC).date()
    script.pages["a1"][0].append(movement("t2", transaction_date=today))
    await holder.patch(f"/rules/{cafe['id']}", {"actions": {"category_id": PETS}})
    await sync_all(holder, connection)

    found = {row["provider_transaction_id"]: row for row in await movements(holder)}
    assert (found["t1"]["category"], found["t2"]["category"]) == ("restaurants", "pets")
    assert said_of(found["t1"]) == said_of(first)


async def test_what_the_owner_said_of_a_pending_movement_survives_its_posting(
    holder: Person, script: Script
) -> None:
    connection = await connect(holder)
    await sync_all(holder, connection)
    (row,) = await movements(holder)
    await holder.patch(f"/transactions/{row['id']}", {"category_id": PETS})
    await rule(holder)

    day = datetime.now(UTC).date()
    script.pages["a1"] = [[movement("t1", amount=Decimal(-4), transaction_date=day)]]
    await sync_all(holder, connection)

    (row,) = await movements(holder)
    assert (row["amount_value"], row["category"]) == ("-4.00", "pets")


async def test_a_rule_that_is_off_says_nothing(ada: Person) -> None:
    cash = await notebook(ada)
    await rule(ada, is_enabled=False)

    assert (await movement_of(ada, await written(ada, cash)))["category"] is None


async def test_without_rules_a_first_sync_costs_one_statement_more(
    holder: Person, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = datetime.now(UTC).date()
    script.pages["a1"] = [[movement(f"t{n}", transaction_date=day) for n in range(2_000)]]
    connection, asked = await connect(holder), list[str]()
    original = Transaction.rows

    async def noted(self: Transaction, statement: Any, *rest: Any) -> Any:
        asked.append(str(statement))
        return await original(self, statement, *rest)

    monkeypatch.setattr(Transaction, "rows", noted)
    await sync_all(holder, connection)

    assert len([text for text in asked if "FROM rules" in text]) == 1
    assert not [text for text in asked if "transactions.created_at =" in text]


async def test_a_first_sync_of_thousands_is_ruled_whole(holder: Person, script: Script) -> None:
    day = datetime.now(UTC).date()
    script.pages["a1"] = [[movement(f"t{n}", transaction_date=day) for n in range(2_500)]]
    await rule(holder)

    await sync_all(holder, await connect(holder))

    listed = (await holder.get("/transactions?category=restaurants")).json()
    assert listed["total_count"] == 2_500
