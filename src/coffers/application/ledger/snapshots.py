"""Balance snapshots to read: the latest of each account, and how an account's balance moved."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID

import msgspec

from coffers.application.ledger.totals import by_currency
from coffers.application.views import DecimalText, Instant
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import UserId
from coffers.domain.ledger.snapshots import SnapshotSource
from coffers.domain.percentages import hundredths_of
from coffers.domain.ranges import check_range

DEFAULT_SHOWN: Final = 30


class SnapshotView(msgspec.Struct, frozen=True, gc=False):
    """A balance at an instant, and its change since the account's previous snapshot in time.

    The change is null for the first snapshot, its percentage also when the previous balance was 0.
    """

    id: UUID
    account_id: UUID
    balance: DecimalText
    available_balance: DecimalText | None
    holdings_value: DecimalText | None
    cash_value: DecimalText | None
    currency: str
    source: SnapshotSource
    captured_at: Instant
    created_at: Instant
    change_amount: DecimalText | None
    change_percent: float | None


class LatestSnapshots(msgspec.Struct, frozen=True):
    """The most recent snapshot of each account, oldest account first.

    The totals leave out accounts that are no longer reported.
    """

    snapshots: list[SnapshotView]
    total_count: int
    total_balance_by_currency: dict[str, DecimalText]


class BalanceHistory(msgspec.Struct, frozen=True):
    """Snapshots of one account. Start and end are the oldest and the newest of those shown."""

    snapshots: list[SnapshotView]
    total_count: int
    start_balance: DecimalText | None
    end_balance: DecimalText | None
    total_change_amount: DecimalText | None
    total_change_percent: float | None
    currency: str


@dataclass(frozen=True, slots=True)
class Latest:
    """The latest snapshot of an account, and whether the account is still active."""

    snapshot: SnapshotView
    is_active: bool


@dataclass(frozen=True, slots=True)
class HistoryAsked:
    """Which snapshots of an account: from and to these instants, inclusive, of this source."""

    account_id: UUID
    start: datetime
    end: datetime
    source: SnapshotSource | None = None


@dataclass(frozen=True, slots=True)
class RecentAsked:
    """At most `limit` of the newest snapshots of an account, of this source."""

    account_id: UUID
    limit: int
    source: SnapshotSource | None = None


@dataclass(frozen=True, slots=True)
class Recent:
    """Newest first, and how many there are in all."""

    snapshots: list[SnapshotView]
    total_count: int


class SnapshotLookups(Protocol):
    """Snapshots to read."""

    async def latest(self, user_id: UserId) -> list[Latest]:
        """Of each account that has any, oldest account first."""
        ...

    async def history(self, user_id: UserId, asked: HistoryAsked) -> list[SnapshotView]:
        """Oldest first. Raises TooManyRows."""
        ...

    async def recent(self, user_id: UserId, asked: RecentAsked) -> Recent:
        """The newest ones."""
        ...

    async def currency(self, user_id: UserId, account_id: UUID) -> str:
        """The account's; raises AccountNotFound, NotYours."""
        ...


async def list_latest_snapshots(lookups: SnapshotLookups, principal: Principal) -> LatestSnapshots:
    """Where the caller's accounts stood when they were last looked at."""
    found = await lookups.latest(principal.user_id)
    views = [each.snapshot for each in found]
    active = [each.snapshot for each in found if each.is_active]
    totals = by_currency([each.currency for each in active], [each.balance for each in active])
    return LatestSnapshots(views, len(views), totals)


async def get_history(
    lookups: SnapshotLookups, principal: Principal, asked: HistoryAsked
) -> BalanceHistory:
    """How a balance moved, oldest first.

    Raises RangeInvalid, AccountNotFound, NotYours, TooManyRows.
    """
    check_range(asked.start, asked.end)
    found = await lookups.history(principal.user_id, asked)
    if not found:
        return _nothing(await lookups.currency(principal.user_id, asked.account_id))
    return _history(found, found[0], found[-1], len(found))


async def list_recent_snapshots(
    lookups: SnapshotLookups, principal: Principal, asked: RecentAsked
) -> BalanceHistory:
    """The newest snapshots of an account, newest first; raises AccountNotFound, NotYours."""
    found = await lookups.recent(principal.user_id, asked)
    if not found.snapshots:
        return _nothing(await lookups.currency(principal.user_id, asked.account_id))
    shown = found.snapshots
    return _history(shown, shown[-1], shown[0], found.total_count)


def _nothing(currency: str) -> BalanceHistory:
    return BalanceHistory([], 0, None, None, None, None, currency)


def _history(
    shown: list[SnapshotView], oldest: SnapshotView, newest: SnapshotView, total: int
) -> BalanceHistory:
    amount, percent = change_between(oldest, newest)
    return BalanceHistory(
        snapshots=shown,
        total_count=total,
        start_balance=oldest.balance,
        end_balance=newest.balance,
        total_change_amount=amount,
        total_change_percent=percent,
        currency=newest.currency,
    )


def change_between(
    before: SnapshotView, after: SnapshotView
) -> tuple[DecimalText | None, float | None]:
    """Amount and percentage; None when the two are in different currencies."""
    if before.currency != after.currency:
        return None, None
    return change(before.balance, after.balance)


def change(before: str, after: str) -> tuple[DecimalText, float | None]:
    """The difference of two balances, and its percentage of the absolute earlier one.

    In whole numbers, since a history has thousands: three times as fast as decimals.
    """
    basis, basis_fraction = _parts(before)
    value, value_fraction = _parts(after)
    digits = max(len(basis_fraction), len(value_fraction))
    earlier = int(basis + basis_fraction.ljust(digits, "0"))
    amount = int(value + value_fraction.ljust(digits, "0")) - earlier
    hundredths = hundredths_of(amount, earlier)
    return _written(amount, digits), None if hundredths is None else hundredths / 100


def _parts(amount: str) -> tuple[str, str]:
    whole, _, fraction = amount.partition(".")
    return whole, fraction


def _written(amount: int, digits: int) -> str:
    text = str(abs(amount)).rjust(digits + 1, "0")
    cut = len(text) - digits
    sign = "-" if amount < 0 else ""
    return f"{sign}{text[:cut]}.{text[cut:]}" if digits else sign + text
