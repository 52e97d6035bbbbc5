"""Sync reports on the wire, and the past syncs of a connection."""

from datetime import date
from typing import Any, Final, Protocol
from uuid import UUID

import msgspec

from coffers.application.views import Instant
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import UserId
from coffers.domain.linking.syncs import Counts, SyncReport, SyncScope, SyncStatus, SyncTrigger

#: A connection's list shows this many of its last syncs.
SHOWN: Final = 50


class Synced(msgspec.Struct, frozen=True):
    """What became of the rows. A sync stores all or nothing, so `errors` is 0 in every report."""

    created: int
    updated: int
    unchanged: int
    errors: int
    message: str


class AccountsSynced(Synced, frozen=True):
    """The report of an accounts sync."""

    accounts_created: int
    accounts_updated: int


class HoldingsSynced(Synced, frozen=True):
    """The report of a holdings sync."""

    holdings_created: int
    holdings_updated: int
    holdings_deactivated: int


class TransactionsSynced(Synced, frozen=True):
    """The report of a transactions sync."""

    transactions_created: int
    transactions_updated: int


class ConnectionSynced(Synced, frozen=True):
    """The report of a sync; the first three count the rows of all kinds that it was about."""

    accounts_created: int
    accounts_updated: int
    accounts_deactivated: int
    holdings_created: int
    holdings_updated: int
    holdings_deactivated: int
    transactions_created: int
    transactions_updated: int


class SyncView(msgspec.Struct, frozen=True):
    """One sync. `step` says what a running one is busy with, `problem` and `detail` why one failed.

    The dates bound the transactions that were asked for; null where the service decided.
    """

    id: UUID
    connection_id: UUID
    account_id: UUID | None
    scope: SyncScope
    trigger: SyncTrigger
    status: SyncStatus
    started_at: Instant
    finished_at: Instant | None
    start_date: date | None
    end_date: date | None
    step: str
    problem: str | None
    detail: str | None
    report: ConnectionSynced | None


class SyncList(msgspec.Struct, frozen=True):
    """The last syncs of a connection, newest first; `total_count` counts all there ever were."""

    syncs: list[SyncView]
    total_count: int


class SyncLookups(Protocol):
    """Past syncs to read."""

    async def of_connection(self, user_id: UserId, connection_id: UUID) -> SyncList:
        """The last 50, newest first; raises ConnectionNotFound, NotYours."""
        ...


async def list_syncs(lookups: SyncLookups, principal: Principal, connection_id: UUID) -> SyncList:
    """The last syncs of one of the caller's connections; raises ConnectionNotFound, NotYours."""
    return await lookups.of_connection(principal.user_id, connection_id)


def of_accounts(report: SyncReport) -> AccountsSynced:
    """The report of an accounts sync."""
    counts = report.accounts
    return AccountsSynced(
        **_totals(counts, "Accounts"),
        accounts_created=counts.created,
        accounts_updated=counts.updated,
    )


def of_holdings(report: SyncReport) -> HoldingsSynced:
    """The report of a holdings sync."""
    counts = report.holdings
    return HoldingsSynced(
        **_totals(counts, "Holdings"),
        holdings_created=counts.created,
        holdings_updated=counts.updated,
        holdings_deactivated=counts.deactivated,
    )


def of_transactions(report: SyncReport) -> TransactionsSynced:
    """The report of a transactions sync."""
    counts = report.transactions
    return TransactionsSynced(
        **_totals(counts, "Transactions"),
        transactions_created=counts.created,
        transactions_updated=counts.updated,
    )


def of_connection(report: SyncReport, scope: SyncScope = SyncScope.EVERYTHING) -> ConnectionSynced:
    """The report of a sync of this scope, with the totals and the words of its own answer."""
    counts, what = {
        SyncScope.ACCOUNTS: (report.accounts, "Accounts"),
        SyncScope.HOLDINGS: (report.holdings, "Holdings"),
        SyncScope.TRANSACTIONS: (report.transactions, "Transactions"),
        SyncScope.EVERYTHING: (report.total, "Connection"),
    }[scope]
    return ConnectionSynced(
        **_totals(counts, what),
        accounts_created=report.accounts.created,
        accounts_updated=report.accounts.updated,
        accounts_deactivated=report.accounts.deactivated,
        holdings_created=report.holdings.created,
        holdings_updated=report.holdings.updated,
        holdings_deactivated=report.holdings.deactivated,
        transactions_created=report.transactions.created,
        transactions_updated=report.transactions.updated,
    )


def _totals(counts: Counts, what: str) -> dict[str, Any]:  # Any: numbers and a message
    return {
        "created": counts.created,
        "updated": counts.updated,
        "unchanged": counts.unchanged,
        "errors": 0,
        "message": f"{what} sync completed successfully",
    }
