"""The rows of edit plans: counted, hashed and packed as they come, a chunk at a time."""

import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Final
from uuid import UUID

from msgspec import Struct
from msgspec.msgpack import Decoder, Encoder

from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.annotations import AnnotatedTransaction, Annotation
from coffers.domain.ledger.entries import Entry
from coffers.domain.spending.edit_plans import CHUNK, PlanDigest, PlanKind, PlannedRow
from coffers.domain.spending.rewrites import EditVerdict, Rewrite
from coffers.domain.spending.transfers import Transfer

#: What is to be said of a movement.
Judgement = Callable[[AnnotatedTransaction], Annotation]

#: What becomes of an entry; None: nothing.
Rewriting = Callable[[Entry], PlannedRow | None]

#: Fast; a chunk shrinks to a fifth all the same.
LEVEL: Final = 1


class Draft:
    """A plan in the making: what becomes of the movements that were looked at so far."""

    def __init__(self, kind: PlanKind) -> None:
        self.looked_at = 0
        self.changed = 0
        self.fields: Counter[str] = Counter()
        #: By who says so: how many rows, and how often which field.
        self.rows_by: Counter[str] = Counter()
        self.fields_by: dict[str, Counter[str]] = {}
        self.category_ids: set[UUID] = set()
        #: The accounts of entries that are rewritten.
        self.account_ids: set[UUID] = set()
        #: These, as they were when it was judged.
        self.accounts: Mapping[UUID, Account] = {}
        #: Those that come back with what is undone.
        self.transfers: Sequence[Transfer] = ()
        self.verdicts: Counter[EditVerdict] = Counter()
        self._digest = PlanDigest(kind)
        self._packed: list[bytes] = []
        self._waiting: list[PlannedRow] = []

    def look(self, rows: Sequence[AnnotatedTransaction], judgement: Judgement) -> None:
        """The next movements, in the order of their ids."""
        self.looked_at += len(rows)
        for row in rows:
            after = judgement(row)
            if after != row.annotation:
                self.take(planned(row, after))

    def look_whole(self, rows: Sequence[Entry], rewriting: Rewriting) -> None:
        """The next entries, in the order of their ids."""
        self.looked_at += len(rows)
        for row in map(rewriting, rows):
            if row is not None:
                self.take(row)

    def take(self, row: PlannedRow) -> None:
        """The next movement of which something else is to be said, or why it stays as it is."""
        self._digest.add(row)
        self.verdicts[row.verdict] += 1
        if row.verdict.is_done:
            self._count(row)
        self._waiting.append(row)
        if len(self._waiting) == CHUNK:
            self._pack()

    @property
    def hash(self) -> str:
        """Of all rows so far."""
        return self._digest.text

    @property
    def chunks(self) -> list[bytes]:
        """All rows so far, packed, `CHUNK` in each but the last."""
        if self._waiting:
            self._pack()
        return self._packed

    def _count(self, row: PlannedRow) -> None:
        self.changed += 1
        if row.rewrite is not None:
            self.account_ids |= row.rewrite.account_ids
        changes = list(row.changes())
        self.fields.update(changes)
        self.category_ids |= _categories(row)
        speakers = [(row.after.annotated_by.get(name), name) for name in changes]
        self.rows_by.update({speaker for speaker, _ in speakers if speaker})
        for speaker, name in speakers:
            if speaker:
                self.fields_by.setdefault(speaker, Counter())[name] += 1

    def _pack(self) -> None:
        self._packed.append(packed(self._waiting))
        self._waiting = []


def _categories(row: PlannedRow) -> set[UUID]:
    """Those that it names from now on."""
    if row.verdict is EditVerdict.DELETED:
        return set()
    parts = (each.category_id for each in row.after.splits)
    return {each for each in (row.after.category_id, *parts) if each is not None}


def planned(row: AnnotatedTransaction, after: Annotation) -> PlannedRow:
    """The movement, and what is to be said of it."""
    return PlannedRow(
        id=row.id,
        version=row.version,
        transaction_date=row.transaction_date,
        description=row.description,
        amount=format(row.amount, "f"),
        currency=row.currency,
        before=row.annotation,
        after=after,
    )


def packed(rows: Sequence[PlannedRow]) -> bytes:
    """Rows of a plan, compact; the parts of split movements are only in rewrites."""
    return zlib.compress(_encode([_packed(row) for row in rows]), LEVEL)


def unpacked(chunk: bytes) -> list[PlannedRow]:
    """The rows again."""
    return [_unpacked(row) for row in _DECODER.decode(zlib.decompress(chunk))]


class _Said(Struct, frozen=True, omit_defaults=True, gc=False):
    category_id: UUID | None = None
    merchant: str | None = None
    notes: str | None = None
    tags: tuple[str, ...] = ()
    is_ignored: bool = False
    is_transfer: bool = False
    annotated_by: dict[str, str] = {}


class _Row(Struct, frozen=True, array_like=True):
    id: UUID
    version: int
    transaction_date: date
    description: str
    amount: str
    currency: str
    before: _Said
    after: _Said
    #: What came later stands last: older chunks end before it.
    verdict: EditVerdict = EditVerdict.CHANGED
    rewrite: Rewrite | None = None


_encode: Final = Encoder().encode
_DECODER: Final = Decoder(list[_Row])
_TRANSFERS: Final = Decoder(list[Transfer])


def packed_transfers(transfers: Iterable[Transfer]) -> bytes:
    """The transfers that went with what a plan did."""
    return zlib.compress(_encode(list(transfers)), LEVEL)


def unpacked_transfers(kept: bytes) -> list[Transfer]:
    """The transfers again."""
    return _TRANSFERS.decode(zlib.decompress(kept))


def _packed(row: PlannedRow) -> _Row:
    facts = (row.id, row.version, row.transaction_date, row.description, row.amount, row.currency)
    return _Row(*facts, _said(row.before), _said(row.after), row.verdict, row.rewrite)


def _unpacked(row: _Row) -> PlannedRow:
    facts = (row.id, row.version, row.transaction_date, row.description, row.amount, row.currency)
    said = _annotation(row.before), _annotation(row.after)
    if row.rewrite is not None:
        said = row.rewrite.one.annotation, (row.rewrite.after or row.rewrite.one).annotation
    return PlannedRow(*facts, *said, row.verdict, row.rewrite)


def _said(annotation: Annotation) -> _Said:
    return _Said(
        annotation.category_id,
        annotation.merchant,
        annotation.notes,
        annotation.tags,
        annotation.is_ignored,
        annotation.is_transfer,
        dict(annotation.annotated_by),
    )


def _annotation(said: _Said) -> Annotation:
    return Annotation(
        category_id=said.category_id,
        merchant=said.merchant,
        notes=said.notes,
        tags=said.tags,
        is_ignored=said.is_ignored,
        is_transfer=said.is_transfer,
        annotated_by=said.annotated_by,
    )
