from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from coffers.domain.ledger.net_worth import MAX_DAYS
from tests.explanations import evaluated
from tests.ledgers import NOON, ledger_of, reported_account
from tests.people import Person
from tests.rates import keep_rate

pytestmark = pytest.mark.asyncio(loop_scope="module")

WEEK = {"start_date": "2026-03-01", "end_date": "2026-03-04"}


async def history(person: Person, **query: str) -> Any:
    answer = await person.get("/net-worth/history", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_debts_are_taken_from_assets(ada: Person) -> None:
    async with ledger_of(ada) as ledger:
        await ledger.accounts(
            reported_account("house", balance=Decimal(300_000)),
            reported_account("mortgage", balance=Decimal(-200_000)),
            reported_account("unknown", balance=None),
        )

    answer = (await ada.get("/net-worth")).json()

    assert answer["assets_by_currency"] == {"USD": "300000.00"}
    assert answer["liabilities_by_currency"] == {"USD": "200000.00"}
    assert answer["net_worth_by_currency"] == {"USD": "100000.00"}
    assert (answer["base_currency"], answer["net_worth"]) == ("USD", "100000.00")
    assert answer["net_worth_unavailable_reason"] is None
    assert answer["accounts_without_balance"] == 1


async def test_without_a_rate_there_is_no_total_but_a_reason(ada: Person) -> None:
    async with ledger_of(ada) as ledger:
        await ledger.accounts(
            reported_account("a1"), reported_account("a2", currency="XAU", balance=Decimal(1))
        )

    answer = (await ada.get("/net-worth")).json()

    assert answer["net_worth_by_currency"] == {"USD": "25000.00", "XAU": "1"}
    assert answer["net_worth"] is None
    assert answer["net_worth_unavailable_reason"] == "No exchange rate to USD is known for XAU."


async def test_foreign_balances_count_at_today_s_rate(ada: Person) -> None:
    today = datetime.now(UTC).date()
    await keep_rate(ada, "EUR", "USD", today, "1.20")
    async with ledger_of(ada) as ledger:
        await ledger.accounts(
            reported_account("a1"), reported_account("a2", currency="EUR", balance=Decimal("1.01"))
        )

    answer = (await ada.get("/net-worth")).json()

    assert answer["net_worth_by_currency"] == {"EUR": "1.01", "USD": "25000.00"}
    assert answer["net_worth"] == "25001.21"  # 1.01 € are 1.212 $
    assert answer["net_worth_unavailable_reason"] is None


async def test_the_history_counts_foreign_balances_at_each_day_s_rate(ada: Person) -> None:
    async with ledger_of(ada) as ledger:
        euros = await ledger.account("a1", currency="EUR")
        await ledger.snapshot(euros, NOON - timedelta(days=1), "100")

    answer = await history(ada, **WEEK)

    # The European Central Bank's: Friday 1.1805 (for the Sunday too), then 1.1698, 1.1606, 1.1649.
    worths = [day["net_worth"] for day in answer["history"]]
    assert worths == ["118.05", "116.98", "116.06", "116.49"]


async def test_the_history_carries_balances_on_from_day_to_day(ada: Person) -> None:
    async with ledger_of(ada) as ledger:
        one, two = await ledger.accounts(reported_account("a1"), reported_account("a2"))
        await ledger.snapshot(one, NOON, "100")
        await ledger.snapshot(two, NOON + timedelta(days=2), "-30")

    answer = await history(ada, **WEEK)

    days = [(day["date"], day["net_worth"]) for day in answer["history"]]
    assert days == [("2026-03-02", "100.00"), ("2026-03-03", "100.00"), ("2026-03-04", "70.00")]
    assert answer["history"][-1]["liabilities_by_currency"] == {"USD": "30.00"}
    assert answer["total_count"] == 3


async def test_what_was_known_before_the_range_counts_in_it(ada: Person) -> None:
    async with ledger_of(ada) as ledger:
        await ledger.snapshot(await ledger.account(), NOON - timedelta(days=400), "100")

    answer = await history(ada, **WEEK)

    assert [day["net_worth"] for day in answer["history"]] == ["100.00"] * 4


async def test_days_are_the_user_s_own(ada: Person) -> None:
    await ada.patch("/users/me", {"time_zone": "Pacific/Kiritimati"})
    async with ledger_of(ada) as ledger:
        await ledger.snapshot(await ledger.account(), NOON, "100")  # 2 o'clock on the next day

    answer = await history(ada, **WEEK)

    assert answer["history"][0]["date"] == "2026-03-03"


async def test_only_the_days_with_a_foreign_currency_have_no_total(ada: Person) -> None:
    async with ledger_of(ada) as ledger:
        dollars, euros = await ledger.accounts(
            reported_account("a1"), reported_account("a2", currency="XAU")
        )
        await ledger.snapshot(dollars, NOON, "100")
        await ledger.snapshot(euros, NOON + timedelta(days=2), "5")

    answer = await history(ada, **WEEK)

    assert [day["net_worth"] for day in answer["history"]] == ["100.00", "100.00", None]
    assert answer["net_worth_unavailable_reason"] == "No exchange rate to USD is known for XAU."


async def test_a_closed_account_counts_until_it_was_closed(ada: Person) -> None:
    async with ledger_of(ada) as ledger:
        await ledger.snapshot(await ledger.account(), NOON, "100")
        async with ledger.uow() as uow:
            closed = NOON + timedelta(days=1)
            await uow.accounts.replace_reported(ledger.origin, [], now=closed, seal=lambda *_: b"")
            await uow.commit()

    answer = await history(ada, **WEEK)

    assert [day["net_worth"] for day in answer["history"]] == ["100.00", "0.00", "0.00"]


async def test_nothing_is_foretold(ada: Person) -> None:
    async with ledger_of(ada) as ledger:
        await ledger.snapshot(await ledger.account(), NOON, "100")

    answer = await history(ada, start_date="8000-01-01", end_date="8000-01-02")

    assert answer["history"] == []


async def test_a_history_has_at_most_ten_years_of_days(ada: Person) -> None:
    last = date(2026, 3, 1)
    fits, too_long = (last - timedelta(days=MAX_DAYS - more) for more in (1, 0))

    answers = [
        await ada.get(
            "/net-worth/history", params={"start_date": str(first), "end_date": str(last)}
        )
        for first in (fits, too_long)
    ]

    assert [answer.status_code for answer in answers] == [200, 422]


async def test_a_range_that_ends_before_it_starts_is_refused(ada: Person) -> None:
    answer = await ada.get("/net-worth/history?start_date=2026-03-02&end_date=2026-03-01")

    assert answer.status_code == 400


async def test_the_net_worth_can_be_made_again_from_its_explanation(ada: Person) -> None:
    today = datetime.now(UTC).date()
    await keep_rate(ada, "EUR", "USD", today, "1.2345")
    async with ledger_of(ada) as ledger:
        await ledger.accounts(
            reported_account("a1", name="Broker"),
            reported_account("a2", currency="EUR", balance=Decimal("1.01")),
            reported_account("a3", currency="EUR", balance=Decimal("-70.33")),
        )

    answer = (await ada.get("/net-worth?explain=true")).json()

    tree = answer["explanation"]
    assert evaluated(tree) == Decimal(answer["net_worth"]) == Decimal(tree["value"])
    assert tree["note"].startswith("Balances as last told")
    (broker,) = tree["inputs"][0]["inputs"]
    assert (broker["note"], broker["value"], broker["source"]) == ("Broker", "25000.00", "sandbox")
    (euros,) = tree["inputs"][1]["inputs"][0]["inputs"]
    rate = euros["inputs"][1]
    assert (rate["value"], rate["as_of"], rate["source"]) == ("1.2345", str(today), "own")
    assert "explanation" not in (await ada.get("/net-worth")).json()


async def test_what_the_net_worth_had_to_do_without_is_told(ada: Person) -> None:
    async with ledger_of(ada) as ledger:
        await ledger.accounts(
            reported_account("a1"),
            reported_account("a2", currency="XAU", balance=Decimal(1)),
            reported_account("a3", balance=None),
            reported_account("a4"),
        )

    answer = (await ada.get("/net-worth?explain=true")).json()

    assert answer["data_quality"] == {
        "coverage_ratio": "0.5000",
        "missing_rates": ["XAU/USD"],
        "missing_prices": [],
        "stale_prices": [],
        "notes": ["Active accounts without a known balance: 1."],
    }
    assert answer["explanation"]["value"] is None
