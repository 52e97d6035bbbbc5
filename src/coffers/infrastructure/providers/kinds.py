"""What kind of movement it is, where the provider's own code leaves it open."""

import re
from decimal import Decimal
from typing import Final

from coffers.domain.ledger.transactions import TransactionSubtype as Sub

#: The words of statements, the most telling first; whole words, since there is also Pinterest.
_INCOME_WORDS: Final = (
    (re.compile(r"\bRETURN OF CAPITAL\b"), Sub.RETURN_OF_CAPITAL),
    (re.compile(r"\bCAP(ITAL)? GAINS?\b"), Sub.CAPITAL_GAIN),
    (re.compile(r"\bDIVIDENDS?\b"), Sub.DIVIDEND),
    (re.compile(r"\bINTEREST\b"), Sub.INTEREST),
)


def cash_flow(amount: Decimal) -> Sub:
    """Tell a deposit from a withdrawal by its sign."""
    return Sub.WITHDRAWAL if amount < 0 else Sub.DEPOSIT


def delivery(quantity: Decimal) -> Sub:
    """Tell what comes in from what leaves by its sign."""
    return Sub.TRANSFER_OUT if quantity < 0 else Sub.TRANSFER_IN


def income_in(description: str) -> Sub | None:
    """Find the kind of income that a description names; None when it names none."""
    words = description.upper()
    return next((kind for word, kind in _INCOME_WORDS if word.search(words)), None)


def interest(amount: Decimal) -> Sub:
    """Interest that is paid rather than earned is the price of a margin loan."""
    return Sub.MARGIN_INTEREST if amount < 0 else Sub.INTEREST
