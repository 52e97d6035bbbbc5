"""Why the net worth is what it is: balances, added by currency, at the rates of the day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from coffers.application.explanations import (
    Explanation,
    Operation,
    in_cents,
    made,
    rate_told,
    told,
)
from coffers.domain.markets.rates import Rate, RateBook
from coffers.domain.money import known_total

CONVENTION: Final = (
    "Balances as last told, and what is held apart from them at its last price; at the last rate"
    " known on the day, at most seven days old. Values, and foreign money as a whole, are rounded"
    " once, halves away from zero."
)


@dataclass(frozen=True, slots=True)
class ToldBalance:
    """What an active account holds, who says so, and since when."""

    account: str
    source: str
    currency: str
    balance: Decimal
    day: date


@dataclass(frozen=True, slots=True)
class ToldAmount:
    """Something in a currency, None where it is not known, and how it comes about."""

    currency: str
    amount: Decimal | None
    tree: Explanation


def balance_told(each: ToldBalance) -> ToldAmount:
    """An account's balance."""
    tree = told(
        "balance",
        each.balance,
        currency=each.currency,
        as_of=each.day,
        source=each.source,
        note=each.account,
    )
    return ToldAmount(each.currency, each.balance, tree)


def explained(amounts: Sequence[ToldAmount], base: str, book: RateBook, day: date) -> Explanation:
    """What is held in the base currency, and what is held in others in its minor units."""
    parts, values = [], list[Decimal | None]()
    for code in sorted({each.currency for each in amounts} - {base}):
        total, rate = _total(amounts, code), book.rate(code, base, day)
        value = _value(total, rate)
        inputs = [_held(amounts, code, total), rate_told(rate, code, base)]
        parts.append(made("in_base", Operation.PRODUCT, value, inputs, currency=base))
        values.append(value)
    own, foreign = _total(amounts, base), in_cents("foreign", parts, values, base)
    whole = known_total([own, None if foreign.value is None else Decimal(foreign.value)])
    inputs = [_held(amounts, base, own), foreign]
    tree = made("net_worth", Operation.SUM, whole, inputs, currency=base, as_of=day)
    return replace(tree, note=CONVENTION)


def _total(amounts: Sequence[ToldAmount], code: str) -> Decimal | None:
    return known_total(each.amount for each in amounts if each.currency == code)


def _value(total: Decimal | None, rate: Rate | None) -> Decimal | None:
    """Nothing is worth nothing, whatever its rate."""
    if total is None or not total:
        return total
    return None if rate is None else rate.convert(total)


def _held(amounts: Sequence[ToldAmount], code: str, total: Decimal | None) -> Explanation:
    leaves = [each.tree for each in amounts if each.currency == code]
    return made("held", Operation.SUM, total, leaves, currency=code)
