"""Import plans: where each statement of a file goes, and what becomes of its rows there."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from coffers.application.ledger.import_views import encoded_rows, summary_of
from coffers.application.unit_of_work import UnitOfWork
from coffers.domain.ids import UserId
from coffers.domain.ledger.accounts import Account, AccountOrigin
from coffers.domain.ledger.balance_signs import BalanceSign, signed
from coffers.domain.ledger.imports import (
    MAX_STATEMENTS,
    ImportTargetInvalid,
    PlannedTarget,
    plan_hash,
)
from coffers.domain.ledger.statements import ReportedStatement, ReportedTransaction
from coffers.domain.ledger.verdicts import Known, Ruling, fingerprint, judge

#: The source of accounts that live from files.
FILES: Final = "file"
#: What a file's ids begin with in an account of a provider's, whose own ids they must not meet.
NAMESPACE: Final = "file:"


@dataclass(frozen=True, slots=True)
class Target:
    """A statement, the account it goes to (None: a new one), and what the ledger has there.

    `as_of` is the instant that the statement's balance and positions are of; `is_current`: nothing
    newer is known, so that they replace what is. `reported_balance` is the balance as the file
    writes it, `balance_sign` how that was read.
    """

    statement: ReportedStatement
    account: Account | None
    known: Known
    as_of: datetime
    is_current: bool
    reported_balance: Decimal | None = None
    balance_sign: BalanceSign | None = None


@dataclass(frozen=True, slots=True)
class PlannedStatement:
    """A target with a ruling, and a fingerprint where there is no id, for each of its rows."""

    target: Target
    marks: Sequence[str | None]
    rulings: Sequence[Ruling]

    @property
    def statement(self) -> ReportedStatement:
        """What the file says."""
        return self.target.statement

    @property
    def account(self) -> Account | None:
        """Where it goes."""
        return self.target.account


@dataclass(frozen=True, slots=True)
class Plan:
    """All of it."""

    statements: Sequence[PlannedStatement]
    hash: str
    summary: Mapping[str, object]

    async def rows(self) -> bytes:
        """As they will be shown, encoded."""
        return await asyncio.to_thread(encoded_rows, self.statements)

    @property
    def account_ids(self) -> list[str]:
        """The accounts that are there already."""
        return [str(one.account.id) for one in self.statements if one.account is not None]


@dataclass(frozen=True, slots=True)
class Wish:
    """Whose statements go where, and what time it is for their owner."""

    user_id: UserId
    account_id: UUID | None
    now: datetime
    zone: ZoneInfo


async def targets_of(
    uow: UnitOfWork, wish: Wish, statements: Sequence[ReportedStatement]
) -> list[Target]:
    """Where the statements go; the accounts stay locked for the open transaction.

    Raises ImportTargetInvalid, AccountNotFound, NotYours.
    """
    _check_count(wish, statements)
    found = await uow.accounts.of_origin(AccountOrigin(wish.user_id, FILES))
    by_key = {account.provider_account_id or "": account for account in found}
    targets = []
    for told in statements:
        if wish.account_id is not None:
            account: Account | None = await _named(uow, wish, wish.account_id, told)
            statement = told
        else:
            statement, account = _matched(by_key, told)
        targets.append(await _target(uow, wish, statement, account))
    _check_apart(targets)
    return targets


async def plan_of(sha256: str, targets: Sequence[Target]) -> Plan:
    """The rulings on every row.

    Tens of thousands of rows take a moment: other requests do not wait for it.
    """
    return await asyncio.to_thread(_plan, sha256, targets)


def as_of(statement: ReportedStatement, now: datetime, zone: ZoneInfo) -> datetime:
    """The last second of the day that the balance is of, where its owner lives.

    Now for a day that has not ended, and for statements that name none.
    """
    day = statement.balance_date or statement.last_date
    if day is None:
        return now
    following = day + timedelta(days=1)
    midnight = datetime(following.year, following.month, following.day, tzinfo=zone)
    return min(now, midnight.astimezone(UTC) - timedelta(seconds=1))


def _check_count(wish: Wish, statements: Sequence[ReportedStatement]) -> None:
    if wish.account_id is not None and len(statements) != 1:
        detail = f"The file speaks of {len(statements)} accounts: leave the account out."
        raise ImportTargetInvalid(detail, field="account_id")
    if len(statements) > MAX_STATEMENTS:
        detail = f"The file speaks of more than {MAX_STATEMENTS} accounts."
        raise ImportTargetInvalid(detail, field="file")


def _check_apart(targets: Sequence[Target]) -> None:
    places = [one.account or one.statement.account.provider_account_id for one in targets]
    names = {place if isinstance(place, str) else str(place.id) for place in places}
    if len(names) != len(targets):
        detail = "The file speaks of one account under two names."
        raise ImportTargetInvalid(detail, field="file")


def _matched(
    by_key: Mapping[str, Account], told: ReportedStatement
) -> tuple[ReportedStatement, Account | None]:
    """The account with the statement's number and currency.

    Banks keep several currencies under one number: the second one is known by both.
    """
    key, currency = told.account.provider_account_id, told.account.currency
    long_key = f"{key}:{currency}"
    for candidate in (by_key.get(key), by_key.get(long_key)):
        if candidate is not None and candidate.currency == currency:
            return told, candidate
    if key in by_key:
        return replace(told, account=replace(told.account, provider_account_id=long_key)), None
    return told, None


async def _named(uow: UnitOfWork, wish: Wish, account_id: UUID, told: ReportedStatement) -> Account:
    account = await uow.accounts.get(wish.user_id, account_id)
    if account.currency != told.account.currency:
        detail = f"The file is in {told.account.currency}, the account in {account.currency}."
        raise ImportTargetInvalid(detail, field="account_id")
    return account


async def _target(
    uow: UnitOfWork, wish: Wish, statement: ReportedStatement, account: Account | None
) -> Target:
    instant, reported = as_of(statement, wish.now, wish.zone), statement.account.balance
    holder = statement.account if account is None else account
    statement, sign = signed(statement, holder.account_type)
    has_state = statement.holdings is not None or statement.account.balance is not None
    if account is None:
        return Target(statement, None, Known(), instant, has_state, reported, sign)
    if account.connection_id is not None:
        statement = replace(statement, transactions=await _renamed(statement.transactions))
        has_state = False
    known_at = await uow.imports.known_at(account)
    return Target(
        statement,
        account,
        await uow.imports.known(account, statement.transactions),
        instant,
        has_state and (known_at is None or known_at <= instant),
        reported,
        sign,
    )


async def _renamed(rows: Sequence[ReportedTransaction]) -> list[ReportedTransaction]:
    return await asyncio.to_thread(lambda: [_within_files(row) for row in rows])


def _within_files(row: ReportedTransaction) -> ReportedTransaction:
    own_id, link = row.provider_transaction_id, row.pending_transaction_id
    return replace(
        row,
        provider_transaction_id=own_id and f"{NAMESPACE}{own_id}",
        pending_transaction_id=link and f"{NAMESPACE}{link}",
    )


def _plan(sha256: str, targets: Sequence[Target]) -> Plan:
    planned = [_ruled(target) for target in targets]
    return Plan(planned, _hash(sha256, planned), summary_of(planned))


def _ruled(target: Target) -> PlannedStatement:
    rows = target.statement.transactions
    marks = [fingerprint(row) for row in rows]
    return PlannedStatement(target, marks, judge(rows, marks, target.known))


def _hash(sha256: str, planned: Sequence[PlannedStatement]) -> str:
    return plan_hash(
        sha256,
        [
            PlannedTarget(
                one.statement.account.provider_account_id,
                None if one.account is None else one.account.id,
                one.target.is_current,
                one.rulings,
                one.target.balance_sign,
            )
            for one in planned
        ],
    )
