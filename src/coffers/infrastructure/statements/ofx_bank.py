"""The STMTTRN records of bank and card statements, and of the cash of investment statements."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from coffers.domain.statements import ReportedTransaction
from coffers.domain.transactions import TransactionStatus
from coffers.infrastructure.statements.drafts import Draft, sealed
from coffers.infrastructure.statements.kinds import TYPE_OF, Book, kind_of_trntype
from coffers.infrastructure.statements.reading import MAX_DESCRIPTION_CHARACTERS, Reading

_PENDING: Final = TransactionStatus.PENDING
_SETTLED: Final = TransactionStatus.SETTLED


class BankRows:
    """Reads the rows of one statement, amounts as signed by the bank (OFX 2.2, 3.2.9.2)."""

    def __init__(self, reading: Reading, *, currency: str, book: Book) -> None:
        self._reading = reading
        self._currency = currency
        self._book = book

    def settled(self, fields: Mapping[str, str], raw: str) -> ReportedTransaction:
        """The movement of a STMTTRN; a HOLD is pending."""
        row = self._movement(fields, raw, "DTPOSTED")
        if "CORRECTFITID" in fields:
            return _corrected(row, fields)
        return row

    def pending(self, fields: Mapping[str, str], raw: str) -> ReportedTransaction:
        """The movement of a STMTTRNP."""
        row = self._movement(fields, raw, "DTTRAN")
        return replace(row, status=TransactionStatus.PENDING)

    def _movement(self, fields: Mapping[str, str], raw: str, day: str) -> ReportedTransaction:
        reading, get = self._reading, fields.get
        amount = reading.amount(get("TRNAMT", ""), "TRNAMT")
        trntype, description = get("TRNTYPE", ""), described_by(fields)
        subtype = kind_of_trntype(trntype, amount, description, self._book)
        currency = self._currency
        if "CURRENCY" in fields:
            currency = currency_of(fields, currency, reading)
        draft = Draft(
            reading.identifier(get("FITID"), "FITID"),
            TYPE_OF[subtype],
            subtype,
            _PENDING if trntype == "HOLD" else _SETTLED,
            amount,
            currency,
            description,
            reading.day(get(day, ""), day),
            row=reading.row,
            raw=raw,
        )
        draft.__class__ = ReportedTransaction
        return draft


def currency_of(fields: Mapping[str, str], default: str, reading: Reading) -> str:
    """The currency of a record's amounts. (ORIGCURRENCY only tells what they were converted from.)"""
    return reading.currency(fields.get("CURSYM", ""), "CURSYM") if "CURRENCY" in fields else default


def described_by(fields: Mapping[str, str]) -> str:
    """The words for a record: name and memo, once each; else what else there is."""
    name = fields.get("EXTDNAME") or fields.get("NAME", "")
    memo = fields.get("MEMO", "")
    if memo in name:
        text = name or _unnamed(fields)
    else:
        text = memo if name in memo else f"{name} {memo}"
    return text if len(text) <= MAX_DESCRIPTION_CHARACTERS else text[:MAX_DESCRIPTION_CHARACTERS]


def _unnamed(fields: Mapping[str, str]) -> str:
    words = (fields.get("TRNTYPE", "").capitalize(), fields.get("CHECKNUM", ""))
    return " ".join(filter(None, words))


def _corrected(row: ReportedTransaction, fields: Mapping[str, str]) -> ReportedTransaction:
    """A correction of an earlier row (OFX 2.2, 11.4.2.3.1): it takes that row's place, or cancels it."""
    earlier = fields["CORRECTFITID"]
    if fields.get("CORRECTACTION", "").upper() == "DELETE":
        return replace(row, provider_transaction_id=earlier, status=TransactionStatus.CANCELLED)
    return replace(row, pending_transaction_id=earlier)
