"""Imports: a file becomes a plan; the plan is applied, and can be taken back."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple, Protocol
from uuid import UUID

from coffers.domain.errors import Conflict, Invalid, NotFound
from coffers.domain.ids import UserId
from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.balance_signs import BalanceSign
from coffers.domain.ledger.images import Undo
from coffers.domain.ledger.snapshots import Snapshot
from coffers.domain.ledger.statements import ReportedStatement, ReportedTransaction
from coffers.domain.ledger.verdicts import Known, Ruling

#: Plans of one user that wait to be applied.
MAX_PLANNED: Final = 100
#: Accounts that one file may speak of.
MAX_STATEMENTS: Final = 100


class ImportStatus(StrEnum):
    """Where an import stands."""

    PLANNED = "planned"
    APPLIED = "applied"
    REVERTED = "reverted"


@dataclass(frozen=True, slots=True)
class Import:
    """A file and what is to become, or became, of it.

    `account_id` is where its owner sent the file's one statement, `summary` the plan in numbers as
    it is shown.
    """

    id: UUID
    user_id: UserId
    status: ImportStatus
    file_name: str
    format: str
    sha256: str
    account_id: UUID | None
    plan_hash: str
    summary: Mapping[str, object]
    account_ids: Sequence[str]
    created_at: datetime
    applied_at: datetime | None = None
    reverted_at: datetime | None = None
    version: int = 1


class PlannedTarget(NamedTuple):
    """Where one statement goes and what applying it does there.

    `account_id` is None for an account that applying makes; `is_current`: its balance and
    positions are newer than what is known, and replace it; `balance_sign` says how it was read.
    """

    provider_account_id: str
    account_id: UUID | None
    is_current: bool
    rulings: Sequence[Ruling]
    balance_sign: BalanceSign | None = None


def plan_hash(sha256: str, targets: Sequence[PlannedTarget]) -> str:
    """The plan in one line: any other file, target or effect makes another hash."""
    digest = hashlib.sha256(sha256.encode())
    for target in targets:
        key = target.provider_account_id
        head = f"\n{len(key)}:{key} {target.account_id} {target.is_current} {target.balance_sign}"
        verdicts = [f"{ruling.verdict} {ruling.transaction_id}" for ruling in target.rulings]
        digest.update("\n".join([head, *verdicts]).encode())
    return digest.hexdigest()


class Settlement(NamedTuple):
    """A pending movement and the row that says how it ended."""

    transaction_id: UUID
    row: ReportedTransaction
    fingerprint: str | None


class Imports(Protocol):
    """Where imports are kept, and what only they do to the ledger."""

    async def lock(self, user_id: UserId) -> None:
        """Until the end of this transaction no other one applies or reverts for this user."""
        ...

    async def add(self, made: Import, statements: Sequence[ReportedStatement], rows: bytes) -> None:
        """A new plan: the statements to apply, and its rows as they will be shown, encoded."""
        ...

    async def get(self, user_id: UserId, import_id: UUID) -> Import:
        """Locked for this transaction; raises ImportNotFound, NotYours."""
        ...

    async def statements(self, planned: Import) -> list[ReportedStatement]:
        """What its file says; raises PlanStale when an older version of this program planned it."""
        ...

    async def undo(self, applied: Import) -> Undo:
        """What its reversal needs; raises ImportNotApplied for one that an export brought back."""
        ...

    async def update(
        self, changed: Import, *, rows: bytes | None = None, undo: Undo | None = None
    ) -> Import:
        """As stored, its version one higher; rows of None stay.

        Only a planned import keeps its statements, only an applied one its undo.
        """
        ...

    async def discard(self, planned: Import, *, expected_version: int | None) -> None:
        """Forget it; raises PreconditionFailed when it is no longer that version."""
        ...

    async def count_planned(self, user_id: UserId) -> int:
        """How many of the user's plans wait."""
        ...

    async def last_applied_at(self, user_id: UserId) -> datetime | None:
        """When the user last applied one."""
        ...

    async def applied_after(
        self, user_id: UserId, applied_at: datetime, account_ids: Sequence[str]
    ) -> bool:
        """Whether an import that still stands touched one of these accounts later."""
        ...

    async def known(self, account: Account, rows: Sequence[ReportedTransaction]) -> Known:
        """What the ledger has that these rows could be."""
        ...

    async def settle(
        self, account: Account, settled: Sequence[Settlement], *, import_id: UUID, now: datetime
    ) -> None:
        """The movements as these rows have them, also their identities.

        Those that they had are remembered until the import is reverted.
        """
        ...

    async def known_at(self, account: Account) -> datetime | None:
        """The instant that the newest known balance or positions of the account are of."""
        ...

    async def has_snapshot(self, like: Snapshot, *, since: datetime, until: datetime) -> bool:
        """Whether a file gave the account the same balances within this time before."""
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


class TooManyImports(Conflict):
    """Too many plans wait: apply or discard some."""

    slug = "too_many_imports"


class ImportTargetInvalid(Invalid):
    """The file cannot go to that account."""
