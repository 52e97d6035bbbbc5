"""What kind of movement it is, where the provider's own code leaves it open."""

import re
from decimal import Decimal
from typing import Final

from coffers.domain.transactions import TransactionSubtype, TransactionType

Kind = tuple[TransactionType, TransactionSubtype]

UNKNOWN: Final = (TransactionType.OTHER, TransactionSubtype.UNKNOWN)
ADJUSTMENT: Final = (TransactionType.OTHER, TransactionSubtype.ADJUSTMENT)
JOURNAL: Final = (TransactionType.OTHER, TransactionSubtype.JOURNAL)
DEPOSIT: Final = (TransactionType.TRANSFER, TransactionSubtype.DEPOSIT)
WITHDRAWAL: Final = (TransactionType.TRANSFER, TransactionSubtype.WITHDRAWAL)
TRANSFER_IN: Final = (TransactionType.TRANSFER, TransactionSubtype.TRANSFER_IN)
TRANSFER_OUT: Final = (TransactionType.TRANSFER, TransactionSubtype.TRANSFER_OUT)
DIVIDEND: Final = (TransactionType.INCOME, TransactionSubtype.DIVIDEND)
INTEREST: Final = (TransactionType.INCOME, TransactionSubtype.INTEREST)
CAPITAL_GAIN: Final = (TransactionType.INCOME, TransactionSubtype.CAPITAL_GAIN)
RETURN_OF_CAPITAL: Final = (TransactionType.INCOME, TransactionSubtype.RETURN_OF_CAPITAL)
MARGIN_INTEREST: Final = (TransactionType.FEE, TransactionSubtype.MARGIN_INTEREST)
OTHER_FEE: Final = (TransactionType.FEE, TransactionSubtype.OTHER_FEE)

#: The words of statements, the most telling first; whole words, since there is also Pinterest.
_INCOME_WORDS: Final = (
    (re.compile(r"\bRETURN OF CAPITAL\b"), RETURN_OF_CAPITAL),
    (re.compile(r"\bCAP(ITAL)? GAINS?\b"), CAPITAL_GAIN),
    (re.compile(r"\bDIVIDENDS?\b"), DIVIDEND),
    (re.compile(r"\bINTEREST\b"), INTEREST),
)


def cash_flow(amount: Decimal) -> Kind:
    """Tell a deposit from a withdrawal by its sign."""
    return WITHDRAWAL if amount < 0 else DEPOSIT


def delivery(quantity: Decimal) -> Kind:
    """Tell securities that come in from those that leave by their sign."""
    return TRANSFER_OUT if quantity < 0 else TRANSFER_IN


def income_in(description: str) -> Kind | None:
    """Find the kind of income that a description names; None when it names none."""
    words = description.upper()
    return next((kind for word, kind in _INCOME_WORDS if word.search(words)), None)


def interest(amount: Decimal) -> Kind:
    """Interest that is paid rather than earned is the price of a margin loan."""
    return MARGIN_INTEREST if amount < 0 else INTEREST
