"""Edit plans: what rules, or an edit over a filter, would say of many movements at once.

Looked at first, then applied as a whole, and taken back but for what was said since.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from coffers.domain.errors import Conflict, Invalid, NotFound
from coffers.domain.ids import UserId
from coffers.domain.ledger.annotations import Annotation
from coffers.domain.spending.rewrites import FACTS, EditVerdict, Rewrite

#: Movements that one plan may look at.
MAX_ROWS: Final = 200_000
#: Plans of one user that wait to be applied, of both kinds together.
MAX_PLANNED: Final = 20
#: Rows that are kept, written and read together.
CHUNK: Final = 500
#: In place of a chunk's number: the transfers that went with what a plan did.
TRANSFERS: Final = -1
#: What plans say of any movement.
FIELDS: Final = (*("category_id", "merchant", "notes", "tags", "is_transfer", "is_ignored"),)


class PlanKind(StrEnum):
    """What speaks."""

    RULE_RUN = "rule_run"
    BULK_EDIT = "bulk_edit"


class PlanStatus(StrEnum):
    """Where a plan stands."""

    PLANNED = "planned"
    APPLIED = "applied"
    REVERTED = "reverted"


@dataclass(frozen=True, slots=True)
class EditPlan:
    """A plan without its rows. `request` is what was asked for, `summary` the plan in numbers."""

    id: UUID
    user_id: UserId
    kind: PlanKind
    status: PlanStatus
    request: Mapping[str, object]
    plan_hash: str
    summary: Mapping[str, object]
    created_at: datetime
    applied_at: datetime | None = None
    reverted_at: datetime | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class PlannedRow:
    """A movement of which something else is to be said; `version` is the one that was looked at.

    The amount is the ledger's text. `rewrite` is there if more than what is said of it changes.
    """

    id: UUID
    version: int
    transaction_date: date
    description: str
    amount: str
    currency: str
    before: Annotation
    after: Annotation
    verdict: EditVerdict = EditVerdict.CHANGED
    rewrite: Rewrite | None = None

    def changes(self) -> Iterator[str]:
        """The fields that are to be another."""
        yield from self.sayings()
        if self.rewrite is not None:
            yield from self.rewrite.facts()

    def sayings(self) -> Iterator[str]:
        """Those that say something of it."""
        for name in FIELDS:
            if getattr(self.before, name) != getattr(self.after, name):
                yield name

    def told(self, name: str) -> tuple[object, object]:
        """Such a field before and after."""
        sides: tuple[object, object] = self.before, self.after
        if name in FACTS and self.rewrite is not None:
            sides = self.rewrite.before, self.rewrite.after
        before, after = (getattr(side, name) for side in sides)
        return before, after


class PlanDigest:
    """The hash of a plan, grown row by row: any other effect makes another one."""

    def __init__(self, kind: PlanKind) -> None:
        self._digest = hashlib.sha256(kind.value.encode())

    def add(self, row: PlannedRow) -> None:
        """The next row, in the order of their ids."""
        told = [[name, *map(str, _values(row, name))] for name in row.changes()]
        line = json.dumps([str(row.id), told, *_fate(row)], ensure_ascii=True)
        self._digest.update(line.encode() + b"\n")

    @property
    def text(self) -> str:
        """What it is so far, in hexadecimal."""
        return self._digest.hexdigest()


def _fate(row: PlannedRow) -> list[str]:
    """What is deleted takes its amount along."""
    if row.verdict is EditVerdict.CHANGED:
        return []
    seen = (row.amount, str(row.transaction_date), row.description)
    return [row.verdict.value, *(seen if row.verdict is EditVerdict.DELETED else ())]


def _values(row: PlannedRow, name: str) -> tuple[object, object, object]:
    speaker = row.after.annotated_by.get(name)
    return *row.told(name), speaker


def taken_back(done: PlannedRow, current: Annotation) -> Annotation:
    """What is said now without what the plan said; whatever was said since stays."""
    undone: dict[str, object] = {}
    speakers = dict(current.annotated_by)
    for name in done.sayings():
        if _says_still(done, current, name):
            undone[name] = getattr(done.before, name)
            speakers.pop(name, None)
            if name in done.before.annotated_by:
                speakers[name] = done.before.annotated_by[name]
    restored: Annotation = replace(current, **undone, annotated_by=speakers)  # type: ignore[arg-type]  # by field name
    return restored


def _says_still(done: PlannedRow, current: Annotation, name: str) -> bool:
    same_value = getattr(current, name) == getattr(done.after, name)
    return same_value and current.annotated_by.get(name) == done.after.annotated_by.get(name)


class EditPlans(Protocol):
    """Where plans and their rows are kept; the rows in packed chunks."""

    async def lock(self, user_id: UserId) -> None:
        """One plan of a user is applied or reverted at a time; the others wait."""
        ...

    async def add(self, plan: EditPlan, chunks: Sequence[bytes]) -> None:
        """Keep a new one; raises TooManyPlans."""
        ...

    async def get(self, user_id: UserId, kind: PlanKind, plan_id: UUID) -> EditPlan:
        """Locked for this transaction; raises PlanNotFound, NotYours."""
        ...

    async def update(self, plan: EditPlan, chunks: Sequence[bytes] | None = None) -> EditPlan:
        """As stored, with its next version; chunks, if given, in place of those there were."""
        ...

    async def discard(self, plan: EditPlan, *, expected_version: int | None) -> None:
        """Forget it and its rows; raises PreconditionFailed."""
        ...

    async def say(self, user_id: UserId, rows: Sequence[PlannedRow], *, now: datetime) -> bool:
        """Say of these movements what is to be said; their versions grow by one.

        Whether all of them were the version still that was looked at.
        """
        ...

    async def rewrite(
        self, user_id: UserId, rewrites: Sequence[Rewrite], *, now: datetime
    ) -> set[UUID] | None:
        """Change, delete and bring back these entries; their accounts are locked already.

        Answers which of those to be brought back stay gone: what their source calls them is there
        again, or their import was taken back. None when one was not the version any more that was
        looked at.
        """
        ...

    async def attach(self, plan: EditPlan, transfers: bytes) -> None:
        """Keep with the plan, packed, the transfers that went with what it did."""
        ...


class PlanNotFound(NotFound):
    """No such plan."""


class PlanTooLarge(Invalid):
    """The plan would look at too many movements: a narrower filter is needed."""


class EditInvalid(Invalid):
    """There is nothing to edit, or no way to."""


class PlanNotPlanned(Conflict):
    """The plan was applied or reverted before."""

    slug = "plan_not_planned"


class PlanNotApplied(Conflict):
    """Only an applied plan can be reverted."""

    slug = "plan_not_applied"


class TooManyPlans(Conflict):
    """Too many plans wait: apply or discard some."""

    slug = "too_many_plans"
