"""An account kept by hand, held against what its bank's statement says."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from coffers.application.ledger.reconciliations import ADJUSTMENT
from coffers.infrastructure.db.ledger import reconciliations as stored
from tests.ledgers import ledger_of
from tests.people import Person
from tests.purses import (
    Row,
    a_purse,
    balance,
    edited,
    entered,
    refused,
    snapshots,
    told_of,
    why,
)
from tests.statements import coffee, imported, ofx, reversal_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

DAY: Final = "2026-03-31"
FIELDS: Final = [
    *("id", "account_id", "statement_date", "stated_balance", "ledger_balance", "difference"),
    *("is_reconciled", "adjustment_transaction_id", "reconciled_count", "created_at"),
]


async def reconciled(
    person: Person, account_id: str, stated: str, day: str = DAY, **more: Any
) -> Row:
    body = {"statement_date": day, "stated_balance": stated} | more
    made = await person.post(f"/accounts/{account_id}/reconciliations", body)
    assert made.status_code == 201, made.text
    found: Row = made.json()
    return found


async def a_year(person: Person) -> tuple[str, dict[str, Row]]:
    """A purse that opened with 100 and what is in it."""
    purse = await a_purse(person)
    told = {
        "march": ("-10.00", "2026-03-01", "settled"),
        "last day": ("-5.00", DAY, "settled"),
        "waiting": ("-2.00", "2026-03-02", "pending"),
        "failed": ("-1.00", "2026-03-02", "failed"),
        "april": ("-7.00", "2026-04-01", "settled"),
    }
    rows = {
        name: await entered(
            person, purse, amount, transaction_date=day, status=status, description=name
        )
        for name, (amount, day, status) in told.items()
    }
    return purse, rows


async def held(person: Person, reconciliation: Row) -> list[str]:
    rows = (await person.get("/transactions?sort=date")).json()["transactions"]
    return [row["description"] for row in rows if row["reconciliation_id"] == reconciliation["id"]]


async def test_what_is_settled_up_to_the_day_is_reconciled_when_it_agrees(eve: Person) -> None:
    purse, _ = await a_year(eve)

    made = await reconciled(eve, purse, "85")

    assert list(made) == FIELDS
    assert (made["stated_balance"], made["ledger_balance"]) == ("85.00", "85.00")
    assert (made["difference"], made["is_reconciled"]) == ("0.00", True)
    assert (made["reconciled_count"], made["adjustment_transaction_id"]) == (2, None)
    assert await held(eve, made) == ["march", "last day"]


async def test_what_disagrees_is_told_and_reconciles_nothing(eve: Person) -> None:
    purse, _ = await a_year(eve)

    made = await reconciled(eve, purse, "80.50")

    assert (made["difference"], made["is_reconciled"]) == ("-4.50", False)
    assert await held(eve, made) == []
    assert await balance(eve, purse) == "76.00"


async def test_an_adjustment_makes_up_for_the_difference(eve: Person) -> None:
    purse, _ = await a_year(eve)

    made = await reconciled(eve, purse, "80.50", create_adjustment=True)

    entry = (await eve.get(f"/transactions/{made['adjustment_transaction_id']}")).json()
    assert (made["difference"], made["is_reconciled"]) == ("-4.50", True)
    assert await held(eve, made) == ["march", "last day", ADJUSTMENT]
    assert (entry["amount_value"], entry["transaction_date"]) == ("-4.50", DAY)
    assert (entry["transaction_type"], entry["subtype"]) == ("other", "adjustment")
    assert await balance(eve, purse) == "71.50" == (await snapshots(eve, purse))[0][0]
    assert (await reconciled(eve, purse, "80.50"))["is_reconciled"] is True


@pytest.mark.parametrize(
    "change",
    [
        {"amount": "-11"},
        {"transaction_date": "2026-03-03"},
        {"status": "pending"},
    ],
)
async def test_what_is_reconciled_stays_as_it_is(ada: Person, change: Row) -> None:
    purse, rows = await a_year(ada)
    await reconciled(ada, purse, "85")

    assert await refused(ada, rows["march"], **change) == (409, "transaction_reconciled")


async def test_what_is_reconciled_neither_moves_nor_goes_but_can_be_annotated(ada: Person) -> None:
    purse, rows = await a_year(ada)
    await reconciled(ada, purse, "85")
    path = f"/transactions/{rows['march']['id']}"

    moved = await refused(ada, rows["march"], account_id=await a_purse(ada))
    gone = await ada.delete(path)
    named = await edited(ada, rows["march"], merchant="Joe's", description="Lunch", tags=["a"])
    free = await edited(ada, rows["april"], amount="-8")

    assert moved == (409, "transaction_reconciled")
    assert (gone.status_code, why(gone.json())) == (409, "transaction_reconciled")
    assert (named["merchant"], named["description"]) == ("Joe's", "Lunch")
    assert free["amount_value"] == "-8.00"


async def test_without_its_reconciliation_an_entry_is_free_again_and_the_adjustment_gone(
    eve: Person,
) -> None:
    purse, rows = await a_year(eve)
    made = await reconciled(eve, purse, "80.50", create_adjustment=True)

    gone = await eve.delete(f"/reconciliations/{made['id']}")

    assert gone.status_code == 204
    assert (await eve.get(f"/reconciliations/{made['id']}")).status_code == 404
    assert await balance(eve, purse) == "76.00"
    assert (await edited(eve, rows["march"], amount="-11"))["reconciliation_id"] is None
    adjustment = await eve.get(f"/transactions/{made['adjustment_transaction_id']}")
    assert adjustment.status_code == 404
    assert [name for name in await told_of(eve) if "econcil" in name] == [
        "AccountReconciled",
        "ReconciliationDeleted",
    ]


async def test_a_later_statement_holds_what_the_earlier_one_left(eve: Person) -> None:
    purse, _ = await a_year(eve)
    first = await reconciled(eve, purse, "85")

    second = await reconciled(eve, purse, "78.00", "2026-04-30")

    assert await held(eve, second) == ["april"]
    listed = (await eve.get(f"/accounts/{purse}/reconciliations")).json()
    assert listed == {"reconciliations": [second, first], "total_count": 2}
    assert (await eve.get(f"/reconciliations/{first['id']}")).json() == first


async def test_what_the_account_opened_with_stays_while_a_reconciliation_stands_on_it(
    ada: Person,
) -> None:
    purse, _ = await a_year(ada)
    made = await reconciled(ada, purse, "85")

    kept = await ada.patch(f"/accounts/{purse}", {"opening_balance": "90"})
    same = await ada.patch(f"/accounts/{purse}", {"opening_balance": "100", "name": "Safe"})
    await ada.delete(f"/reconciliations/{made['id']}")
    changed = await ada.patch(f"/accounts/{purse}", {"opening_balance": "90"})

    assert (kept.status_code, why(kept.json())) == (409, "account_reconciled")
    assert [answer.status_code for answer in (same, changed)] == [200, 200]


async def test_an_import_is_not_taken_back_from_under_a_reconciliation(ada: Person) -> None:
    purse = await a_purse(ada)
    plan = await imported(ada, ofx(coffee(id="a")), account_id=purse)
    made = await reconciled(ada, purse, "96.50")

    refusal = await reversal_of(ada, plan)
    await ada.delete(f"/reconciliations/{made['id']}")

    assert (refusal.status_code, why(refusal.json())) == (409, "transaction_reconciled")
    assert (await reversal_of(ada, plan)).status_code == 201
    assert await balance(ada, purse) == "100.00"


async def test_only_what_adds_up_is_reconciled(ada: Person) -> None:
    async with ledger_of(ada) as ledger:
        linked = (await ledger.account()).id
    statement = {"statement_date": DAY, "stated_balance": "1"}

    answers = [
        await ada.post(f"/accounts/{account}/reconciliations", statement)
        for account in (linked, await a_purse(ada, None))
    ]

    told = [(answer.status_code, why(answer.json())) for answer in answers]
    assert told == [(409, "account_not_manual"), (409, "balance_unknown")]


async def test_an_impossible_statement_is_refused(ada: Person) -> None:
    path = f"/accounts/{await a_purse(ada)}/reconciliations"
    far = datetime.now(UTC).date() + timedelta(days=2)
    statements: list[Row] = [
        {"statement_date": str(far), "stated_balance": "1"},
        {"statement_date": DAY, "stated_balance": 1},
        {"statement_date": DAY},
        {"statement_date": DAY, "stated_balance": "1", "create_adjustment": "yes, please"},
        {"statement_date": DAY, "stated_balance": "-" + "9" * 20},
    ]

    answers = [await ada.post(path, statement) for statement in statements]

    assert [answer.status_code for answer in answers] == [422] * len(statements)


async def test_reconciliations_are_bounded(ada: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    purse = await a_purse(ada)
    monkeypatch.setattr(f"{stored.__name__}.MAX_RECONCILIATIONS", 2)
    for _ in range(2):
        await reconciled(ada, purse, "100")

    one_more = await ada.post(
        f"/accounts/{purse}/reconciliations", {"statement_date": DAY, "stated_balance": "100"}
    )

    assert (one_more.status_code, why(one_more.json())) == (409, "too_many_reconciliations")


async def test_somebody_else_s_account_is_theirs(ada: Person, enrol: Any) -> None:
    purse, bob = await a_purse(ada), await enrol("bob")
    path = f"/accounts/{purse}/reconciliations"

    answers = [
        await bob.post(path, {"statement_date": DAY, "stated_balance": "1"}),
        await bob.get(path),
        await bob.delete(f"/reconciliations/{(await reconciled(ada, purse, '100'))['id']}"),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
