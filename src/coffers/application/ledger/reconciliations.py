"""Reconciling an account with its bank's statement, and going back on it."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Final, Protocol
from uuid import UUID

import msgspec
from msgspec import Meta

from coffers.application.ledger.balances import check_known, latest_day, shift, unlinked
from coffers.application.ports import Clock
from coffers.application.spending.transfer_matching import movements_changed
from coffers.application.unit_of_work import UnitOfWork
from coffers.application.views import DecimalText, Instant
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import UserId, new_id
from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.entries import Entry
from coffers.domain.ledger.reconciliations import Reconciliation, ReconciliationInvalid
from coffers.domain.ledger.transactions import (
    TransactionStatus,
    TransactionSubtype,
    TransactionType,
)
from coffers.domain.live.events import Event
from coffers.domain.money import EXACT, check_bounds, money_digits

ADJUSTMENT: Final = "Reconciliation adjustment"


class ReconciliationView(msgspec.Struct, frozen=True):
    """What a statement says of the end of a day, and what the ledger said then."""

    id: UUID
    account_id: UUID
    statement_date: date
    stated_balance: DecimalText
    ledger_balance: Annotated[
        DecimalText, Meta(description="Opening balance and settled entries up to that day.")
    ]
    difference: Annotated[DecimalText, Meta(description="What the ledger lacked.")]
    is_reconciled: Annotated[bool, Meta(description="Whether they agree, or were made to.")]
    adjustment_transaction_id: UUID | None
    reconciled_count: Annotated[int, Meta(description="Entries that it stands on.")]
    created_at: Instant


class ReconciliationList(msgspec.Struct, frozen=True):
    """Of one account, newest statement first."""

    reconciliations: list[ReconciliationView]
    total_count: int


class ReconciliationLookups(Protocol):
    """Reconciliations to read."""

    async def of_account(self, user_id: UserId, account_id: UUID) -> list[Reconciliation]:
        """Newest statement first; raises AccountNotFound, NotYours."""
        ...

    async def get(self, user_id: UserId, reconciliation_id: UUID) -> Reconciliation:
        """Raises ReconciliationNotFound, NotYours."""
        ...


@dataclass(frozen=True, slots=True)
class Statement:
    """What the bank says of an account at the end of a day."""

    account_id: UUID
    day: date
    balance: Decimal


async def reconcile(
    uow: UnitOfWork,
    clock: Clock,
    principal: Principal,
    told: Statement,
    *,
    with_adjustment: bool,
) -> ReconciliationView:
    """Hold the ledger against the statement; entries of a day on which they agree are reconciled.

    With an adjustment, what the ledger lacks is entered on that day, so that they do. Raises
    AccountNotFound, NotYours, AccountNotManual, BalanceUnknown, ReconciliationInvalid,
    TooManyReconciliations, AmountInvalid.
    """
    now = clock.now()
    if told.day > latest_day(now):
        raise ReconciliationInvalid("The day lies in the future.", field="statement_date")
    async with uow:
        account = unlinked(await uow.accounts.get(principal.user_id, told.account_id))
        found = await _compared(uow, account, told, now)
        if found.difference and with_adjustment:
            found = await _adjusted(uow, account, found, now)
        if found.is_reconciled:
            count = await uow.reconciliations.mark(found, now)
            found = replace(found, reconciled_count=count)
        await uow.reconciliations.add(found)
        details = {"account_id": str(account.id), "is_reconciled": found.is_reconciled}
        uow.record(Event("AccountReconciled", account.user_id, found.id, details))
        await uow.commit()
    return _view(found)


async def list_reconciliations(
    lookups: ReconciliationLookups, principal: Principal, account_id: UUID
) -> ReconciliationList:
    """Those of one of the caller's accounts; raises AccountNotFound, NotYours."""
    found = await lookups.of_account(principal.user_id, account_id)
    return ReconciliationList([_view(each) for each in found], len(found))


async def get_reconciliation(
    lookups: ReconciliationLookups, principal: Principal, reconciliation_id: UUID
) -> ReconciliationView:
    """One of the caller's; raises ReconciliationNotFound, NotYours."""
    return _view(await lookups.get(principal.user_id, reconciliation_id))


async def delete_reconciliation(
    uow: UnitOfWork, clock: Clock, principal: Principal, reconciliation_id: UUID
) -> None:
    """Go back on it: its entries can be edited again, and its adjustment is gone.

    Raises ReconciliationNotFound, NotYours.
    """
    now = clock.now()
    async with uow:
        standing = await uow.reconciliations.get(principal.user_id, reconciliation_id)
        account = await uow.accounts.get(principal.user_id, standing.account_id)
        await uow.reconciliations.delete(standing)
        await uow.reconciliations.release(standing, now)
        if standing.adjustment_transaction_id is not None:
            await _take_out(uow, account, standing.adjustment_transaction_id, now)
        details = {"account_id": str(account.id)}
        uow.record(Event("ReconciliationDeleted", account.user_id, standing.id, details))
        await uow.commit()


async def _compared(
    uow: UnitOfWork, account: Account, told: Statement, now: datetime
) -> Reconciliation:
    settled = await uow.entries.settled_until(account, told.day)
    ledger = EXACT.add(check_known(account), settled)
    difference = EXACT.subtract(told.balance, ledger)
    return Reconciliation(
        id=new_id(),
        user_id=account.user_id,
        account_id=account.id,
        statement_date=told.day,
        stated_balance=_digits(told.balance, account),
        ledger_balance=_digits(ledger, account),
        difference=_digits(difference, account),
        is_reconciled=not difference,
        adjustment_transaction_id=None,
        reconciled_count=0,
        created_at=now,
    )


async def _adjusted(
    uow: UnitOfWork, account: Account, found: Reconciliation, now: datetime
) -> Reconciliation:
    entry = Entry(
        id=new_id(),
        user_id=account.user_id,
        account_id=account.id,
        transaction_type=TransactionType.OTHER,
        subtype=TransactionSubtype.ADJUSTMENT,
        status=TransactionStatus.SETTLED,
        amount=found.difference,
        currency=account.currency,
        description=ADJUSTMENT,
        transaction_date=found.statement_date,
        created_at=now,
        updated_at=now,
    )
    await uow.entries.add(entry)
    await shift(uow, account, entry.counted, now)
    await movements_changed(uow, account.user_id, now=now, ids=[entry.id])
    uow.record(Event("TransactionAdded", entry.user_id, entry.id, {"account_id": str(account.id)}))
    return replace(found, is_reconciled=True, adjustment_transaction_id=entry.id)


async def _take_out(uow: UnitOfWork, account: Account, entry_id: UUID, now: datetime) -> None:
    entry = await uow.entries.get(account.user_id, entry_id)
    await uow.entries.delete(entry)
    await shift(uow, account, EXACT.minus(entry.counted), now)
    await movements_changed(uow, account.user_id, now=now, ids=[entry.id])
    uow.record(Event("TransactionDeleted", entry.user_id, entry.id))


def _digits(amount: Decimal, account: Account) -> Decimal:
    return money_digits(check_bounds(amount), account.currency)


def _view(found: Reconciliation) -> ReconciliationView:
    return ReconciliationView(
        id=found.id,
        account_id=found.account_id,
        statement_date=found.statement_date,
        stated_balance=format(found.stated_balance, "f"),
        ledger_balance=format(found.ledger_balance, "f"),
        difference=format(found.difference, "f"),
        is_reconciled=found.is_reconciled,
        adjustment_transaction_id=found.adjustment_transaction_id,
        reconciled_count=found.reconciled_count,
        created_at=found.created_at,
    )
