"""Verdicts: what each row of a file is to a ledger that has seen others."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple
from uuid import UUID

from coffers.domain.ledger.statements import ReportedTransaction
from coffers.domain.ledger.tombstones import Burial
from coffers.domain.ledger.transactions import SETTLES_WITHIN, TransactionStatus, paired


class Verdict(StrEnum):
    """What applying the plan does with a row."""

    NEW = "new"
    DUPLICATE = "duplicate"
    UPDATE = "update"
    CONFLICT = "conflict"
    IGNORED = "ignored"


class KnownMovement(NamedTuple):
    """What the ledger has already; a tuple, because a long history has tens of thousands.

    `is_foreign`: it came from a provider or by hand, not from a file.
    """

    id: UUID
    provider_transaction_id: str | None
    fingerprint: str | None
    amount: Decimal
    currency: str
    transaction_date: date
    status: TransactionStatus
    is_foreign: bool


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger has of an account, and how often it gave up which identity there."""

    movements: Sequence[KnownMovement] = ()
    buried: Mapping[tuple[Burial, str], int] = field(default_factory=dict)


class Ruling(NamedTuple):
    """The verdict on one row, in words too; `transaction_id` is the movement that it concerns."""

    verdict: Verdict
    reason: str
    transaction_id: UUID | None = None


class _Open(NamedTuple):
    """A row of which nothing is known by its identity; `place` is its position."""

    place: int
    amount: Decimal
    currency: str
    transaction_date: date
    status: TransactionStatus
    has_id: bool
    link: str | None


_NEW: Final = Ruling(Verdict.NEW, "")
_DELETED: Final = Ruling(Verdict.IGNORED, "deleted")
_POSTED_SINCE: Final = Ruling(Verdict.DUPLICATE, "posted since")
_PENDING: Final = TransactionStatus.PENDING


def fingerprint(row: ReportedTransaction) -> str | None:
    """What stands in for an id within an account: SHA-256 of the row as its file wrote it.

    None for a row with an id of the source's own.
    """
    if row.provider_transaction_id:
        return None
    return hashlib.sha256(row.raw.encode()).hexdigest()


def judge(
    rows: Sequence[ReportedTransaction], marks: Sequence[str | None], known: Known
) -> list[Ruling]:
    """One ruling a row, in the rows' order; each known movement answers for one row at most.

    An id of the source's own decides first: the same id with another amount, currency or, by more
    than eight days, another date is a conflict and changes nothing. Rows without one are counted by
    their marks, the fingerprints: as many are duplicates as the ledger has, as many ignored as the
    owner deleted. Of the others, one that settles a pending movement of a file updates it; one that
    another source told of, by day and amount, is its duplicate; the rest are new.
    """
    rulings, open_rows, claimed = _by_identity(rows, marks, known)
    free = [one for one in known.movements if one.id not in claimed]
    if open_rows and free:
        _Matching(open_rows, free, rulings).run()
    return [ruling or _NEW for ruling in rulings]


def _by_identity(
    rows: Sequence[ReportedTransaction], marks: Sequence[str | None], known: Known
) -> tuple[list[Ruling | None], list[_Open], set[UUID | None]]:
    identities = _Identities(known)
    rulings: list[Ruling | None] = []
    open_rows = []
    for place, (row, mark) in enumerate(zip(rows, marks, strict=True)):
        own_id = row.provider_transaction_id
        ruling = identities.by_id(row, own_id) if own_id else identities.by_mark(mark or "")
        rulings.append(ruling)
        if ruling is None:
            open_rows.append(_open(place, row))
    return rulings, open_rows, {ruling.transaction_id for ruling in rulings if ruling}


def _open(place: int, row: ReportedTransaction) -> _Open:
    return _Open(
        place,
        row.amount,
        row.currency,
        row.transaction_date,
        row.status,
        bool(row.provider_transaction_id),
        row.pending_transaction_id,
    )


class _Identities:
    """The ledger by what its movements are, or were, called."""

    def __init__(self, known: Known) -> None:
        self._buried = Counter(known.buried)
        self._by_id: dict[str, KnownMovement] = {}
        self._by_mark: dict[str, list[KnownMovement]] = defaultdict(list)
        for one in reversed(known.movements):
            if one.provider_transaction_id:
                self._by_id[one.provider_transaction_id] = one
            elif one.fingerprint:
                self._by_mark[one.fingerprint].append(one)

    def by_id(self, row: ReportedTransaction, own_id: str) -> Ruling | None:
        """What a row with this id is, None if the id is unknown."""
        known = self._by_id.get(own_id)
        if known is None:
            return self._by_grave(own_id) if self._buried else None
        if (known.amount, known.currency) != (row.amount, row.currency):
            return Ruling(Verdict.CONFLICT, "the id is known with another amount", known.id)
        if abs(known.transaction_date - row.transaction_date) > SETTLES_WITHIN:
            return Ruling(Verdict.CONFLICT, "the id is known with another date", known.id)
        if known.status is _PENDING and row.status is not _PENDING:
            return Ruling(Verdict.UPDATE, row.status.value, known.id)
        return Ruling(Verdict.DUPLICATE, "imported before", known.id)

    def by_mark(self, mark: str) -> Ruling | None:
        """What one more row with this fingerprint is, None if there are more than are known."""
        known = self._by_mark.get(mark)
        if known:
            return Ruling(Verdict.DUPLICATE, "imported before", known.pop().id)
        if self._dug_up(Burial.SETTLED_FINGERPRINT, mark):
            return _POSTED_SINCE
        return _DELETED if self._dug_up(Burial.DELETED_FINGERPRINT, mark) else None

    def _by_grave(self, own_id: str) -> Ruling | None:
        if (Burial.DELETED_ID, own_id) in self._buried:
            return _DELETED
        return _POSTED_SINCE if (Burial.SETTLED_ID, own_id) in self._buried else None

    def _dug_up(self, burial: Burial, mark: str) -> bool:
        if not self._buried[burial, mark]:
            return False
        self._buried[burial, mark] -= 1
        return True


class _Matching:
    """Rows and movements that have nothing but day and amount in common."""

    def __init__(
        self,
        open_rows: Sequence[_Open],
        free: Sequence[KnownMovement],
        rulings: list[Ruling | None],
    ) -> None:
        self._open = open_rows
        self._free = free
        self._rulings = rulings
        self._taken: set[UUID] = set()

    def run(self) -> None:
        """Rule on all that match, the more certain ways first."""
        self._settle_linked()
        self._match_days()
        own = [one for one in self._left() if one.status is _PENDING and not one.is_foreign]
        self._pair(own, self._posted(), Verdict.UPDATE, "settled")
        told = [one for one in self._left() if one.status is _PENDING and one.is_foreign]
        self._pair(told, self._posted(), Verdict.DUPLICATE, "pending at its provider")
        posted = [one for one in self._left() if one.status is TransactionStatus.SETTLED]
        waiting = [row for row in self._waiting() if row.status is _PENDING]
        for row, movement in paired(waiting, posted):
            self._rule(row, movement, Verdict.DUPLICATE, "posted since")

    def _settle_linked(self) -> None:
        pending = {
            one.provider_transaction_id: one
            for one in self._free
            if one.status is _PENDING and not one.is_foreign
        }
        for row in self._posted():
            movement = pending.pop(row.link, None) if row.link else None
            if movement is not None:
                self._rule(row, movement, Verdict.UPDATE, "settled")

    def _match_days(self) -> None:
        """Another source told of it: a provider, its owner, or a file with other identities."""
        by_day: dict[tuple[object, ...], list[KnownMovement]] = defaultdict(list)
        for one in reversed(self._left()):
            for has_id in _answers_for(one):
                by_day[(*_day_and_amount(one), has_id)].append(one)
        for row in self._waiting():
            candidates = by_day.get((*_day_and_amount(row), row.has_id), [])
            while candidates and candidates[-1].id in self._taken:
                candidates.pop()
            if candidates:
                reason = "known from another source"
                self._rule(row, candidates.pop(), Verdict.DUPLICATE, reason)

    def _pair(
        self,
        movements: Sequence[KnownMovement],
        rows: Iterable[_Open],
        verdict: Verdict,
        reason: str,
    ) -> None:
        if movements:
            for movement, row in paired(movements, list(rows)):
                self._rule(row, movement, verdict, reason)

    def _rule(self, row: _Open, movement: KnownMovement, verdict: Verdict, reason: str) -> None:
        self._taken.add(movement.id)
        self._rulings[row.place] = Ruling(verdict, reason, movement.id)

    def _left(self) -> list[KnownMovement]:
        return [one for one in self._free if one.id not in self._taken]

    def _waiting(self) -> Iterator[_Open]:
        return (row for row in self._open if self._rulings[row.place] is None)

    def _posted(self) -> Iterator[_Open]:
        return (row for row in self._waiting() if row.status is TransactionStatus.SETTLED)


def _answers_for(movement: KnownMovement) -> Sequence[bool]:
    """Rows of which kind, with an id or without, may be this movement under another name."""
    if movement.is_foreign:
        return (True, False)
    return (not movement.provider_transaction_id,)


def _day_and_amount(one: KnownMovement | _Open) -> tuple[object, ...]:
    return (one.transaction_date, one.amount, one.currency, one.status)
