"""Statements as JSON: the shapes that docs/sandbox.md promises."""

from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from coffers.domain.ledger.accounts import CREDIT_TYPES, AccountType
from coffers.domain.ledger.transactions import TYPE_OF, TransactionStatus
from coffers.domain.ledger.transactions import TransactionSubtype as Subtype
from coffers.sandbox.books import Movement, rounded
from coffers.sandbox.chance import Chance
from coffers.sandbox.days import FIRST_DAY, next_business_day
from coffers.sandbox.lots import Position
from coffers.sandbox.statement import Row, Statement

Document = dict[str, str | None]

QUANTITY: Final = Decimal("0.00000001")
AVERAGE: Final = Decimal("0.0001")
#: From this day on US trades settle one business day after the trade, before it two.
T_PLUS_ONE: Final = date(2024, 5, 28)

_TRADES: Final = {Subtype.BUY, Subtype.SELL, Subtype.SHORT_SELL, Subtype.BUY_TO_COVER}


def account_document(seed: int, statement: Statement) -> Document:
    """Write an account; on credit accounts what is owed is positive."""
    account = statement.account
    owes = account.type in CREDIT_TYPES
    opening = rounded(account.opening, account.currency)
    return {
        "id": account.id,
        "number": _number(seed, statement),
        "name": account.name,
        "type": account.type,
        "currency": account.currency,
        "balance": plain(-statement.balance if owes else statement.balance),
        "available": _available(statement),
        "cash": plain(statement.cash) if account.is_investment else None,
        "opening_balance": plain(-opening if owes else opening),
        "opened_on": FIRST_DAY.isoformat(),
        "as_of": statement.as_of.isoformat(),
    }


def position_document(statement: Statement, position: Position) -> Document:
    """Write a position."""
    security, basis = position.security, position.basis
    return {
        "id": f"{statement.account.id}:{security.symbol}",
        "symbol": security.symbol,
        "name": security.name,
        "asset_type": security.asset_type,
        "quantity": plain(position.quantity.quantize(QUANTITY)),
        "cost_basis": None if basis is None else plain(basis),
        "average_price": None if basis is None else _average(position, basis),
        "price": plain(statement.price(position)),
        "multiplier": plain(security.multiplier),
        "market_value": plain(statement.value(position)),
        "currency": statement.account.currency,
        "cusip": None,
        "isin": security.isin,
    }


def transaction_document(statement: Statement, row: Row) -> Document:
    """Write a transaction."""
    movement = row.movement
    is_pending = row.status is TransactionStatus.PENDING
    return {
        "id": row.id,
        "account_id": statement.account.id,
        "pending_id": row.pending_id,
        "status": row.status,
        "type": TYPE_OF[movement.subtype],
        "subtype": movement.subtype,
        "date": movement.day.isoformat(),
        "posted_on": None if is_pending else movement.posted_on.isoformat(),
        "settles_on": _settlement(movement),
        "amount": plain(rounded(row.amount, statement.account.currency)),
        "currency": statement.account.currency,
        "description": movement.text,
        **_leg(movement),
    }


def plain(number: Decimal) -> str:
    """Write a number in plain digits; zero has no sign."""
    return f"{number or abs(number):f}"


def _leg(movement: Movement) -> Document:
    leg = movement.leg
    if leg is None:
        return dict.fromkeys(_LEG_FIELDS)
    security, split = leg.security, leg.split
    return {
        "symbol": security.symbol,
        "security_name": security.name,
        "asset_type": security.asset_type,
        "quantity": plain(leg.quantity.quantize(QUANTITY)),
        "price": None if leg.price is None else plain(leg.price),
        "multiplier": plain(security.multiplier),
        "commission": plain(rounded(leg.commission, "USD")),
        "split_ratio": None if split is None else f"{split.new}:{split.old}",
    }


_LEG_FIELDS: Final = (
    "symbol",
    "security_name",
    "asset_type",
    "quantity",
    "price",
    "multiplier",
    "commission",
    "split_ratio",
)


def _available(statement: Statement) -> str | None:
    account = statement.account
    if account.is_investment or account.type is AccountType.MORTGAGE:
        return None
    return plain(rounded(account.limit, account.currency) + statement.cash_with_pending)


def _number(seed: int, statement: Statement) -> str:
    account = statement.account
    prefix = "4716" if account.type is AccountType.CREDIT_CARD else ""
    return f"{prefix}{Chance(seed, 'number', account.id).below(10**12):012d}"


def _average(position: Position, basis: Decimal) -> str:
    average = basis / position.quantity / position.security.multiplier
    return plain(average.quantize(AVERAGE, ROUND_HALF_EVEN))


def _settlement(movement: Movement) -> str | None:
    if movement.leg is None or movement.subtype not in _TRADES:
        return None
    if not movement.lag:
        return movement.day.isoformat()
    days = 1 if movement.day >= T_PLUS_ONE else 2
    return next_business_day(movement.day, days).isoformat()
