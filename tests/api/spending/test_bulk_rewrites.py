"""/bulk-edits that delete entries, or change what they are: balances follow, all comes back."""

from typing import Any

import pytest

from tests.ledgers import ledger_of, movement
from tests.notebooks import movement_of, movements, notebook, written
from tests.people import Person
from tests.rule_examples import PETS, RESTAURANTS, applied, bulk_edit
from tests.statements import coffee, imported, ledger, ofx, reversal_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def balance_of(person: Person, account_id: str) -> str:
    return str((await person.get(f"/accounts/{account_id}")).json()["balance_amount"])


async def rewritten(person: Person, wanted: dict[str, Any], edit: dict[str, Any]) -> str:
    """The path of an edit that was applied."""
    path = f"/bulk-edits/{(await bulk_edit(person, wanted, edit))['id']}"
    await applied(person, path)
    return path


async def reverted(person: Person, path: str) -> None:
    answer = await person.post(f"{path}/reversal")
    assert answer.status_code == 201, answer.text


def kept(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All of them but when they were last written."""
    return [{name: row[name] for name in row if name != "updated_at"} for row in rows]


NOWHERE = "01900000-0000-7000-8000-000000000999"
PARTS = [{"amount": "-1.00", "category_id": PETS}, {"amount": "-2.50", "notes": "rest"}]


async def test_a_deletion_takes_the_balance_along_and_brings_everything_back(eve: Person) -> None:
    cash = await notebook(eve, opening_balance="100.00")
    await written(eve, cash, notes="N", tags=["a", "b"], merchant="M", category_id=RESTAURANTS)
    await written(eve, cash, splits=PARTS)
    await written(eve, cash, status="cancelled", amount="-50")
    tea = await written(eve, cash, description="Tea")
    before, balance = await movements(eve), await balance_of(eve, cash)

    plan = await bulk_edit(eve, {"q": "coffee"}, {"delete": True})
    looked_at = await movements(eve)
    await applied(eve, f"/bulk-edits/{plan['id']}")

    assert (plan["changed_count"], plan["verdicts"]) == (3, {"deleted": 3})
    assert looked_at == before
    assert [row["id"] for row in await movements(eve)] == [tea]
    assert await balance_of(eve, cash) == "96.50"
    await reverted(eve, f"/bulk-edits/{plan['id']}")
    assert kept(await movements(eve)) == kept(before)
    assert await balance_of(eve, cash) == balance == "89.50"


async def test_what_a_provider_told_or_a_reconciliation_stands_on_is_left_alone(
    eve: Person,
) -> None:
    cash = await notebook(eve, opening_balance="0")
    held = await written(eve, cash)
    stated = {"stated_balance": "-3.50", "statement_date": "2026-03-01"}
    made = await eve.post(f"/accounts/{cash}/reconciliations", stated)
    assert made.status_code == 201, made.text
    free = await written(eve, cash, transaction_date="2026-03-02")
    async with ledger_of(eve) as ledger:
        await ledger.move(await ledger.account(), movement())

    plan = await bulk_edit(eve, {}, {"delete": True})
    rows = (await eve.get(f"/bulk-edits/{plan['id']}/rows")).json()
    await applied(eve, f"/bulk-edits/{plan['id']}")

    assert plan["verdicts"] == {"deleted": 1, "reconciled": 1, "reported": 1}
    assert rows["total_count"] == 3
    verdicts = {row["transaction_id"]: row["verdict"] for row in rows["rows"]}
    assert (verdicts.pop(held), verdicts.pop(free)) == ("reconciled", "deleted")
    assert list(verdicts.values()) == ["reported"]
    assert len(await movements(eve)) == 2
    assert (await eve.get(f"/transactions/{free}")).status_code == 404


async def test_movements_of_securities_are_left_alone(ada: Person) -> None:
    broker = await notebook(ada, account_type="brokerage")
    bought = {"symbol": "AAPL", "quantity": "2", "unit_price": "10"}
    await written(ada, broker, amount="-20", **bought)

    for edit in ({"delete": True}, {"status": "pending"}):
        plan = await bulk_edit(ada, {}, edit)
        assert (plan["changed_count"], plan["verdicts"]) == (0, {"security": 1})


async def test_every_field_of_entries_can_be_changed_and_comes_back(eve: Person) -> None:
    cash = await notebook(eve, opening_balance="10.00")
    purse = await notebook(eve, name="Purse", opening_balance="0")
    for number in range(3):
        await written(eve, cash, description=f"Coffee {number}", tags=["old"])
    before = await movements(eve)
    edit = {
        "account_id": purse,
        "amount": "-4.00",
        "transaction_date": "2026-02-28",
        "description": "Espresso",
        "transaction_type": "fee",
        "subtype": "other_fee",
        "status": "pending",
        "tags": ["new"],
        "notes": "all",
        "splits": [{"amount": "-3.00", "category_id": PETS}, {"amount": "-1.00"}],
    }

    path = await rewritten(eve, {"q": "coffee"}, edit)

    for row in await movements(eve):
        told = {name: row[name] for name in edit if name in row and name != "splits"}
        assert told == {name: edit[name] for name in told}
        assert (row["amount_value"], [part["amount_value"] for part in row["splits"]]) == (
            *("-4.00", ["-3.00", "-1.00"]),
        )
        assert set(row["annotated_by"].values()) >= {f"edit:{path.rpartition('/')[2]}"}
    assert (await balance_of(eve, cash), await balance_of(eve, purse)) == ("10.00", "-12.00")
    await reverted(eve, path)
    assert kept(await movements(eve)) == kept(before)
    assert (await balance_of(eve, cash), await balance_of(eve, purse)) == ("-0.50", "0.00")


async def test_a_reversal_leaves_what_was_done_to_an_entry_since(eve: Person) -> None:
    cash = await notebook(eve, opening_balance="0")
    one = await written(eve, cash)
    path = await rewritten(eve, {}, {"amount": "-4.00", "description": "Espresso"})
    await eve.patch(f"/transactions/{one}", {"amount": "-5.00"})

    await reverted(eve, path)

    row = await movement_of(eve, one)
    assert (row["amount_value"], row["description"]) == ("-5.00", "Coffee")
    assert await balance_of(eve, cash) == "-5.00"


async def test_splits_fit_only_what_they_add_up_to(ada: Person) -> None:
    cash = await notebook(ada)
    await written(ada, cash)
    await written(ada, cash, amount="-9.00")

    plan = await bulk_edit(ada, {}, {"splits": PARTS})

    assert plan["verdicts"] == {"changed": 1, "impossible": 1}


async def test_splits_are_emptied_by_null(ada: Person) -> None:
    cash = await notebook(ada)
    split = await written(ada, cash, splits=PARTS)

    path = await rewritten(ada, {}, {"splits": None, "category_id": PETS})

    row = await movement_of(ada, split)
    assert (row["splits"], row["category_id"]) == ([], PETS)
    await reverted(ada, path)
    row = await movement_of(ada, split)
    assert ([part["amount_value"] for part in row["splits"]], row["category_id"]) == (
        *(["-1.00", "-2.50"], None),
    )


async def test_a_transfer_goes_with_its_leg_and_comes_back_with_it(eve: Person) -> None:
    cash, bank = await notebook(eve), await notebook(eve, name="Bank")
    out = await written(eve, cash, amount="-20")
    into = await written(eve, bank, amount="20", description="From the purse")
    legs = {"outgoing_transaction_id": out, "incoming_transaction_id": into}
    made = (await eve.post("/transfers", legs)).json()

    path = await rewritten(eve, {"q": "coffee"}, {"delete": True})
    freed = await movement_of(eve, into)
    await reverted(eve, path)

    assert freed["transfer_id"] is None
    again = (await eve.get(f"/transfers/{made['id']}")).json()
    assert again["status"] == "confirmed"
    for leg in (out, into):
        assert (await movement_of(eve, leg))["transfer_id"] == made["id"]


@pytest.mark.parametrize("since", [{"description": "Tea"}, {"amount": "-4.00"}])
async def test_what_changed_since_it_was_looked_at_is_not_deleted(
    ada: Person, since: dict[str, str]
) -> None:
    cash = await notebook(ada)
    one = await written(ada, cash)
    plan = await bulk_edit(ada, {"q": "coffee"}, {"delete": True})
    await ada.patch(f"/transactions/{one}", since)

    stale = await ada.post(
        f"/bulk-edits/{plan['id']}/application", {"plan_hash": plan["plan_hash"]}
    )

    assert stale.json()["type"].endswith("/plan_stale")
    assert (await movement_of(ada, one))["id"] == one


async def test_what_is_back_in_an_account_that_is_gone_stays_gone(ada: Person) -> None:
    cash = await notebook(ada)
    await written(ada, cash)
    path = await rewritten(ada, {}, {"delete": True})
    assert (await ada.delete(f"/accounts/{cash}")).status_code == 204

    await reverted(ada, path)

    assert await movements(ada) == []


@pytest.mark.parametrize(
    ("edit", "status"),
    [
        ({"delete": True, "notes": "N"}, 422),
        ({"delete": False}, 422),
        ({"amount": "0"}, 422),
        ({"amount": None}, 422),
        ({"description": " "}, 422),
        ({"transaction_type": "fee", "subtype": "salary"}, 422),
        ({"transaction_date": "2999-01-01"}, 422),
        ({"tags": ["a"], "add_tags": ["b"]}, 422),
        (
            {"splits": [{"amount": "-1", "category_id": "0" * 8 + "-0000-7000-8000-" + "0" * 12}]},
            422,
        ),
        ({"account_id": "01900000-0000-7000-8000-000000000999"}, 404),
    ],
)
async def test_a_rewriting_of_nonsense_is_refused(
    ada: Person, edit: dict[str, Any], status: int
) -> None:
    answer = await ada.post("/bulk-edits", {"filter": {}, "edit": edit})

    assert answer.status_code == status, answer.text


async def test_entries_do_not_move_into_an_account_that_a_provider_reports(ada: Person) -> None:
    async with ledger_of(ada) as ledger:
        reported = await ledger.account()

    refused = await ada.post(
        "/bulk-edits", {"filter": {}, "edit": {"account_id": str(reported.id)}}
    )

    assert refused.json()["type"].endswith("/account_not_manual")


async def test_what_a_file_told_of_is_deleted_for_good_until_it_is_taken_back(ada: Person) -> None:
    file = ofx(coffee(id="a"), coffee(id="b", name="Tea"))
    await imported(ada, file)
    before = await ledger(ada)

    path = await rewritten(ada, {"q": "coffee"}, {"delete": True})
    again = await imported(ada, file)
    await reverted(ada, path)

    assert (again["counts"]["ignored"], again["counts"]["duplicate"]) == (1, 1)
    assert await ledger(ada) == before
    assert (await imported(ada, file))["counts"]["duplicate"] == 2


async def test_what_a_file_told_of_stays_gone_when_the_import_was_taken_back(ada: Person) -> None:
    plan = await imported(ada, ofx(coffee(id="a")))
    path = await rewritten(ada, {}, {"delete": True})
    assert (await reversal_of(ada, plan)).status_code == 201

    await reverted(ada, path)

    assert await ledger(ada) == []
