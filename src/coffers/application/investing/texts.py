"""Amounts as they go out."""

from decimal import Decimal

from coffers.domain.markets.rates import rounded
from coffers.domain.money import money_digits, quantity_digits


def money_text(amount: Decimal | None, currency: str) -> str | None:
    """To the currency's minor units, halves away from zero; None stays None."""
    return (
        None if amount is None else format(money_digits(rounded(amount, currency), currency), "f")
    )


def quantity_text(quantity: Decimal) -> str:
    """With the contract's digits."""
    return format(quantity_digits(quantity), "f")
