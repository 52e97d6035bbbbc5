"""Balances at the end of each day."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from coffers.application.ledger.daily_balances import MAX_DAYS
from tests.ledgers import ledger_of
from tests.people import Person
from tests.purses import Row, a_purse, entered, why

pytestmark = pytest.mark.asyncio(loop_scope="module")

SPAN: Final = "?start_date=2026-03-01&end_date=2026-03-03"


async def days(person: Person, account_id: str, span: str = SPAN) -> Row:
    answer = await person.get(f"/accounts/{account_id}/daily-balances{span}")
    assert answer.status_code == 200, answer.text
    found: Row = answer.json()
    return found


async def test_each_day_ends_with_what_it_opened_with_and_all_entries_until_then(
    eve: Person,
) -> None:
    purse = await a_purse(eve)
    told = [
        ("-10.00", "2026-02-28", "settled"),
        ("-1.005", "2026-03-01", "settled"),
        ("20.00", "2026-03-03", "pending"),
        ("-2.00", "2026-03-03", "settled"),
        ("-4.00", "2026-03-03", "cancelled"),
        ("-8.00", "2026-03-04", "settled"),
    ]
    for amount, day, status in told:
        await entered(eve, purse, amount, transaction_date=day, status=status)

    found = await days(eve, purse)

    assert found == {
        "account_id": purse,
        "currency": "USD",
        "opening_balance": "100.00",
        "start_date": "2026-03-01",
        "end_date": "2026-03-03",
        "balances": [
            {"date": "2026-03-01", "balance": "88.995", "change": "-1.005", "entry_count": 1},
            {"date": "2026-03-02", "balance": "88.995", "change": "0.00", "entry_count": 0},
            {"date": "2026-03-03", "balance": "106.995", "change": "18.00", "entry_count": 2},
        ],
        "total_count": 3,
    }


async def test_an_empty_account_has_what_it_opened_with_every_day(eve: Person) -> None:
    found = await days(eve, await a_purse(eve, "5", currency="JPY"))

    assert [day["balance"] for day in found["balances"]] == ["5", "5", "5"]


async def test_by_themselves_they_are_the_last_thirty_days_where_the_owner_lives(
    ada: Person,
) -> None:
    await ada.patch("/users/me", {"time_zone": "Pacific/Kiritimati"})
    today = (datetime.now(UTC) + timedelta(hours=14)).date()

    found = await days(ada, await a_purse(ada), "")

    assert (found["end_date"], found["total_count"]) == (str(today), 30)


async def test_a_range_is_in_order_and_not_too_long(ada: Person) -> None:
    path = f"/accounts/{await a_purse(ada)}/daily-balances"
    first = datetime(2020, 1, 1, tzinfo=UTC).date()
    longest = f"?start_date={first}&end_date={first + timedelta(days=MAX_DAYS - 1)}"
    too_long = f"?start_date={first}&end_date={first + timedelta(days=MAX_DAYS)}"

    answers = [
        await ada.get(path + span)
        for span in (longest, too_long, "?start_date=2026-03-02&end_date=2026-03-01")
    ]

    assert [answer.status_code for answer in answers] == [200, 422, 400]
    assert answers[0].json()["total_count"] == MAX_DAYS


async def test_only_what_adds_up_has_them(ada: Person, enrol: Any) -> None:
    async with ledger_of(ada) as ledger:
        linked = (await ledger.account()).id
    unknown, bob = await a_purse(ada, None), await enrol("bob")

    answers = [
        await who.get(f"/accounts/{account}/daily-balances{SPAN}")
        for who, account in ((ada, linked), (ada, unknown), (bob, unknown))
    ]

    told = [(answer.status_code, why(answer.json())) for answer in answers]
    assert told == [(409, "account_not_manual"), (409, "balance_unknown"), (403, "forbidden")]
