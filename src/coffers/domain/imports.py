"""Imports: a file becomes a plan with a verdict per row; the plan is applied, and can be taken back."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from coffers.domain.accounts import Account
from coffers.domain.errors import Conflict, Invalid, NotFound
from coffers.domain.ids import UserId
from coffers.domain.statements import ReportedTransaction
from coffers.domain.transactions import PendingMovement, TransactionStatus, settle

#: Applying and reverting keep what was there before as images of rows: column → JSON value.
Image = dict[str, object]


class Verdict(StrEnum):
    """What applying the plan does with a row."""

    NEW = "new"
    DUPLICATE = "duplicate"
    UPDATE = "update"
    CONFLICT = "conflict"
    IGNORED = "ignored"


class ImportStatus(StrEnum):
    """Where an import stands."""

    PLANNED = "planned"
    APPLIED = "applied"
    REVERTED = "reverted"


@dataclass(frozen=True, slots=True)
class KnownMovement:
    """What the ledger has already. `is_foreign`: it came from a provider or by hand, not from a file."""

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
    """What the ledger has of an account, and what its owner deleted there."""

    movements: Sequence[KnownMovement] = ()
    deleted_ids: frozenset[str] = frozenset()
    deleted_fingerprints: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ruling:
    """The verdict on one row, in words too; `transaction_id` is the movement that it concerns."""

    verdict: Verdict
    reason: str
    transaction_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Import:
    """A file and what is to become, or became, of it. `summary` and `rows` are the plan as shown.

    `undo` is what a reversal needs: images of the rows as they were before.
    """

    id: UUID
    user_id: UserId
    status: ImportStatus
    file_name: str
    format: str
    sha256: str
    content: bytes
    options: Mapping[str, object]
    plan_hash: str
    summary: Mapping[str, object]
    rows: Sequence[Mapping[str, object]]
    account_ids: Sequence[str]
    created_at: datetime
    applied_at: datetime | None = None
    reverted_at: datetime | None = None
    undo: Mapping[str, object] = field(default_factory=dict)
    version: int = 1


def fingerprint(row: ReportedTransaction) -> str:
    """What stands in for an id within an account: SHA-256 of the row as its file wrote it."""
    return hashlib.sha256(row.raw.encode()).hexdigest()


def judge(
    rows: Sequence[ReportedTransaction], fingerprints: Sequence[str], known: Known
) -> list[Ruling]:
    """One ruling a row, in the rows' order.

    An id of the source's own decides first: the same id with another amount or currency is a
    conflict and changes nothing. Rows without one are counted: of the rows with one fingerprint,
    as many are duplicates as the ledger has, as many ignored as the owner deleted, the rest are
    new. A row that matches a movement of another source by day and amount is a duplicate of it; one
    that settles a pending movement updates it.
    """
    return _Judge(known).rule(rows, fingerprints)


class _Judge:
    def __init__(self, known: Known) -> None:
        self._deleted_ids = known.deleted_ids
        self._by_id = {
            one.provider_transaction_id: one
            for one in known.movements
            if one.provider_transaction_id
        }
        self._by_fingerprint: dict[str, list[KnownMovement]] = defaultdict(list)
        self._foreign: dict[tuple[date, Decimal, str], list[KnownMovement]] = defaultdict(list)
        for one in known.movements:
            if one.fingerprint and not one.provider_transaction_id:
                self._by_fingerprint[one.fingerprint].append(one)
            if one.is_foreign:
                key = (one.transaction_date, one.amount, one.currency)
                self._foreign[key].append(one)
        self._deleted = Counter(known.deleted_fingerprints)
        self._pending = [
            PendingMovement(
                one.id,
                one.provider_transaction_id,
                one.amount,
                one.currency,
                one.transaction_date,
            )
            for one in known.movements
            if one.status is TransactionStatus.PENDING
        ]

    def rule(
        self, rows: Sequence[ReportedTransaction], fingerprints: Sequence[str]
    ) -> list[Ruling]:
        rulings: list[Ruling | None] = [
            self._by_identity(row, mark) for row, mark in zip(rows, fingerprints, strict=True)
        ]
        open_rows = [row for row, ruling in zip(rows, rulings, strict=True) if ruling is None]
        settled = self._settle(open_rows)
        return [
            ruling or self._unknown(row, settled.get(id(row)))
            for row, ruling in zip(rows, rulings, strict=True)
        ]

    def _by_identity(self, row: ReportedTransaction, mark: str) -> Ruling | None:
        if row.provider_transaction_id:
            return self._by_own_id(row, row.provider_transaction_id)
        if self._by_fingerprint[mark]:
            known = self._by_fingerprint[mark].pop(0)
            return Ruling(Verdict.DUPLICATE, "imported before", known.id)
        if self._deleted[mark] > 0:
            self._deleted[mark] -= 1
            return Ruling(Verdict.IGNORED, "deleted")
        return None

    def _by_own_id(self, row: ReportedTransaction, own_id: str) -> Ruling | None:
        if own_id in self._deleted_ids:
            return Ruling(Verdict.IGNORED, "deleted")
        known = self._by_id.get(own_id)
        if known is None:
            return None
        if (known.amount, known.currency) != (row.amount, row.currency):
            return Ruling(Verdict.CONFLICT, "the id is known with another amount", known.id)
        was_pending = known.status is TransactionStatus.PENDING
        if was_pending and row.status is not TransactionStatus.PENDING:
            return Ruling(Verdict.UPDATE, "settled", known.id)
        return Ruling(Verdict.DUPLICATE, "imported before", known.id)

    def _settle(self, rows: Sequence[ReportedTransaction]) -> dict[int, UUID]:
        posted = [row for row in rows if row.status is TransactionStatus.SETTLED]
        return {id(row): known for known, row in settle(self._pending, posted).items()}

    def _unknown(self, row: ReportedTransaction, settles: UUID | None) -> Ruling:
        if settles is not None:
            return Ruling(Verdict.UPDATE, "settled", settles)
        foreign = self._foreign[(row.transaction_date, row.amount, row.currency)]
        if foreign:
            return Ruling(Verdict.DUPLICATE, "known from another source", foreign.pop(0).id)
        return Ruling(Verdict.NEW, "")


def plan_hash(sha256: str, parts: Sequence[object]) -> str:
    """The plan in one line: any other file, target or verdict makes another hash."""
    text = json.dumps([sha256, parts], default=str, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


class Imports(Protocol):
    """Where imports are kept, and what only they do to the ledger."""

    async def add(self, made: Import) -> None:
        """A new plan."""
        ...

    async def get(self, user_id: UserId, import_id: UUID) -> Import:
        """Locked for this transaction; raises ImportNotFound, NotYours."""
        ...

    async def update(self, changed: Import) -> Import:
        """As stored, its version one higher."""
        ...

    async def known(self, account: Account, rows: Sequence[ReportedTransaction]) -> Known:
        """What the ledger has that these rows could be."""
        ...

    async def applied_after(
        self, user_id: UserId, applied_at: datetime, account_ids: Sequence[str]
    ) -> bool:
        """Whether an import that still stands touched one of these accounts later."""
        ...

    async def settle(
        self, account: Account, row: ReportedTransaction, transaction_id: UUID, now: datetime
    ) -> None:
        """The movement as the row has it, under its own id here."""
        ...

    async def images(self, table: str, user_id: UserId, ids: Sequence[UUID]) -> list[Image]:
        """Rows of `accounts`, `transactions` by id, or of `holdings` by account, as they are."""
        ...

    async def put_back(self, table: str, user_id: UserId, images: Sequence[Image]) -> None:
        """Rows as their images have them, in place of what has the same id now."""
        ...

    async def take_out(self, table: str, user_id: UserId, ids: Sequence[UUID]) -> None:
        """Rows of `snapshots` by id, of `holdings` by account, of `transactions` by import."""
        ...


class ImportNotFound(NotFound):
    """No such import."""


class PlanStale(Conflict):
    """The ledger or the file is not what the plan was made for: look at the new plan first."""

    slug = "plan_stale"


class ImportNotPlanned(Conflict):
    """The import was applied or reverted before."""

    slug = "import_not_planned"


class ImportNotApplied(Conflict):
    """Only an applied import can be reverted."""

    slug = "import_not_applied"


class ImportSuperseded(Conflict):
    """A later import stands on the same account: revert that one first."""

    slug = "import_superseded"


class ImportTargetInvalid(Invalid):
    """The file cannot go to that account."""
