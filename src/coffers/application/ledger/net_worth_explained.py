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
from coffers.domain.money import known_total, total_of

ZERO: Final = Decimal(0)
CONVENTION: Final = (
    "Balances as last told, at the last rate known on the day, at most seven days old; foreign"
    " money is rounded once, halves away from zero."
)


@dataclass(frozen=True, slots=True)
class ToldBalance:
    """What an active account holds, who says so, and since when."""

    account: str
    source: str
    currency: str
    balance: Decimal
    day: date


def explained(balances: Sequence[ToldBalance], base: str, book: RateBook, day: date) -> Explanation:
    """What is held in the base currency, and what is held in others in its minor units."""
    parts, values = [], list[Decimal | None]()
    for code in sorted({each.currency for each in balances} - {base}):
        total, rate = _total(balances, code), book.rate(code, base, day)
        value = _value(total, rate)
        inputs = [_held(balances, code, total), rate_told(rate, code, base)]
        parts.append(made("in_base", Operation.PRODUCT, value, inputs, currency=base))
        values.append(value)
    own, foreign = _total(balances, base), in_cents("foreign", parts, values, base)
    whole = known_total([own, None if foreign.value is None else Decimal(foreign.value)])
    inputs = [_held(balances, base, own), foreign]
    tree = made("net_worth", Operation.SUM, whole, inputs, currency=base, as_of=day)
    return replace(tree, note=CONVENTION)


def _total(balances: Sequence[ToldBalance], code: str) -> Decimal:
    return total_of(each.balance for each in balances if each.currency == code)


def _value(total: Decimal, rate: Rate | None) -> Decimal | None:
    """Nothing is worth nothing, whatever its rate."""
    if not total:
        return ZERO
    return None if rate is None else rate.convert(total)


def _held(balances: Sequence[ToldBalance], code: str, total: Decimal) -> Explanation:
    leaves = [
        told(
            "balance",
            each.balance,
            currency=code,
            as_of=each.day,
            source=each.source,
            note=each.account,
        )
        for each in balances
        if each.currency == code
    ]
    return made("held", Operation.SUM, total, leaves, currency=code)
