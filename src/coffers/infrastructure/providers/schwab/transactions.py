"""What Schwab says of transactions: one activity, its transfer items, and what they amount to."""

from collections.abc import Sequence
from decimal import Decimal
from functools import reduce
from typing import Final

from coffers.domain.ledger.holdings import AssetType
from coffers.domain.ledger.statements import ReportedTransaction
from coffers.domain.ledger.transactions import TYPE_OF, TransactionStatus
from coffers.domain.ledger.transactions import TransactionSubtype as Sub
from coffers.domain.money import EXACT
from coffers.infrastructure.providers import kinds
from coffers.infrastructure.providers.reading import Fields, bounded, objects, us_trading_day
from coffers.infrastructure.providers.schwab.accounts import ASSETS, CURRENCY

_STATUSES: Final = {
    "PENDING": TransactionStatus.PENDING,
    "INVALID": TransactionStatus.FAILED,
}
_KINDS: Final = {
    "ACH_RECEIPT": Sub.DEPOSIT,
    "ACH_DISBURSEMENT": Sub.WITHDRAWAL,
    "CASH_RECEIPT": Sub.DEPOSIT,
    "CASH_DISBURSEMENT": Sub.WITHDRAWAL,
    "WIRE_IN": Sub.WIRE_IN,
    "WIRE_OUT": Sub.WIRE_OUT,
    "MONEY_MARKET": Sub.INTERNAL,
    "JOURNAL": Sub.JOURNAL,
    "MEMORANDUM": Sub.ADJUSTMENT,
    "MARGIN_CALL": Sub.ADJUSTMENT,
    "SMA_ADJUSTMENT": Sub.ADJUSTMENT,
}
#: A request must name the types that it wants: these are all that there are.
TYPES: Final = ",".join(
    ["TRADE", "RECEIVE_AND_DELIVER", "DIVIDEND_OR_INTEREST", "ELECTRONIC_FUND", *_KINDS]
)
#: By what the trade does to the position, and whether securities come in.
_TRADES: Final = {
    ("OPENING", True): Sub.BUY,
    ("OPENING", False): Sub.SHORT_SELL,
    ("CLOSING", True): Sub.BUY_TO_COVER,
    ("CLOSING", False): Sub.SELL,
}
#: How deliveries that are not transfers are described.
_DELIVERY_WORDS: Final = (
    ("EXPIR", Sub.EXPIRATION),
    ("ASSIGN", Sub.ASSIGNMENT),
    ("EXERCISE", Sub.EXERCISE),
    ("SPLIT", Sub.SPLIT),
)


def read_transactions(answer: object) -> tuple[int, list[ReportedTransaction]]:
    """Read a list of activities: how many it holds, and the movements that they are."""
    rows = objects(answer, "Schwab transaction")
    return len(rows), [movement for row in rows for movement in _movements(row)]


def _movements(row: Fields) -> list[ReportedTransaction]:
    """Read one activity: one movement, or one per leg of a trade in several securities.

    Each leg has its own cost; the first also bears the fees, so that the parts sum to the whole.
    """
    items = row.children_or_none("transferItems") or []
    fees = [item.number("cost") for item in items if item.has("feeType")]
    legs = [item for item in items if not item.has("feeType") and _is_security(item)]
    whole, net = row.identifier("activityId"), row.number("netAmount")
    costs = [leg.number("cost") for leg in legs[1:]]
    first = _movement(row, whole, bounded(reduce(EXACT.subtract, costs, net)), legs[:1], fees)
    others = [
        _movement(row, f"{whole}:{place}", cost, [leg], [])
        for place, (leg, cost) in enumerate(zip(legs[1:], costs, strict=True), start=2)
    ]
    return [first, *others]


def _is_security(item: Fields) -> bool:
    return item.child("instrument").code("assetType") != "CURRENCY"


def _movement(
    row: Fields, number: str, amount: Decimal, legs: Sequence[Fields], fees: Sequence[Decimal]
) -> ReportedTransaction:
    leg = legs[0] if legs else None
    instrument = leg.child("instrument") if leg else None
    quantity = leg.number("amount") if leg else None
    kind = _kind(row, amount, quantity, leg)
    return ReportedTransaction(
        provider_transaction_id=number,
        transaction_type=TYPE_OF[kind],
        subtype=kind,
        status=_STATUSES.get(row.code("status"), TransactionStatus.SETTLED),
        amount=amount,
        currency=CURRENCY,
        description=row.prose("description") or row.prose("type"),
        transaction_date=us_trading_day(
            row.instant("tradeDate" if row.has("tradeDate") else "time")
        ),
        settlement_date=(
            us_trading_day(row.instant("settlementDate")) if row.has("settlementDate") else None
        ),
        asset_type=(
            ASSETS.get(instrument.code("assetType"), AssetType.OTHER) if instrument else None
        ),
        symbol=instrument.symbol("symbol") if instrument else None,
        security_name=(instrument.prose("description") or None) if instrument else None,
        quantity=quantity,
        unit_price=leg.number_or_none("price") if leg else None,
        # Costs are money out, hence below zero; a commission is told as what was paid.
        commission=reduce(EXACT.subtract, fees, Decimal(0)) if fees else None,
    )


def _kind(row: Fields, amount: Decimal, quantity: Decimal | None, leg: Fields | None) -> Sub:
    match row.code("type"):
        case "TRADE" if leg and quantity is not None:
            return _trade(leg, quantity)
        case "RECEIVE_AND_DELIVER":
            return _delivery(row, quantity or amount)
        case "DIVIDEND_OR_INTEREST":
            return _income(row, amount, leg)
        case "ELECTRONIC_FUND":
            return kinds.cash_flow(amount)
        case code:
            return _KINDS.get(code, Sub.UNKNOWN)


def _trade(leg: Fields, quantity: Decimal) -> Sub:
    # Without a position effect (mutual funds) it is taken for what most trades are.
    usual = Sub.BUY if quantity > 0 else Sub.SELL
    return _TRADES.get((leg.code("positionEffect"), quantity > 0), usual)


def _delivery(row: Fields, quantity: Decimal) -> Sub:
    words = row.code("description")
    for word, subtype in _DELIVERY_WORDS:
        if word in words:
            return subtype
    return kinds.delivery(quantity)


def _income(row: Fields, amount: Decimal, leg: Fields | None) -> Sub:
    kind = kinds.income_in(row.prose("description"))
    if kind is None:
        kind = Sub.DIVIDEND if leg else Sub.INTEREST
    return kinds.interest(amount) if kind == Sub.INTEREST else kind
