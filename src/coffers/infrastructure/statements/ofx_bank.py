"""The STMTTRN records of bank and card statements, and of the cash of investment statements."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import repeat
from typing import Final

from coffers.domain.ledger.statements import ReportedTransaction
from coffers.domain.ledger.transactions import TYPE_OF, TransactionStatus
from coffers.infrastructure.statements.drafts import Draft, sealed
from coffers.infrastructure.statements.kinds import Book, kind_of_trntype
from coffers.infrastructure.statements.ofx_tags import Rows
from coffers.infrastructure.statements.reading import (
    MAX_DESCRIPTION_CHARACTERS,
    Reading,
    in_words,
)

_PENDING: Final = TransactionStatus.PENDING
_SETTLED: Final = TransactionStatus.SETTLED


class BankRows:
    """Reads the rows of one statement, amounts as signed by the bank (OFX 2.2, 3.2.9.2).

    Reads column by column, because a statement may have tens of thousands of rows.
    """

    def __init__(self, reading: Reading, *, currency: str, book: Book) -> None:
        self._reading = reading
        self._currency = currency
        self._book = book

    def settled(self, run: Rows, raws: Sequence[str]) -> list[ReportedTransaction]:
        """The movements of STMTTRN records, the first of them at the reading's current row."""
        movements = self._movements(run, raws, "DTPOSTED")
        if not any(run.having("CORRECTFITID")):
            return movements
        corrections = zip(run.column("CORRECTFITID"), run.column("CORRECTACTION"), strict=True)
        return [_corrected(row, *how) for row, how in zip(movements, corrections, strict=True)]

    def pending(self, run: Rows, raws: Sequence[str]) -> list[ReportedTransaction]:
        """The movements of STMTTRNP records, likewise."""
        movements = self._movements(run, raws, "DTTRAN")
        return [replace(movement, status=_PENDING) for movement in movements]

    def _movements(self, run: Rows, raws: Sequence[str], day: str) -> list[ReportedTransaction]:
        reading = self._reading
        trntypes = [trntype.upper() for trntype in run.column("TRNTYPE")]
        descriptions = _descriptions(run)
        amounts = reading.amounts(run.column("TRNAMT"), "TRNAMT")
        columns = zip(
            reading.identifiers(run.column("FITID"), "FITID"),
            map(kind_of_trntype, trntypes, amounts, descriptions, repeat(self._book)),
            [_PENDING if trntype == "HOLD" else _SETTLED for trntype in trntypes],
            amounts,
            self._currencies(run),
            descriptions,
            reading.days(run.column(day), day),
            range(reading.row, reading.row + len(run)),
            raws,
            strict=True,
        )
        # By position, the eight fields of trades left out: it is a tenth of the time of a row.
        no = None
        return sealed(
            [
                Draft(i, TYPE_OF[k], k, s, a, c, t, d, no, no, no, no, no, no, no, no, row, raw)
                for i, k, s, a, c, t, d, row, raw in columns
            ]
        )

    def _currencies(self, run: Rows) -> list[str]:
        if not any(run.having("CURRENCY")):
            return [self._currency] * len(run)
        pairs = zip(run.having("CURRENCY"), run.column("CURSYM"), strict=True)
        return [
            self._reading.currency(code, "CURSYM") if differs else self._currency
            for differs, code in pairs
        ]


def currency_of(fields: Mapping[str, str], default: str, reading: Reading) -> str:
    """The currency of a record's amounts; ORIGCURRENCY is only what they were converted from."""
    return reading.currency(fields.get("CURSYM", ""), "CURSYM") if "CURRENCY" in fields else default


def _descriptions(run: Rows) -> list[str]:
    names = run.column("NAME")
    if any(run.having("EXTDNAME")):
        names = [long or name for long, name in zip(run.column("EXTDNAME"), names, strict=True)]
    texts = list(map(in_words, names, run.column("MEMO")))
    if not all(texts):
        unnamed = zip(texts, run.column("TRNTYPE"), run.column("CHECKNUM"), strict=True)
        texts = [text or f"{kind.capitalize()} {number}".strip() for text, kind, number in unnamed]
    return [text[:MAX_DESCRIPTION_CHARACTERS] for text in texts]


def _corrected(row: ReportedTransaction, earlier: str, action: str) -> ReportedTransaction:
    """A correction (OFX 2.2, 11.4.2.3.1) takes the place of the earlier row, or cancels it."""
    if not earlier:
        return row
    if action.upper() == "DELETE":
        return replace(row, provider_transaction_id=earlier, status=TransactionStatus.CANCELLED)
    return replace(row, pending_transaction_id=earlier)
