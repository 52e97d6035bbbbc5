"""Syncs: one reading of a connection, from the claim to the report."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from coffers.domain.errors import Conflict, Invalid, TooManyRequests, Unavailable
from coffers.domain.ids import UserId

#: A second sync of the same things within this long must be forced.
RECENT: Final = timedelta(minutes=5)
#: Without a start date, transactions are read again from this long before the last successful
#: reading.
OVERLAP: Final = timedelta(days=30)
#: One sync takes no more rows than this; a provider that reports more is not believed.
MAX_ROWS: Final = 250_000


class SyncScope(StrEnum):
    """What is read."""

    EVERYTHING = "everything"
    ACCOUNTS = "accounts"
    HOLDINGS = "holdings"
    TRANSACTIONS = "transactions"


class SyncTrigger(StrEnum):
    """Who wanted it."""

    REQUEST = "request"
    FORCED = "forced"
    SCHEDULE = "schedule"


class SyncStatus(StrEnum):
    """How it went. `abandoned`: its process died; another sync has taken over."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the rows of one kind. `deactivated`: known before, no longer reported."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    deactivated: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.created + other.created,
            self.updated + other.updated,
            self.unchanged + other.unchanged,
            self.deactivated + other.deactivated,
        )


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What a sync did, by kind of row."""

    accounts: Counts = Counts()
    holdings: Counts = Counts()
    transactions: Counts = Counts()

    @property
    def total(self) -> Counts:
        """All kinds together."""
        return self.accounts + self.holdings + self.transactions


@dataclass(frozen=True, slots=True)
class Sync:
    """One reading. `problem` is the slug of the refusal that ended it, `step` what it is busy with.

    The dates are those that were asked for, inclusive.
    """

    id: UUID
    user_id: UserId
    connection_id: UUID
    scope: SyncScope
    trigger: SyncTrigger
    status: SyncStatus
    started_at: datetime
    account_id: UUID | None = None
    start_date: date | None = None
    end_date: date | None = None
    finished_at: datetime | None = None
    step: str = ""
    report: SyncReport = field(default_factory=SyncReport)
    problem: str | None = None
    detail: str | None = None


class Syncs(Protocol):
    """Where syncs are remembered, and up to when each account's movements were read."""

    async def add(self, sync: Sync) -> None:
        """A sync that begins."""
        ...

    async def update(self, sync: Sync) -> None:
        """Its present state."""
        ...

    async def running(self, user_id: UserId, connection_id: UUID) -> list[Sync]:
        """Those of this connection that say `running`, oldest first."""
        ...

    async def last_success(
        self,
        user_id: UserId,
        connection_id: UUID,
        scopes: Sequence[SyncScope],
        account_id: UUID | None,
    ) -> datetime | None:
        """When the last successful one of these scopes began that read this account.

        Without an account, that read all of them.
        """
        ...

    async def read_until(self, user_id: UserId, connection_id: UUID) -> dict[str, datetime]:
        """When the movements of the connection's accounts were last read without a gap.

        By the provider's account id; never read ones are absent.
        """
        ...

    async def note_read(self, user_id: UserId, account_ids: Sequence[UUID], at: datetime) -> None:
        """The movements of these accounts are known up to this instant."""
        ...


class SyncTooRecent(TooManyRequests):
    """The last sync is only minutes old; `force` syncs all the same."""

    slug = "sync_too_recent"


class SyncInProgress(Conflict):
    """Another sync of this connection is running."""

    slug = "sync_in_progress"


class SyncTakenOver(Conflict):
    """This sync was silent for too long and another one has taken its place."""

    slug = "sync_taken_over"


class SyncAbandoned(Conflict):
    """The process of this sync died, or its connection was let go: nothing of it was stored."""

    slug = "sync_abandoned"


class SyncInterrupted(Unavailable):
    """The sync was stopped before it could store anything."""

    slug = "sync_interrupted"


class NotReported(Conflict):
    """This provider does not report such rows."""

    slug = "not_reported"


class AccountNotLinked(Conflict):
    """The account is kept by hand or from files: there is no provider to ask."""

    slug = "account_not_linked"


class AccountElsewhere(Invalid):
    """The account does not belong to this connection."""


class AccountsNotSynced(Conflict):
    """No accounts are known yet: sync the accounts first."""

    slug = "accounts_not_synced"
