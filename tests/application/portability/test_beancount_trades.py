"""Whatever is traded in whatever order, Beancount takes it, and ends with what is held."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from beancount import loader
from beancount.core import realization
from hypothesis import given, settings
from hypothesis import strategies as st

from coffers.application.portability.beancount import beancount_file
from coffers.application.portability.books import Book, Books, Movement, Outline, Part, Position
from coffers.domain.ids import UserId, new_id
from coffers.domain.ledger.accounts import Account, AccountType
from coffers.domain.spending.categories import SYSTEM_CATEGORIES

NOW: Final = datetime(2026, 3, 2, 12, tzinfo=UTC)
OWNER: Final = UserId(UUID(int=1))
DEPOT: Final = UUID(int=2)
SUBTYPES: Final = ("buy", "sell", "short_sell", "buy_to_cover", "split", "expiration")
KINDS: Final = [*((each, "trade") for each in SUBTYPES), ("wire_in", "transfer")]


@dataclass
class Told(Books, Book):
    """A ledger that a test makes up."""

    told: Outline
    rows: Sequence[Movement]

    @asynccontextmanager
    async def open(self, user_id: UserId) -> AsyncIterator[Book]:  # noqa: ARG002 - the port's
        yield self

    async def outline(self) -> Outline:
        return self.told

    async def movements(self) -> AsyncGenerator[Sequence[Movement], None]:
        yield self.rows


def amounts(least: str, most: str) -> st.SearchStrategy[Decimal]:
    return st.decimals(Decimal(least), Decimal(most), places=2)


@st.composite
def trades(draw: st.DrawFn) -> Movement:
    subtype, kind = draw(st.sampled_from(KINDS))
    quantity = draw(amounts("0.01", "50"))
    is_out = subtype in {"sell", "short_sell"} or (kind == "transfer" and draw(st.booleans()))
    amount = draw(amounts("0", "9999"))
    moves_money = subtype in {"buy", "sell", "short_sell", "buy_to_cover"}
    signed = (amount if is_out else amount.copy_negate()) if moves_money else Decimal("0.00")
    return Movement(
        id=new_id(),
        account_id=DEPOT,
        transaction_date=date(2026, 1, 1) + timedelta(days=draw(st.integers(0, 30))),
        settlement_date=None,
        transaction_type=kind,
        subtype=subtype,
        status="settled",
        amount=signed + 0,
        currency="USD",
        description="A trade",
        asset_type="equity",
        symbol=draw(st.sampled_from(["AAA", "usd", "B C"])),
        security_name=None,
        quantity=quantity.copy_negate() if is_out else quantity,
        unit_price=None if moves_money else draw(st.none() | amounts("0", "99")),
        commission=draw(st.none() | amounts("0", "5")) if moves_money else None,
        acquired_date=draw(st.none() | st.just(date(2025, 6, 1))),
        lots=None,
        merchant=None,
        notes=None,
        tags=(),
        is_ignored=False,
        parts=[Part(signed, None, None)],
        other_leg=None,
    )


def held(symbol: str, quantity: Decimal) -> Position:
    return Position(
        account_id=DEPOT,
        symbol=symbol,
        security_name=symbol,
        asset_type="equity",
        quantity=quantity,
        cost_basis=None,
        market_value=Decimal(0),
        currency="USD",
        current_price=Decimal(1),
        is_active=True,
    )


def outline(rows: Sequence[Movement], cash: Decimal, units: Decimal) -> Outline:
    traded: dict[tuple[UUID, str], Decimal] = {}
    for row in rows:
        key = (DEPOT, row.symbol or "")
        traded[key] = traded.get(key, Decimal(0)) + (row.quantity or 0)
    account = Account(
        DEPOT, OWNER, "sandbox", "Depot", AccountType.BROKERAGE, "USD", NOW, NOW, cash_balance=cash
    )
    return Outline(
        base_currency="USD",
        accounts=[account],
        categories=SYSTEM_CATEGORIES,
        positions=[held("AAA", units)],
        moved={(DEPOT, "USD"): sum((row.amount for row in rows), Decimal(0))},
        traded=traded,
        first_day=min((row.transaction_date for row in rows), default=None),
        last_day=max((row.transaction_date for row in rows), default=None),
        multipliers={},
    )


@given(
    rows=st.lists(trades(), max_size=12),
    cash=amounts("-1000", "1000"),
    units=amounts("-20", "20"),
)
@settings(max_examples=40)
async def test_any_trades_are_a_ledger_that_ends_with_what_is_held(
    rows: list[Movement], cash: Decimal, units: Decimal
) -> None:
    rows.sort(key=lambda row: (row.transaction_date, row.id))
    told = Told(outline(rows, cash, units), rows)

    text = b"".join([piece async for piece in beancount_file(told, OWNER, NOW)]).decode()

    entries, errors, _ = loader.load_string(text)
    assert not errors, (errors[0].message, text)
    root: Any = realization.realize(entries)  # type: ignore[no-untyped-call]  # ships no types
    depot: Any = realization.get(root, "Assets:Brokerage:Depot")  # type: ignore[no-untyped-call]  # ships no types
    found = [each.units for each in depot.balance if each.units.currency == "AAA"]
    assert sum((each.number for each in found), Decimal(0)) == units
    purse: Any = realization.get(root, "Assets:Brokerage:Depot:Cash")  # type: ignore[no-untyped-call]  # ships no types
    money = [each.units.number for each in purse.balance] if purse is not None else []
    assert sum(money, Decimal(0)) == cash
