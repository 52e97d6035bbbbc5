"""What a movement is: the words of the files in the ledger's terms."""

import re
from decimal import Decimal
from enum import StrEnum
from typing import Final

from coffers.domain.ledger.transactions import TYPE_OF
from coffers.domain.ledger.transactions import TransactionSubtype as Sub
from coffers.domain.ledger.transactions import TransactionType as Type


class Book(StrEnum):
    """The kind of account that a row stands in: it decides what money in or out usually is."""

    BANK = "bank"
    CARD = "card"
    INVESTMENT = "investment"


#: OFX 2.2, 11.4.2.3.1.1 (TRNTYPE): what it is when money comes in, and when it goes out.
_TRNTYPES: Final[dict[str, tuple[Sub, Sub]]] = {
    "ATM": (Sub.DEPOSIT, Sub.ATM),
    "CASH": (Sub.DEPOSIT, Sub.WITHDRAWAL),
    "CHECK": (Sub.DEPOSIT, Sub.CHECK),
    "DIRECTDEBIT": (Sub.PAYMENT, Sub.PAYMENT),
    "DIRECTDEP": (Sub.SALARY, Sub.SALARY),
    "DIV": (Sub.DIVIDEND, Sub.DIVIDEND),
    "FEE": (Sub.ACCOUNT_FEE, Sub.ACCOUNT_FEE),
    "HOLD": (Sub.DEPOSIT, Sub.PURCHASE),
    "INT": (Sub.INTEREST, Sub.OTHER_FEE),
    "PAYMENT": (Sub.TRANSFER_IN, Sub.PAYMENT),
    "POS": (Sub.PURCHASE, Sub.PURCHASE),
    "REPEATPMT": (Sub.PAYMENT, Sub.PAYMENT),
    "SRVCHG": (Sub.ACCOUNT_FEE, Sub.ACCOUNT_FEE),
    "XFER": (Sub.TRANSFER_IN, Sub.TRANSFER_OUT),
}
#: These TRNTYPEs say no more than the sign does; the description may know better.
_VAGUE: Final[dict[Book, tuple[Sub, Sub]]] = {
    Book.BANK: (Sub.DEPOSIT, Sub.PAYMENT),
    Book.CARD: (Sub.PURCHASE, Sub.PURCHASE),
    Book.INVESTMENT: (Sub.DEPOSIT, Sub.WITHDRAWAL),
}
_SAYS_DIRECTION: Final = frozenset({"CREDIT", "DEBIT", "DEP"})

_COMING: Final = frozenset({Sub.BUY, Sub.BUY_TO_COVER, Sub.ASSIGNMENT, Sub.TRANSFER_IN})
_LEAVING: Final = frozenset({Sub.SELL, Sub.SHORT_SELL, Sub.EXERCISE, Sub.TRANSFER_OUT})
_MOVING: Final = frozenset({Type.TRADE, Type.TRANSFER})

_WORDS: Final = re.compile(
    r"\b(?:(?P<dividend>DIVIDENDS?|DIV)|(?P<interest>INTEREST)|(?P<salary>PAYROLL|SALARY PAY\w*)"
    r"|(?P<payment>(?:AUTO)?PAYMENT)"
    r"|(?P<fee>(?:SERVICE|MONTHLY|MAINTENANCE|ANNUAL|LATE|OVERDRAFT|NSF|RETURNED|WIRE|ATM"
    r"|TRANSACTION|ADVISORY|MANAGEMENT|SETTLEMENT|ACCOUNT) (?:\w+ ){0,2}FEES?))\b"
)


def moved(quantity: Decimal | None, subtype: Sub) -> Decimal | None:
    """What such a movement adds to the position; None where no securities move at all."""
    if quantity is None or TYPE_OF[subtype] not in _MOVING:
        return None
    if subtype in _COMING:
        return abs(quantity)
    return -abs(quantity) if subtype in _LEAVING else quantity


def kind_of_trntype(trntype: str, amount: Decimal, description: str, book: Book) -> Sub:
    """What a row of this TRNTYPE is; a dividend is one even where the bank calls it a credit."""
    known = _TRNTYPES.get(trntype)
    if known is not None:
        return known[amount < 0]
    return kind_of_words(description, amount, book) or (
        _VAGUE[book][amount < 0] if trntype in _SAYS_DIRECTION else Sub.UNKNOWN
    )


def kind_of_sign(description: str, amount: Decimal, book: Book) -> Sub:
    """What a row is of which nothing but its words and its sign are known."""
    return kind_of_words(description, amount, book) or _VAGUE[book][amount < 0]


def kind_of_words(description: str, amount: Decimal, book: Book) -> Sub | None:
    """What the description says that it is, None when it says nothing certain."""
    words = description.upper()
    # Most descriptions say nothing, and the pattern is slow to find that out.
    if not ("PAY" in words or "DIV" in words or "FEE" in words or "INTEREST" in words):
        return None
    match = _WORDS.search(words)
    reader = _BY_WORD.get(match.lastgroup or "") if match else None
    return reader(amount, book) if reader else None


def _dividend(amount: Decimal, book: Book) -> Sub | None:
    return Sub.DIVIDEND if amount > 0 or book is Book.INVESTMENT else None


def _interest(amount: Decimal, book: Book) -> Sub | None:
    if amount < 0:
        return Sub.MARGIN_INTEREST if book is Book.INVESTMENT else Sub.OTHER_FEE
    return Sub.INTEREST


def _salary(amount: Decimal, _book: Book) -> Sub | None:
    return Sub.SALARY if amount > 0 else None


def _payment(amount: Decimal, book: Book) -> Sub | None:
    return Sub.TRANSFER_IN if amount > 0 and book is Book.CARD else None


def _fee(_amount: Decimal, _book: Book) -> Sub | None:
    return Sub.OTHER_FEE


_BY_WORD: Final = {
    "dividend": _dividend,
    "interest": _interest,
    "salary": _salary,
    "payment": _payment,
    "fee": _fee,
}
