"""Movements written down by hand: the balance of their account is what they add up to."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from coffers.domain.ledger.entries import AHEAD, MAX_DESCRIPTION
from tests.ledgers import ledger_of, movement
from tests.people import Person
from tests.purses import (
    FOOD,
    MEALS,
    SALARY,
    a_purse,
    an_entry,
    balance,
    edited,
    entered,
    refused,
    snapshots,
    the_account,
    told_of,
    why,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_balance_is_what_the_account_opened_with_and_its_entries(eve: Person) -> None:
    purse = await a_purse(eve, "100.00")

    await entered(eve, purse, "-12.345")
    income = await entered(eve, purse, "20")
    seen = [await balance(eve, purse)]
    await edited(eve, income, amount="19.99")
    seen.append(await balance(eve, purse))
    await eve.delete(f"/transactions/{income['id']}")
    seen.append(await balance(eve, purse))

    assert seen == ["107.655", "107.645", "87.655"]


async def test_each_new_balance_is_a_snapshot_and_each_change_an_event(ada: Person) -> None:
    purse = await a_purse(ada)
    entry = await entered(ada, purse, "-1.00")

    await edited(ada, entry, description="Tea")
    await edited(ada, entry, amount="-2.00")
    await ada.delete(f"/transactions/{entry['id']}")

    by_hand = [amount for amount, source in await snapshots(ada, purse) if source == "manual_entry"]
    assert by_hand == ["100.00", "98.00", "99.00", "100.00"]
    assert [name for name in await told_of(ada) if name.startswith("Transaction")] == [
        "TransactionAdded",
        "TransactionEdited",
        "TransactionEdited",
        "TransactionDeleted",
    ]


async def test_an_answer_is_what_is_read_later(eve: Person) -> None:
    purse = await a_purse(eve)
    parts = [{"amount": "-3", "category_id": FOOD}, {"amount": "-0.5", "notes": "tip"}]
    sent = an_entry(purse, tags=["work"], merchant="Joe's", notes="two\nlines", splits=parts)

    made = await eve.post("/transactions", sent)
    read = await eve.get(made.headers["location"].removeprefix("/api/v1"))
    changed = await eve.patch(f"/transactions/{made.json()['id']}", {"is_ignored": True})
    again = await eve.get(f"/transactions/{made.json()['id']}")

    assert read.json() == made.json()
    assert read.headers["etag"] == made.headers["etag"]
    assert again.json() == changed.json()
    assert again.headers["etag"] == changed.headers["etag"] == '"2"'
    assert (await eve.get("/transactions")).json()["transactions"] == [again.json()]


async def test_an_edit_that_changes_nothing_is_none(ada: Person) -> None:
    entry = await entered(ada, await a_purse(ada), tags=["a"])

    answer = await ada.patch(f"/transactions/{entry['id']}", {"amount": "-3.5", "tags": ["A "]})

    assert answer.json() == entry
    assert answer.headers["etag"] == '"1"'
    assert "TransactionEdited" not in await told_of(ada)


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        ({"amount": "-5"}, ("expense", "purchase")),
        ({"amount": "5"}, ("income", "unknown")),
        ({"amount": "5", "category_id": MEALS}, ("expense", "purchase")),
        ({"amount": "5", "category_id": SALARY}, ("income", "salary")),
        ({"transaction_type": "transfer"}, ("transfer", "transfer_out")),
        ({"subtype": "account_fee"}, ("fee", "account_fee")),
        ({"transaction_type": "other"}, ("other", "unknown")),
        ({"transaction_type": "income", "subtype": "unknown"}, ("income", "unknown")),
    ],
)
async def test_the_type_is_the_category_s_or_follows_the_sign_unless_it_is_told(
    ada: Person, sent: dict[str, Any], kind: tuple[str, str]
) -> None:
    amount = sent.pop("amount", "-3.50")

    made = await entered(ada, await a_purse(ada), amount, **sent)

    assert (made["transaction_type"], made["subtype"]) == kind


async def test_pending_entries_count_and_failed_or_cancelled_ones_do_not(eve: Person) -> None:
    purse = await a_purse(eve)
    entries = [
        await entered(eve, purse, "-1.00", status=status)
        for status in ("pending", "failed", "cancelled", "settled")
    ]
    seen = [await balance(eve, purse)]

    await edited(eve, entries[1], status="settled")
    seen.append(await balance(eve, purse))
    await edited(eve, entries[0], status="failed")
    seen.append(await balance(eve, purse))

    assert seen == ["98.00", "97.00", "98.00"]


async def test_an_entry_moves_to_another_account_with_its_amount(eve: Person) -> None:
    one, two = await a_purse(eve), await a_purse(eve, "0.00")
    entry = await entered(eve, one, "-4.00")

    moved = await edited(eve, entry, account_id=two, amount="-5.00")

    assert moved["account_id"] == two
    assert (await balance(eve, one), await balance(eve, two)) == ("100.00", "-5.00")


async def test_an_entry_stays_in_its_currency(ada: Person) -> None:
    entry = await entered(ada, await a_purse(ada))

    assert await refused(ada, entry, account_id=await a_purse(ada, currency="EUR")) == (
        422,
        "account_id",
    )


async def test_without_an_opening_balance_entries_make_none_until_it_is_told(eve: Person) -> None:
    purse = await a_purse(eve, None)
    await entered(eve, purse, "-3.50")
    before = await the_account(eve, purse)

    after = (await eve.patch(f"/accounts/{purse}", {"opening_balance": "10"})).json()

    assert (before["opening_balance"], before["balance_amount"]) == (None, None)
    assert (after["opening_balance"], after["balance_amount"]) == ("10.00", "6.50")
    assert await snapshots(eve, purse) == [("6.50", "manual_entry")]


async def test_another_opening_balance_is_another_balance(eve: Person) -> None:
    purse = await a_purse(eve, "100.00")
    await entered(eve, purse, "-3.50")

    same = (await eve.patch(f"/accounts/{purse}", {"opening_balance": "100"})).json()
    other = (await eve.patch(f"/accounts/{purse}", {"opening_balance": "-5"})).json()

    assert (same["balance_amount"], other["balance_amount"]) == ("96.50", "-8.50")


async def test_a_file_s_account_adds_up_once_its_owner_says_what_it_opened_with(
    ada: Person,
) -> None:
    async with ledger_of(ada) as ledger:
        account = str((await ledger.purse(source="file", provider_account_id="1")).id)
    await entered(ada, account, "-2.00")
    before = await balance(ada, account)

    await ada.patch(f"/accounts/{account}", {"opening_balance": "5"})
    await entered(ada, account, "-1.00")

    assert (before, await balance(ada, account)) == (None, "2.00")


IMPOSSIBLE: list[tuple[dict[str, Any], str]] = [
    ({"amount": "0"}, "amount"),
    ({"amount": "-0"}, "amount"),
    ({"amount": -3.5}, "amount"),
    ({"amount": "1e3"}, "amount"),
    ({"amount": "1" * 21}, "amount"),
    ({"transaction_date": "2026-02-30"}, "transaction_date"),
    ({"transaction_date": "1900-12-31"}, "transaction_date"),
    ({"transaction_date": None}, "transaction_date"),
    ({"description": ""}, "description"),
    ({"description": " \n "}, "description"),
    ({"description": "x" * (MAX_DESCRIPTION + 1)}, "description"),
    ({"transaction_type": "loan"}, "transaction_type"),
    ({"transaction_type": "income", "subtype": "purchase"}, "subtype"),
    ({"status": "done"}, "status"),
    ({"category_id": "0198c0de-5f00-7a10-8b3c-2f9d6e4a1b7c"}, "category_id"),
    ({"amount_value": "5"}, "body"),
]


async def test_an_impossible_entry_is_refused_and_its_field_named(ada: Person) -> None:
    purse = await a_purse(ada)

    answers = [await ada.post("/transactions", an_entry(purse) | sent) for sent, _ in IMPOSSIBLE]

    assert [answer.status_code for answer in answers] == [422] * len(IMPOSSIBLE)
    assert [why(answer.json()) for answer in answers] == [field for _, field in IMPOSSIBLE]
    assert await balance(ada, purse) == "100.00"


async def test_an_impossible_edit_is_refused_and_nothing_changes(ada: Person) -> None:
    purse = await a_purse(ada)
    entry = await entered(ada, purse)
    edits: list[dict[str, Any]] = [
        {"amount": "0"},
        {"amount": None},
        {"transaction_date": None},
        {"description": None},
        {"description": "\t"},
        {"account_id": None},
        {"status": None},
        {"transaction_type": "income", "subtype": "atm"},
        {"currency": "EUR"},
    ]

    answers = [await ada.patch(f"/transactions/{entry['id']}", edit) for edit in edits]

    assert {answer.status_code for answer in answers} == {422}
    assert (await ada.get(f"/transactions/{entry['id']}")).json() == entry


async def test_an_entry_is_dated_a_year_ahead_at_most(ada: Person) -> None:
    purse, today = await a_purse(ada), datetime.now(UTC).date()
    furthest = today + AHEAD

    ahead = await entered(ada, purse, transaction_date=str(furthest))
    slip = await ada.post(
        "/transactions", an_entry(purse, transaction_date=str(furthest + timedelta(days=2)))
    )

    assert slip.status_code == 422
    assert await refused(ada, ahead, transaction_date=str(date(2206, 1, 1))) == (
        422,
        "transaction_date",
    )


async def test_a_balance_out_of_bounds_is_refused_whole(eve: Person) -> None:
    purse = await a_purse(eve, "9" * 20)

    answer = await eve.post("/transactions", an_entry(purse, "1"))

    assert answer.status_code == 422
    assert (await eve.get("/transactions")).json()["total_count"] == 0
    assert await balance(eve, purse) == "9" * 20 + ".00"


async def test_only_one_of_two_edits_with_one_etag_succeeds(ada: Person) -> None:
    entry = await entered(ada, await a_purse(ada))
    path = f"/transactions/{entry['id']}"

    answers = [
        await ada.patch(path, {"amount": amount}, headers={"If-Match": '"1"'})
        for amount in ("-1", "-2")
    ]
    stale = await ada.delete(path, headers={"If-Match": '"1"'})

    assert [answer.status_code for answer in (*answers, stale)] == [200, 412, 412]
    assert (await ada.get(path)).json()["amount_value"] == "-1.00"


async def test_the_same_key_enters_once(eve: Person) -> None:
    purse, key = await a_purse(eve), {"Idempotency-Key": "one-coffee"}

    first, again = [await eve.post("/transactions", an_entry(purse), headers=key) for _ in range(2)]

    assert first.json() == again.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert await balance(eve, purse) == "96.50"


async def test_nothing_is_entered_where_a_provider_reports(ada: Person) -> None:
    entry = await entered(ada, await a_purse(ada))
    async with ledger_of(ada) as ledger:
        linked = str((await ledger.account()).id)

    made = await ada.post("/transactions", an_entry(linked))

    assert (made.status_code, why(made.json())) == (409, "account_not_manual")
    assert await refused(ada, entry, account_id=linked) == (409, "account_not_manual")


async def test_what_a_provider_or_a_file_told_stands(ada: Person) -> None:
    purse = await a_purse(ada)
    async with ledger_of(ada) as ledger:
        await ledger.move(await ledger.account(), movement())
        account = await ledger.purse()
        async with ledger.uow() as uow:
            await uow.transactions.add(account, [movement()], now=ledger.now, import_id=account.id)
            await uow.commit()
    rows = (await ada.get("/transactions")).json()["transactions"]

    changes: list[dict[str, Any]] = [
        {"amount": "-1"},
        {"transaction_date": "2026-03-02"},
        {"description": "Tea"},
        {"status": "pending"},
        {"transaction_type": "income"},
    ]
    answers = {await refused(ada, row, **change) for row in rows for change in changes}
    moved = await refused(ada, rows[0], account_id=purse)

    assert len(rows) == 2
    assert answers | {moved} == {(409, "transaction_reported")}
    assert [await edited(ada, row, amount="-3.5") for row in rows] == rows


async def test_nobody_else_sees_enters_or_edits(ada: Person, enrol: Any) -> None:
    purse = await a_purse(ada)
    entry = await entered(ada, purse)
    bob = await enrol("bob")
    his = await entered(bob, await a_purse(bob))

    assert (await bob.post("/transactions", an_entry(purse))).status_code == 403
    assert (await refused(bob, entry, amount="-1"))[0] == 403
    assert (await refused(bob, his, account_id=purse))[0] == 403
    assert (await bob.delete(f"/transactions/{entry['id']}")).status_code == 403
    assert await balance(ada, purse) == "96.50"
