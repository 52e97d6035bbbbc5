"""Reconciliations: an account kept by hand, held against what its bank's statement says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final, Protocol
from uuid import UUID

from coffers.domain.errors import Conflict, Invalid, NotFound
from coffers.domain.ids import UserId
from coffers.domain.ledger.accounts import Account

#: Of one account: a century of weeks.
MAX_RECONCILIATIONS: Final = 5_000


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What a statement says of the end of a day, and what the ledger said then.

    `ledger_balance` is what the account opened with and its settled entries up to that day: a
    statement knows nothing of what is pending. `difference` is what the ledger lacked. When there
    was none, or an adjustment made up for it, the entries up to that day are reconciled: neither
    their amount, day, account nor status changes while it stands.
    """

    id: UUID
    user_id: UserId
    account_id: UUID
    statement_date: date
    stated_balance: Decimal
    ledger_balance: Decimal
    difference: Decimal
    is_reconciled: bool
    adjustment_transaction_id: UUID | None
    reconciled_count: int
    created_at: datetime


class Reconciliations(Protocol):
    """Where they are kept; the account of each is locked before."""

    async def add(self, made: Reconciliation) -> None:
        """Raises TooManyReconciliations."""
        ...

    async def get(self, user_id: UserId, reconciliation_id: UUID) -> Reconciliation:
        """Raises ReconciliationNotFound, NotYours."""
        ...

    async def delete(self, standing: Reconciliation) -> None:
        """Raises ReconciliationNotFound when it is gone already."""
        ...

    async def mark(self, made: Reconciliation, now: datetime) -> int:
        """Its entries are all settled ones up to its day that no other has; how many."""
        ...

    async def release(self, standing: Reconciliation, now: datetime) -> None:
        """Its entries are nobody's."""
        ...

    async def stands_on(self, account: Account) -> bool:
        """Whether entries of the account are reconciled."""
        ...

    async def stands_on_import(
        self, user_id: UserId, import_id: UUID, settled: Sequence[UUID]
    ) -> bool:
        """Whether movements that the import brought, or settled, are reconciled."""
        ...


class ReconciliationNotFound(NotFound):
    """There is no such reconciliation."""


class ReconciliationInvalid(Invalid):
    """Something about the reconciliation cannot be."""


class TooManyReconciliations(Conflict):
    """There is no room for another one of the account."""

    slug = "too_many_reconciliations"


class BalanceUnknown(Conflict):
    """Nobody has said what the account opened with, so its entries add up to nothing."""

    slug = "balance_unknown"


class AccountReconciled(Conflict):
    """Reconciliations stand on what the account opened with."""

    slug = "account_reconciled"
