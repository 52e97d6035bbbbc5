"""What comes in, what goes out, and what of it a performance takes for a gain."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from coffers.application.investing.binding import bound
from coffers.application.investing.books import AccountsLedger, Book, Reported, Security
from coffers.application.investing.contributions import gains
from coffers.application.investing.explained_days import ExplainedDays
from coffers.application.investing.ledger_rows import LedgerRow
from coffers.application.investing.performance import performance_of
from coffers.application.investing.performance_views import PerformanceView
from coffers.application.investing.series import valuation_of
from coffers.domain.ids import UserId, new_id
from coffers.domain.investing.lots import LotMethod
from coffers.domain.ledger.accounts import MANUAL, Account, AccountType
from coffers.domain.ledger.transactions import TransactionSubtype, TransactionType
from coffers.domain.markets.rates import OwnRate, Rate, RateBook, ReferenceRates
from coffers.domain.money import EXACT
from tests.stores import NOON

FIRST: Final = date(2026, 1, 1)
OWNER: Final = UserId(UUID(int=1))
ACCOUNT: Final = Account(
    UUID(int=2), OWNER, MANUAL, "Depot", AccountType.BROKERAGE, "USD", NOON, NOON,
    balance=Decimal("0.00"),
)  # fmt: skip
RICH: Final = replace(ACCOUNT, balance=Decimal("1000.00"))
RICHER: Final = replace(ACCOUNT, balance=Decimal("1100.00"))
RATE: Final = Decimal("0.007")


class NoPublished(ReferenceRates):
    def per_euro(self, currency: str, day: date) -> Rate | None:  # noqa: ARG002 - the port's
        return None


def on(day: int) -> date:
    return FIRST + timedelta(days=day)


def moved(day: int, amount: str, **more: Any) -> LedgerRow:
    kind, subtype = TransactionType.TRANSFER, TransactionSubtype.DEPOSIT
    told = LedgerRow(
        *(new_id(), ACCOUNT.id, on(day), kind, subtype, Decimal(amount), "USD"), None, None, None
    )
    return told._replace(**more)


def traded(day: int, subtype: str, quantity: str, amount: str, symbol: str = "ONE") -> LedgerRow:
    kinds = {"transaction_type": TransactionType.TRADE, "subtype": TransactionSubtype(subtype)}
    return moved(day, amount, symbol=symbol, quantity=Decimal(quantity), **kinds)


def book_of(
    *rows: LedgerRow,
    account: Account = ACCOUNT,
    rates: tuple[OwnRate, ...] = (),
    reported: Sequence[Reported] = (),
    **since: int,
) -> Book:
    """Everything costs 100 dollars, from so many days after the first on."""
    names = {row.symbol for row in rows if row.symbol}
    closes = {name: [(on(since.get(name, -9)), Decimal(100))] for name in names}
    securities = {(name, "USD"): Security(closes=closes[name]) for name in names}
    ledger = AccountsLedger([account], sorted(rows, key=lambda row: row.day), reported)
    return bound(ledger, securities, RateBook(NoPublished(), rates), "USD", LotMethod.FIFO)


def performance(book: Book, first: int = 0, last: int = 20) -> PerformanceView:
    return performance_of(book, valuation_of(book, on(first), on(last)), None)


def test_what_comes_in_on_a_day_of_unknown_value_is_no_gain() -> None:
    rows = (
        *(moved(0, "1000"), traded(0, "buy", "10", "-1000")),
        *(moved(10, "500"), traded(10, "buy", "5", "-500", "LATER")),
    )

    found = performance(book_of(*rows, LATER=11))

    assert (found.inflow, found.gain) == ("500.00", "0.00")
    assert found.time_weighted_return.reason == "missing_value"
    assert found.modified_dietz_return.percent == "0.000000"


def test_what_is_paid_into_money_that_nobody_tells_is_no_gain() -> None:
    rows = (moved(4, "1000"), traded(5, "buy", "10", "-1000"))

    found = performance(book_of(*rows, account=replace(ACCOUNT, balance=None)))

    assert (found.inflow, found.outflow, found.end_value) == ("1000.00", "0.00", "1000.00")
    assert found.gain == "0.00"


def test_money_of_another_currency_is_not_the_account_s() -> None:
    rates = [OwnRate(new_id(), OWNER, "JPY", "USD", on(5 * n), RATE, NOON) for n in range(5)]
    yen = traded(9, "buy", "10", "-15000")._replace(currency="JPY", unit_price=Decimal(1500))
    book = book_of(moved(2, "1000"), yen, account=RICH, rates=tuple(rates))

    found = valuation_of(book, on(0), on(20))

    assert found.cash.tolist() == [0] * 2 + [1000] * 19
    assert (found.inflow[9], found.value[9]) == (105, 1105)
    assert ExplainedDays(book).value(on(5)).value == "1000.00"


def test_what_was_there_before_the_history_and_was_sold_came_in() -> None:
    rows = (moved(0, "100"), traded(10, "sell", "10", "1000"))

    found = performance(book_of(*rows, account=RICHER))

    assert (found.start_value, found.end_value) == ("100.00", "1100.00")
    assert (found.inflow, found.gain) == ("1000.00", "0.00")
    assert [each.gain for each in found.contributions] == ["0.00", "0.00"]


def test_so_did_what_is_reported_beyond_it() -> None:
    more = Reported(ACCOUNT.id, "ONE", "ONE", "equity", "USD", Decimal(3), None, None, on(30))
    rows = (moved(0, "100"), traded(10, "sell", "10", "1000"))

    found = valuation_of(book_of(*rows, account=RICHER, reported=[more]), on(0), on(20))

    assert (found.value[8], found.value[9], found.value[10]) == (100, 1400, 1400)
    assert found.inflow[9] == 1300


def test_every_digit_of_a_value_counts() -> None:
    most = Decimal("99999999999999999999.999999999999999999")
    rates = (OwnRate(new_id(), OWNER, "USD", "EUR", on(0), most, NOON),)
    ledger = AccountsLedger([ACCOUNT], [traded(0, "buy", str(most), "-100")], [])
    security = {("ONE", "USD"): Security(closes=[(on(0), most)])}
    book = bound(ledger, security, RateBook(NoPublished(), rates), "EUR", LotMethod.FIFO)

    paid = EXACT.multiply(most, Decimal(100))
    assert gains(book, on(-1), on(0)) == {"ONE": EXACT.subtract(EXACT.power(most, 3), paid)}
