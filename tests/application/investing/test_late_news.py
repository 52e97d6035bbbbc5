"""Whatever changes late, what is calculated from what is remembered is what a cold start finds."""

import gc
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from weakref import ref

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from coffers.application.investing.binding import bound
from coffers.application.investing.books import AccountsLedger, Security
from coffers.application.investing.contributions import gains
from coffers.application.investing.derivations import Derivations
from coffers.application.investing.ledger_rows import LedgerRow
from coffers.application.investing.series import valuation_of
from coffers.domain.ids import UserId
from coffers.domain.investing.lots import LotMethod
from coffers.domain.ledger.accounts import Account, AccountType
from coffers.domain.ledger.transactions import TransactionSubtype, TransactionType
from coffers.domain.markets.close_paths import ToldPath
from coffers.domain.markets.rates import OwnRate, RateBook, ReferenceRates
from tests.stores import NOON

FIRST = date(2026, 1, 1)
DAYS = 30
LAST = FIRST + timedelta(days=DAYS)
OWNER = UserId(UUID(int=1))
CURRENCIES = {"ONE": "USD", "TWO": "EUR"}
ACCOUNT = Account(
    UUID(int=2), OWNER, "manual", "Depot", AccountType.BROKERAGE, "USD", NOON, NOON,
    balance=Decimal("10000.00"),
)  # fmt: skip


#: Nobody says how much money is in it: what goes into securities comes from outside.
OTHER = replace(ACCOUNT, id=UUID(int=3), name="Other", balance=None)


class NoPublished(ReferenceRates):
    def per_euro(self, currency: str, day: date) -> None:  # noqa: ARG002 - the port says so
        return None


SUBTYPES = {
    TransactionSubtype.BUY: TransactionType.TRADE,
    TransactionSubtype.SELL: TransactionType.TRADE,
    TransactionSubtype.DIVIDEND: TransactionType.INCOME,
    TransactionSubtype.DEPOSIT: TransactionType.TRANSFER,
    TransactionSubtype.TRANSFER_IN: TransactionType.TRANSFER,
    TransactionSubtype.SPLIT: TransactionType.TRADE,
}
ROW = st.tuples(
    st.sampled_from(sorted(SUBTYPES)),
    st.sampled_from(sorted(CURRENCIES)),
    st.integers(1, DAYS),
    st.integers(1, 20),
    st.integers(-500, 500),
)
#: What changes: a movement comes, goes or is another one; a price; a rate; the method; the currency
#: in which it is asked for.
NEWS = st.one_of(
    st.tuples(st.just("row"), st.integers(0, 11), st.none() | ROW),
    st.tuples(
        st.just("price"),
        st.tuples(st.sampled_from(sorted(CURRENCIES)), st.integers(0, DAYS)),
        st.none() | st.integers(1, 300),
    ),
    st.tuples(st.just("rate"), st.integers(0, DAYS), st.none() | st.integers(50, 150)),
    st.tuples(st.just("method"), st.none(), st.sampled_from(sorted(LotMethod))),
    st.tuples(st.just("base"), st.none(), st.sampled_from(["USD", "EUR"])),
)


class World:
    """What the database would hold."""

    def __init__(self) -> None:
        self.row: dict[int, Any] = {}
        self.price: dict[tuple[str, int], int] = {("ONE", 0): 100, ("TWO", 0): 50}
        self.rate = dict.fromkeys(range(0, DAYS + 1, 5), 110)
        self.method = LotMethod.FIFO
        self.base = "USD"
        #: What did not change is the same object, as what was read before is.
        self._read: dict[object, Any] = {}

    def hear(self, what: str, place: Any, told: Any) -> None:
        if what in {"method", "base"}:
            setattr(self, what, told)
            return
        known: dict[Any, Any] = getattr(self, what)
        known.pop(place, None)
        if told is not None:
            known[place] = told

    def found(self, derivations: Derivations, later: int = 0) -> list[object]:
        first, last = FIRST + timedelta(days=later), LAST + timedelta(days=later)
        ledger = AccountsLedger([ACCOUNT, OTHER], self._rows(), [])
        book = bound(ledger, self._securities(), self._rates(), self.base, self.method, derivations)
        valuation = valuation_of(book, first, last)
        names = ("value", "cost", "cash", "inflow", "outflow", "income", "currency_gain")
        columns = [getattr(valuation, name) for name in names]
        lots = [(line.local, line.base) for line in book.lines]
        return [np.array(columns).tobytes(), lots, gains(book, first, last), book.quality]

    def _rows(self) -> list[LedgerRow]:
        made = [
            self._same(("row", number, *told), _row, number, *told)
            for number, told in self.row.items()
        ]
        return sorted(made, key=lambda row: (row.day, row.id))

    def _securities(self) -> dict[tuple[str, str], Security]:
        return {
            (symbol, money): Security(UUID(int=9), closes=self._closes(symbol))
            for symbol, money in CURRENCIES.items()
        }

    def _closes(self, symbol: str) -> Any:
        days = sorted(day for name, day in self.price if name == symbol)
        texts = [str(FIRST + timedelta(days=day)) for day in days]
        closes = [str(self.price[symbol, day]) for day in days]
        told = (",".join(texts), ",".join(closes))
        return self._same(told, ToldPath, *told) if days else ()

    def _rates(self) -> RateBook:
        own = [
            OwnRate(
                UUID(int=day + 1), OWNER, "EUR", "USD", FIRST + timedelta(days=day),
                Decimal(told).scaleb(-2), datetime(2026, 1, 1, tzinfo=NOON.tzinfo),
            )
            for day, told in self.rate.items()
        ]  # fmt: skip
        book: RateBook = self._same(tuple(own), RateBook, NoPublished(), own)
        return book

    def _same(self, told: object, make: Any, *more: Any) -> Any:
        if told not in self._read:
            self._read[told] = make(*more)
        return self._read[told]


def _row(
    number: int, subtype: TransactionSubtype, symbol: str, day: int, quantity: int, amount: int
) -> LedgerRow:
    is_money = subtype is TransactionSubtype.DEPOSIT
    return LedgerRow(
        UUID(int=10**7 + number),
        OTHER.id if number % 4 == 3 else ACCOUNT.id,
        FIRST + timedelta(days=day),
        SUBTYPES[subtype],
        subtype,
        Decimal(amount),
        "USD" if is_money else CURRENCIES[symbol],
        None if is_money else symbol,
        None if is_money or subtype is TransactionSubtype.DIVIDEND else Decimal(quantity),
        Decimal(abs(amount)) / quantity if subtype is TransactionSubtype.BUY else None,
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(NEWS, min_size=4, max_size=14))
def test_late_news_leave_what_a_cold_start_would_find(news: list[tuple[str, Any, Any]]) -> None:
    world, kept = World(), Derivations()

    for each in news:
        world.hear(*each)

        assert world.found(kept) == world.found(Derivations())


def test_the_days_before_a_late_entry_stay_as_they_were() -> None:
    world, kept = World(), Derivations()
    world.hear("row", 0, (TransactionSubtype.BUY, "ONE", 2, 5, -500))
    world.hear("row", 1, (TransactionSubtype.BUY, "TWO", 3, 5, -250))
    before = world.found(kept)

    world.hear("row", 2, (TransactionSubtype.SELL, "ONE", 20, 2, 240))
    after = world.found(kept)

    earlier: Any = before[1]
    later: Any = after[1]
    known = earlier[0][0].steps
    assert later[1][0] is earlier[1][0]
    assert later[0][0].steps[: len(known)] == known


def test_an_entry_that_is_edited_is_another_one() -> None:
    world, kept = World(), Derivations()
    world.hear("row", 0, (TransactionSubtype.BUY, "ONE", 2, 5, -500))
    world.found(kept)

    world.hear("row", 0, (TransactionSubtype.BUY, "ONE", 2, 7, -600))

    assert world.found(kept) == world.found(Derivations())


def test_a_rate_of_a_later_day_changes_what_was_bought_before() -> None:
    world, kept = World(), Derivations()
    world.hear("row", 0, (TransactionSubtype.BUY, "TWO", 2, 5, -250))
    world.found(kept)

    world.hear("rate", 20, 90)

    assert world.found(kept) == world.found(Derivations())


def test_what_things_were_made_of_is_let_go_when_it_changes() -> None:
    world, kept = World(), Derivations()
    world.hear("row", 0, (TransactionSubtype.BUY, "TWO", 2, 5, -250))
    world.hear("row", 1, (TransactionSubtype.DEPOSIT, "TWO", 2, 5, 250))
    world.found(kept)
    count, old = len(kept._once), [ref(world._rates()), ref(world._closes("TWO"))]

    for day in range(1, 4):
        world.hear("rate", day, 90)
        world.hear("price", ("TWO", day), 120)
        world.hear("row", 1, (TransactionSubtype.DEPOSIT, "TWO", 2, 5, 250 + day))
        world._read.clear()
        world.found(kept, later=day)
    gc.collect()

    assert [each() for each in old] == [None, None]
    # Rates of each period are remembered by themselves.
    assert len(kept._once) == count + 3


def test_other_days_are_another_series() -> None:
    world, kept = World(), Derivations()
    world.hear("row", 0, (TransactionSubtype.BUY, "ONE", 2, 5, -250))
    world.found(kept)

    assert world.found(kept, 9) == world.found(Derivations(), 9)


def test_in_another_currency_everything_is_another_amount() -> None:
    world, kept = World(), Derivations()
    world.hear("row", 0, (TransactionSubtype.BUY, "ONE", 2, 5, -250))
    world.found(kept)

    world.hear("base", None, "EUR")

    assert world.found(kept) == world.found(Derivations())
