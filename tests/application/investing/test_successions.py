"""What a merger, a spin-off or a change of symbol makes of the positions in an account."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from coffers.application.investing.binding import bound
from coffers.application.investing.books import AccountsLedger, Book, Key, Line, Reported, Security
from coffers.application.investing.ledger_rows import LedgerRow
from coffers.domain.ids import UserId, new_id
from coffers.domain.investing.lots import LotMethod
from coffers.domain.investing.reorganisations import Reorganisation
from coffers.domain.ledger.accounts import MANUAL, Account, AccountType
from coffers.domain.ledger.transactions import TransactionSubtype, TransactionType
from coffers.domain.markets.rates import OwnRate, Rate, RateBook, ReferenceRates

NOW: Final = datetime(2024, 9, 2, tzinfo=UTC)
DAY: Final = date(2024, 6, 3)
TEN: Final = Decimal(10)
THOUSAND: Final = Decimal(1000)
OLD: Final[Key] = ("OLD", "USD")
NEW: Final[Key] = ("NEW", "USD")
ACCOUNT: Final = Account(
    id=new_id(),
    user_id=UserId(new_id()),
    source=MANUAL,
    name="Depot",
    account_type=AccountType.BROKERAGE,
    currency="USD",
    created_at=NOW,
    updated_at=NOW,
)
SYNCED: Final = replace(ACCOUNT, id=new_id(), connection_id=new_id(), last_synced_at=NOW)


class _NoRates(ReferenceRates):
    def per_euro(self, currency: str, day: date) -> Rate | None:  # noqa: ARG002 - the port's
        return None


def row(subtype: str, day: date, quantity: str, amount: str, **changes: Any) -> LedgerRow:
    kind, traded = TransactionSubtype(subtype), TransactionType.TRADE
    told = LedgerRow(
        *(new_id(), ACCOUNT.id, day, traded, kind, Decimal(amount), "USD", "OLD"),
        *(Decimal(quantity), None),
    )
    return told._replace(**changes)


BOUGHT: Final = row("buy", date(2024, 1, 2), "10", "-1000")


def became(**changes: Any) -> Reorganisation:
    return Reorganisation(UUID(int=5), DAY, NEW, **changes)


def book_of(
    rows: list[LedgerRow],
    *became_of: Reorganisation,
    reported: tuple[Reported, ...] = (),
    account: Account = ACCOUNT,
    base: str = "USD",
    rates: tuple[OwnRate, ...] = (),
) -> Book:
    mine = [each._replace(account_id=account.id) for each in rows]
    ledger = AccountsLedger([account], mine, [replace(e, account_id=account.id) for e in reported])
    securities = {OLD: Security(became=became_of), NEW: Security()}
    return bound(ledger, securities, RateBook(_NoRates(), rates), base, LotMethod.FIFO)


def line(book: Book, symbol: str) -> Line:
    return next(each for each in book.lines if each.symbol == symbol)


def told_held(symbol: str, quantity: str) -> Reported:
    today = NOW.date()
    return Reported(
        SYNCED.id, symbol, symbol, "equity", "USD", Decimal(quantity), None, None, today
    )


def test_a_changed_symbol_holds_what_the_old_one_held() -> None:
    book = book_of([BOUGHT], became())

    new = line(book, "NEW").local
    assert line(book, "OLD").local.quantity == 0
    assert (new.quantity, new.cost) == (TEN, THOUSAND)
    assert new.first_acquired == date(2024, 1, 2)
    assert [step.day for step in new.steps] == [DAY]


def test_what_was_bought_under_the_new_symbol_comes_on_top() -> None:
    later = row("buy", date(2024, 7, 1), "5", "-900", symbol="NEW")
    sold = row("sell", date(2024, 8, 1), "12", "2400", symbol="NEW")

    new = line(book_of([BOUGHT, later, sold], became()), "NEW").local

    # The ten that cost 1,000 went first, then two of the five.
    assert new.quantity == 3
    assert new.cost == 540
    assert new.realised == 1040


def test_a_spin_off_leaves_the_old_one_with_the_rest_of_its_cost() -> None:
    book = book_of([BOUGHT], became(factor=Decimal("0.5"), part=Decimal("0.2"), stays=True))

    old, new = line(book, "OLD").local, line(book, "NEW").local
    assert (old.quantity, new.quantity) == (Decimal(10), Decimal(5))
    assert old.cost == 800
    assert new.cost == 200


def test_one_merger_after_another_is_followed() -> None:
    last: Key = ("LAST", "USD")
    ledger = AccountsLedger([ACCOUNT], [BOUGHT], [])
    again = Reorganisation(UUID(int=6), date(2024, 7, 1), last, factor=Decimal(3))
    securities = {OLD: Security(became=[became()]), NEW: Security(became=[again])}

    book = bound(ledger, securities, RateBook(_NoRates()), "USD", LotMethod.FIFO)

    assert line(book, "NEW").local.quantity == 0
    assert line(book, "LAST").local.quantity == 30
    assert line(book, "LAST").local.cost == 1000


def test_symbols_that_become_one_another_come_to_an_end() -> None:
    back = Reorganisation(UUID(int=6), date(2024, 7, 1), OLD)
    ledger = AccountsLedger([ACCOUNT], [BOUGHT], [])
    securities = {OLD: Security(became=[became()]), NEW: Security(became=[back])}

    book = bound(ledger, securities, RateBook(_NoRates()), "USD", LotMethod.FIFO)

    assert sum(each.local.quantity for each in book.lines) <= 10


def test_what_the_account_tells_itself_is_not_done_twice() -> None:
    told = [
        row("transfer_out", DAY, "10", "0"),
        row("transfer_in", DAY, "10", "-1000", symbol="NEW"),
    ]

    book = book_of([BOUGHT, *told], became())

    assert line(book, "OLD").local.quantity == 0
    assert line(book, "NEW").local.quantity == 10
    assert line(book, "NEW").local.cost == 1000


def test_a_source_that_goes_on_with_the_old_symbol_is_believed() -> None:
    book = book_of([BOUGHT], became(), reported=(told_held("OLD", "10"),), account=SYNCED)

    assert [(each.symbol, each.difference) for each in book.lines] == [("OLD", Decimal(0))]
    assert line(book, "OLD").local.cost == 1000


def test_a_source_that_reports_the_new_symbol_finds_its_cost_again() -> None:
    book = book_of([BOUGHT], became(), reported=(told_held("NEW", "10"),), account=SYNCED)

    assert (line(book, "NEW").difference, line(book, "NEW").local.cost) == (Decimal(0), THOUSAND)
    assert not book.quality.missing_basis
    assert not book.quality.unexplained


def test_a_spin_off_that_the_source_knows_nothing_of_is_not_made_up() -> None:
    each = became(part=Decimal("0.2"), stays=True)

    book = book_of([BOUGHT], each, reported=(told_held("OLD", "10"),), account=SYNCED)

    assert [(found.symbol, found.local.cost) for found in book.lines] == [("OLD", THOUSAND)]


def test_in_another_currency_each_lot_keeps_the_cost_of_its_day() -> None:
    rates = tuple(
        OwnRate(new_id(), ACCOUNT.user_id, "USD", "CHF", day, Decimal(rate), NOW)
        for day, rate in ((BOUGHT.day, "0.8"), (DAY, "0.9"))
    )

    book = book_of([BOUGHT], became(), base="CHF", rates=rates)

    base = line(book, "NEW").base
    assert base is not None
    assert base.cost == 800


def test_without_a_rate_the_cost_in_the_other_currency_is_not_known() -> None:
    book = book_of([BOUGHT], became(), base="CHF")

    assert line(book, "NEW").base is None
    assert line(book, "NEW").local.cost == 1000


def test_what_became_of_it_in_another_currency_has_no_cost_of_its_own() -> None:
    each = replace(became(), target=("NEW", "CAD"))
    ledger = AccountsLedger([ACCOUNT], [BOUGHT], [])

    book = bound(
        ledger, {OLD: Security(became=[each])}, RateBook(_NoRates()), "USD", LotMethod.FIFO
    )

    new = line(book, "NEW")
    assert (new.currency, new.local.quantity, new.local.cost) == ("CAD", TEN, None)
    assert new.base is not None
    assert new.base.cost == 1000


def own_rate(day: date, rate: str) -> OwnRate:
    return OwnRate(new_id(), ACCOUNT.user_id, "USD", "EUR", day, Decimal(rate), NOW)


def dearest_first(rows: list[LedgerRow], *became_of: Reorganisation) -> Book:
    """In euros; the dollar fell after the first purchase, which is the dearer one in euros."""
    days = {each.day for each in rows} | {each.day for each in became_of}
    rates = [own_rate(day, "0.9" if day > BOUGHT.day else "1") for day in sorted(days)]
    ledger = AccountsLedger([ACCOUNT], rows, [])
    securities = {OLD: Security(became=became_of), NEW: Security()}
    return bound(ledger, securities, RateBook(_NoRates(), rates), "EUR", LotMethod.HIFO)


DEARER: Final = row("buy", date(2024, 2, 1), "10", "-1050")


def test_the_dearest_lot_is_one_and_the_same_in_every_currency() -> None:
    sold = row("sell", date(2024, 3, 1), "10", "1100")

    found = line(dearest_first([BOUGHT, DEARER, sold]), "OLD")

    assert found.base is not None
    assert [lot.id for lot in found.local.book.lots] == [BOUGHT.id]
    assert [lot.id for lot in found.base.book.lots] == [BOUGHT.id]
    assert found.base.cost == THOUSAND
    assert found.base.realised == 45


def test_what_leaves_in_kind_takes_the_same_lots_in_every_currency() -> None:
    left = row("transfer_out", date(2024, 3, 1), "-10", "0")

    found = line(dearest_first([BOUGHT, DEARER, left]), "OLD")

    assert found.base is not None
    assert found.local.cost == THOUSAND
    assert found.base.cost == THOUSAND


def test_the_dearest_lot_stays_the_same_one_after_a_spin_off_and_another() -> None:
    bought, later = DEARER._replace(id=new_id()), date(2024, 8, 1)
    sold = row("sell", date(2024, 9, 1), "12", "1200")
    first = became(factor=Decimal("0.5"), part=Decimal("0.2"), stays=True)
    again = replace(first, id=UUID(int=6), day=later)
    gone = row("sell", date(2024, 9, 1), "7", "700", symbol="NEW")

    book = dearest_first([BOUGHT, DEARER, bought, sold, gone], first, again)

    for symbol in ("OLD", "NEW"):
        found = line(book, symbol)
        assert found.base is not None
        assert [each.lot_id for each in found.base.book.disposals] == [
            each.lot_id for each in found.local.book.disposals
        ]
        assert [lot.id for lot in found.base.book.lots] == [lot.id for lot in found.local.book.lots]
