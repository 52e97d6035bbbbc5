"""Sums per currency: amounts of different currencies are never added."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal, localcontext

from coffers.application.views import DecimalText
from coffers.domain.money import EXACT


def by_currency(amounts: Iterable[tuple[str, str | None]]) -> dict[str, DecimalText]:
    """The exact sum of each currency's amounts, by code; None is not an amount."""
    texts: dict[str, list[str]] = defaultdict(list)
    for currency, amount in amounts:
        if amount is not None:
            texts[currency].append(amount)
    with localcontext(EXACT):
        sums = {currency: sum(map(Decimal, texts[currency])) for currency in sorted(texts)}
    return {currency: format(total, "f") for currency, total in sums.items()}
