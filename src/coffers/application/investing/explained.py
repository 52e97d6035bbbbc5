"""Why a position's and a portfolio's numbers are what they are."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from coffers.application.explained_arithmetic import difference
from coffers.application.explanations import (
    Explanation,
    Operation,
    in_cents,
    made,
    number_of,
    rate_told,
    told,
)
from coffers.application.investing.books import Book, Line
from coffers.application.investing.explained_lots import lot_told
from coffers.application.investing.valuing import Worth, in_base
from coffers.domain.investing.lots import LotMethod
from coffers.domain.investing.positions import Position
from coffers.domain.ledger.accounts import Account
from coffers.domain.markets.rates import rounded
from coffers.domain.money import EXACT, known_total

CONVENTION: Final = (
    "At the last price and the last rate known on the day, rates at most seven days old; rounded"
    " once, halves away from zero."
)


def market_value(
    book: Book, lines: Sequence[Line], worths: Sequence[Worth], day: date
) -> Explanation:
    """Quantity times price times rate of each account, added and rounded."""
    parts = [_line_value(book, line, each, day) for line, each in zip(lines, worths, strict=True)]
    values = [each.base for each in worths]
    tree = in_cents("base_market_value", parts, values, book.base_currency)
    return replace(tree, note=CONVENTION)


def cost_basis(position: Position, currency: str, method: LotMethod) -> Explanation:
    """The costs of the lots that are left, added and rounded."""
    costs = [None if lot.id in position.unknown else lot.cost for lot in position.book.lots]
    parts = [
        lot_told("lot_cost", lot, cost, currency)
        for lot, cost in zip(position.book.lots, costs, strict=True)
    ]
    return replace(in_cents("cost_basis", parts, costs, currency), note=f"Lots by {method}.")


def gain(
    lines: Sequence[Line], worths: Sequence[Worth], cost: Explanation, currency: str
) -> Explanation:
    """Quantity times price of each account less the cost of what is left, rounded."""
    values = [local_value(line, each) for line, each in zip(lines, worths, strict=True)]
    whole = known_total([each.local for each in worths])
    paid = cost.inputs[0]
    left = None if whole is None or paid.value is None else whole - Decimal(paid.value)
    held = made("sum", Operation.SUM, whole, values, currency=currency)
    unrounded = made("gain", Operation.DIFFERENCE, left, [held, paid], currency=currency)
    cents = None if left is None else rounded(left, currency)
    name = "unrealized_gain_loss"
    return made(name, Operation.ROUNDED, cents, [unrounded], currency=currency)


def base_gain(value: Explanation, cost: Explanation, currency: str) -> Explanation:
    """What it is worth less what it cost, both before they are rounded."""
    left = difference("gain", value.inputs[0], cost.inputs[0])
    gained = number_of(left)
    cents = None if gained is None else rounded(gained, currency)
    name = "base_unrealized_gain_loss"
    return made(name, Operation.ROUNDED, cents, [left], currency=currency)


def local_value(line: Line, worth: Worth) -> Explanation:
    """Quantity times price, in the security's own currency."""
    inputs = [_quantity(line), *price_told(line, worth.price, worth.price_date)]
    return made("value", Operation.PRODUCT, worth.local, inputs, currency=line.currency)


def total_value(
    book: Book, positions: Sequence[Explanation], values: Sequence[Decimal | None], day: date
) -> Explanation:
    """All positions before they are rounded, and the money of each account at the day's rate."""
    accounts = [each for each in book.ledger.accounts if each.money is not None]
    money = [_money(book, account, day) for account in accounts]
    amounts = [in_base(book, each.money or Decimal(0), each.currency, day) for each in accounts]
    parts = [*(each.inputs[0] for each in positions), *money, *(dark := dark_told(book))]
    worths = [*values, *amounts, *(None for _ in dark)]
    return in_cents("total_value", parts, worths, book.base_currency)


def dark_told(book: Book) -> list[Explanation]:
    """What has a history that cannot be: nobody knows what it is worth."""
    return [told(symbol, None, source="ledger") for symbol in sorted(book.quality.unreadable)]


def _line_value(book: Book, line: Line, worth: Worth, day: date) -> Explanation:
    rate = book.rates.rate(line.currency, book.base_currency, day)
    inputs = [
        _quantity(line),
        *price_told(line, worth.price, worth.price_date),
        rate_told(rate, line.currency, book.base_currency),
    ]
    return made("value", Operation.PRODUCT, worth.base, inputs, currency=book.base_currency)


def _quantity(line: Line) -> Explanation:
    return told("quantity", line.local.quantity, source="ledger", note=line.account.name)


def price_told(line: Line, worth: Decimal | None, day: date | None) -> list[Explanation]:
    """The price as the market quotes it, and what it counts for where that is not once."""
    quoted = None if worth is None else EXACT.divide(worth, line.multiplier)
    source = "market" if line.security.closes else "ledger"
    price = told("price", quoted, currency=line.currency, as_of=day, source=source)
    if line.multiplier == 1:
        return [price]
    return [price, told("multiplier", line.multiplier, source="asset")]


def _money(book: Book, account: Account, day: date) -> Explanation:
    money, rate = account.money, book.rates.rate(account.currency, book.base_currency, day)
    inputs = [
        told("money", money, currency=account.currency, source="ledger", note=account.name),
        rate_told(rate, account.currency, book.base_currency),
    ]
    value = None if money is None or rate is None else rate.convert(money)
    return made("value", Operation.PRODUCT, value, inputs, currency=book.base_currency)
