"""What Alpaca says of activities: fills, and everything else that moves money or securities."""

import re
from decimal import Decimal
from typing import Final

from coffers.domain.ledger.holdings import AssetType
from coffers.domain.ledger.statements import ReportedTransaction
from coffers.domain.ledger.transactions import TYPE_OF, TransactionStatus
from coffers.domain.ledger.transactions import TransactionSubtype as Sub
from coffers.infrastructure.providers import kinds
from coffers.infrastructure.providers.paging import Page
from coffers.infrastructure.providers.reading import (
    Fields,
    objects,
    product,
    signed_like,
    us_trading_day,
)

CURRENCY: Final = "USD"
PAGE_SIZE: Final = 100
OPTION_MULTIPLIER: Final = Decimal(100)

#: A root, the day of expiry, call or put, and the strike (OCC).
_OPTION_SYMBOL: Final = re.compile(r"[A-Z0-9.]{1,6}[0-9]{6}[CP][0-9]{8}")
_STATUSES: Final = {
    "CANCELED": TransactionStatus.CANCELLED,
    "PENDING": TransactionStatus.PENDING,
}
_SIDES: Final = {
    "BUY": (Decimal(1), Sub.BUY),
    "SELL": (Decimal(-1), Sub.SELL),
    "SELL_SHORT": (Decimal(-1), Sub.SHORT_SELL),
}
_KINDS: Final = {
    "CSD": Sub.DEPOSIT,
    "CSW": Sub.WITHDRAWAL,
    "JNL": Sub.JOURNAL,
    "JNLC": Sub.JOURNAL,
    "JNLS": Sub.JOURNAL,
    "DIVCGL": Sub.CAPITAL_GAIN,
    "DIVCGS": Sub.CAPITAL_GAIN,
    "DIVROC": Sub.RETURN_OF_CAPITAL,
    "DIVFEE": Sub.OTHER_FEE,
    "FEE": Sub.OTHER_FEE,
    "CFEE": Sub.OTHER_FEE,
    "PTC": Sub.OTHER_FEE,
    "PTR": Sub.OTHER_FEE,
    "SPLIT": Sub.SPLIT,
    "SSP": Sub.SPLIT,
    "OPEXP": Sub.EXPIRATION,
    "OPASN": Sub.ASSIGNMENT,
    "OPEXC": Sub.EXERCISE,
    "SPIN": Sub.ADJUSTMENT,
    "SSO": Sub.ADJUSTMENT,
    "MA": Sub.ADJUSTMENT,
    "NC": Sub.ADJUSTMENT,
    "SC": Sub.ADJUSTMENT,
    "REORG": Sub.ADJUSTMENT,
    "OPCA": Sub.ADJUSTMENT,
}


def read_page(answer: object) -> Page:
    """Read a page; the id of its last row is the token of the next one, unless it is not full."""
    rows = objects(answer, "Alpaca activity")
    is_full = len(rows) >= PAGE_SIZE
    return Page([_movement(row) for row in rows], rows[-1].identifier("id") if is_full else None)


def _movement(row: Fields) -> ReportedTransaction:
    return _fill(row) if row.code("activity_type") == "FILL" else _entry(row)


def _fill(row: Fields) -> ReportedTransaction:
    symbol, (sign, subtype) = row.symbol("symbol"), row.one_of("side", _SIDES)
    asset, price = _asset(symbol), row.number("price")
    quantity = signed_like(row.number("qty"), sign)
    multiplier = OPTION_MULTIPLIER if asset is AssetType.OPTION else Decimal(1)
    return ReportedTransaction(
        provider_transaction_id=row.identifier("id"),
        transaction_type=TYPE_OF[subtype],
        subtype=subtype,
        status=TransactionStatus.SETTLED,
        amount=product(quantity, price, multiplier, Decimal(-1)),
        currency=CURRENCY,
        description=f"{subtype.replace('_', ' ').capitalize()} {symbol}",
        transaction_date=us_trading_day(row.instant("transaction_time")),
        asset_type=asset,
        symbol=symbol,
        quantity=quantity,
        unit_price=price,
    )


def _entry(row: Fields) -> ReportedTransaction:
    code, amount = row.code("activity_type"), row.number("net_amount")
    # Of dividends and interest it is the quantity that earned them: nothing moves.
    moves = row.has("qty") and not code.startswith(("DIV", "INT"))
    quantity = row.number("qty") if moves else None
    kind = _kind(code, amount, quantity)
    symbol = row.symbol_or_none("symbol")
    return ReportedTransaction(
        provider_transaction_id=row.identifier("id"),
        transaction_type=TYPE_OF[kind],
        subtype=kind,
        status=_STATUSES.get(row.code("status"), TransactionStatus.SETTLED),
        amount=amount,
        currency=CURRENCY,
        description=row.prose("description") or f"{code} {symbol or ''}".strip(),
        transaction_date=row.day("date"),
        asset_type=_asset(symbol) if symbol else None,
        symbol=symbol,
        quantity=quantity,
        unit_price=row.number_or_none("price"),
    )


def _kind(code: str, amount: Decimal, quantity: Decimal | None) -> Sub:
    if code in _KINDS:
        return _KINDS[code]
    if code.startswith("DIV"):
        return Sub.DIVIDEND
    if code.startswith("INT"):
        return kinds.interest(amount)
    if code == "TRANS":
        return kinds.cash_flow(amount)
    if code in {"ACATC", "ACATS"}:
        return kinds.delivery(quantity or amount)
    return Sub.UNKNOWN


def _asset(symbol: str) -> AssetType:
    if _OPTION_SYMBOL.fullmatch(symbol):
        return AssetType.OPTION
    return AssetType.CRYPTOCURRENCY if "/" in symbol else AssetType.EQUITY
