"""The records of QIF bank, card, cash and loan accounts."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final, NamedTuple

from coffers.domain.ledger.statements import ReportedTransaction
from coffers.domain.ledger.transactions import TYPE_OF, TransactionStatus
from coffers.domain.ledger.transactions import TransactionSubtype as Sub
from coffers.infrastructure.statements.kinds import Book, kind_of_sign
from coffers.infrastructure.statements.reading import Reading, described, in_words

_OPENING_BALANCE: Final = "opening balance"
#: What the number field holds instead of a check's number.
_NUMBERS: Final[dict[str, tuple[Sub, Sub]]] = {
    "ATM": (Sub.DEPOSIT, Sub.ATM),
    "DEP": (Sub.DEPOSIT, Sub.WITHDRAWAL),
    "EFT": (Sub.DEPOSIT, Sub.PAYMENT),
    "TXFR": (Sub.TRANSFER_IN, Sub.TRANSFER_OUT),
    "XFER": (Sub.TRANSFER_IN, Sub.TRANSFER_OUT),
}


class Record(NamedTuple):
    """The lines between two "^", each a letter and its value; `row` is where the first stands."""

    row: int
    lines: Sequence[str]

    def value(self, code: str) -> str:
        """The value of the first line with this letter, "" if there is none."""
        return next((line[1:].strip() for line in self.lines if line[0] == code), "")

    @property
    def raw(self) -> str:
        """The record as the source wrote it."""
        return "|".join(self.lines)


class BankRows:
    """Reads the records of one account. Of split ones the total counts."""

    def __init__(self, reading: Reading, currency: str, *, is_card: bool) -> None:
        self._reading = reading
        self._currency = currency
        self._book = Book.CARD if is_card else Book.BANK

    def read(self, record: Record) -> list[ReportedTransaction]:
        """The movement of a record."""
        reading = self._reading
        reading.begin_row(record.row)
        reading.check_text(record.raw, "row")
        amount = reading.amount(record.value("T") or record.value("U"), "T")
        subtype = self._subtype(record, amount)
        return [
            ReportedTransaction(
                provider_transaction_id=None,
                transaction_type=TYPE_OF[subtype],
                subtype=subtype,
                status=TransactionStatus.SETTLED,
                amount=amount,
                currency=self._currency,
                description=described(in_words(record.value("P"), record.value("M"))),
                transaction_date=reading.day(record.value("D"), "D"),
                row=record.row,
                raw=record.raw,
            )
        ]

    def _subtype(self, record: Record, amount: Decimal) -> Sub:
        number, payee = record.value("N"), record.value("P")
        if payee.casefold() == _OPENING_BALANCE:
            return Sub.ADJUSTMENT
        if record.value("L").startswith("["):
            return Sub.TRANSFER_OUT if amount < 0 else Sub.TRANSFER_IN
        if number.isdecimal() and amount < 0:
            return Sub.CHECK
        kinds = _NUMBERS.get(number.upper())
        words = in_words(payee, record.value("M"))
        return kinds[amount < 0] if kinds else kind_of_sign(words, amount, self._book)
