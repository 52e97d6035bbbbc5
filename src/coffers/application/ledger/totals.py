"""Sums per currency: amounts of different currencies are never added."""

from collections.abc import Mapping, Sequence
from decimal import Decimal, localcontext

from coffers.application.views import DecimalText
from coffers.domain.money import EXACT


def by_currency(currencies: Sequence[str], amounts: Sequence[str]) -> dict[str, DecimalText]:
    """The exact sum of each currency's amounts, by code; `currencies` are those of the amounts."""
    texts: dict[str, Sequence[str]] = {code: [] for code in sorted(set(currencies))}
    if len(texts) == 1:
        texts[currencies[0]] = amounts
    else:
        for code in texts:
            pairs = zip(currencies, amounts, strict=True)
            texts[code] = [amount for currency, amount in pairs if currency == code]
    with localcontext(EXACT):
        return {code: format(sum(map(Decimal, texts[code])), "f") for code in texts}


def less(totals: Mapping[str, str], others: Mapping[str, str]) -> dict[str, DecimalText]:
    """The first totals less the others, which know the same currencies."""
    return {
        code: format(EXACT.subtract(Decimal(total), Decimal(others[code])), "f")
        for code, total in totals.items()
    }
