"""Accounts: reading all, and keeping those by hand that no provider reports."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Annotated, Protocol
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from coffers.application.investing.portfolios import take_out
from coffers.application.ledger.balances import by_hand, later, reopened, unlinked
from coffers.application.ledger.totals import by_currency
from coffers.application.linking.connections import ConnectionLookups
from coffers.application.ports import Clock, Vault
from coffers.application.spending.transfer_matching import movements_changed
from coffers.application.unit_of_work import UnitOfWork
from coffers.application.views import DecimalText, Instant, Versioned
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import UserId, new_id
from coffers.domain.ledger.accounts import MANUAL, Account, AccountType, masked
from coffers.domain.ledger.reconciliations import AccountReconciled
from coffers.domain.ledger.snapshots import Snapshot
from coffers.domain.live.events import Event
from coffers.domain.money import money_digits


class AccountView(msgspec.Struct, frozen=True, kw_only=True):
    """An account. Balances are null while nobody has said them, negative when money is owed."""

    id: UUID
    connection_id: Annotated[
        UUID | None, Meta(description="Null for accounts kept by hand or fed from files.")
    ]
    provider_account_id: Annotated[
        str | None, Meta(description="Masked, unless asked for with `include=account_number`.")
    ]
    account_number_masked: str | None
    account_number: Annotated[
        str | UnsetType | None, Meta(description="Only with `include=account_number`.")
    ] = UNSET
    name: str
    account_type: AccountType
    currency: str
    balance_amount: DecimalText | None
    balance_currency: str
    opening_balance: Annotated[
        DecimalText | None,
        Meta(description="Kept by hand: with its entries it adds up to the balance."),
    ]
    available_balance_amount: DecimalText | None
    available_balance_currency: str | None
    is_active: bool
    is_investment: bool
    is_bank: bool
    is_retirement: bool
    is_credit: bool
    last_synced_at: Instant | None
    created_at: Instant
    updated_at: Instant


class AccountList(msgspec.Struct, frozen=True):
    """Accounts, oldest first. The totals are of the active ones whose balance is known."""

    accounts: list[AccountView]
    total_count: int
    active_count: int
    total_balance_by_currency: dict[str, DecimalText]


@dataclass(frozen=True, slots=True)
class AccountFilter:
    """Which accounts; None does not filter."""

    active_only: bool = False
    account_type: AccountType | None = None
    connection_id: UUID | None = None


class AccountLookups(Protocol):
    """Accounts to read."""

    async def matching(self, user_id: UserId, wanted: AccountFilter) -> list[Account]:
        """Oldest first."""
        ...

    async def get(self, user_id: UserId, account_id: UUID) -> Account:
        """Raises AccountNotFound, NotYours."""
        ...


async def list_accounts(
    lookups: AccountLookups, principal: Principal, wanted: AccountFilter
) -> AccountList:
    """The caller's accounts and what they hold."""
    found = await lookups.matching(principal.user_id, wanted)
    views = [account_view(account) for account in found]
    active = [view for view in views if view.is_active]
    known = [(view.currency, view.balance_amount) for view in active if view.balance_amount]
    totals = by_currency([code for code, _ in known], [amount for _, amount in known])
    return AccountList(views, len(views), len(active), totals)


async def list_connection_accounts(
    lookups: AccountLookups,
    connections: ConnectionLookups,
    principal: Principal,
    connection_id: UUID,
) -> AccountList:
    """The accounts of one of the caller's connections; raises ConnectionNotFound, NotYours."""
    await connections.one(principal.user_id, connection_id)
    return await list_accounts(lookups, principal, AccountFilter(connection_id=connection_id))


async def get_account(
    lookups: AccountLookups, principal: Principal, account_id: UUID
) -> Versioned[AccountView]:
    """One of the caller's accounts, its numbers masked; raises AccountNotFound, NotYours."""
    return _versioned(await lookups.get(principal.user_id, account_id))


async def reveal_account(
    lookups: AccountLookups, vault: Vault, principal: Principal, account_id: UUID
) -> Versioned[AccountView]:
    """The same with its numbers in full; raises VaultRefused too."""
    account = await lookups.get(principal.user_id, account_id)
    sealed = account.account_number
    number = None if sealed is None else vault.open(sealed, bound_to=account.id).decode()
    view = msgspec.structs.replace(
        account_view(account),
        provider_account_id=account.provider_account_id,
        account_number=number,
    )
    return Versioned(view, account.version)


@dataclass(frozen=True, slots=True)
class AccountDraft:
    """An account to be kept by hand; without an opening balance its balance is not known."""

    name: str
    account_type: AccountType
    currency: str
    opening_balance: Decimal | None = None


async def open_account(
    uow: UnitOfWork, clock: Clock, principal: Principal, draft: AccountDraft
) -> Versioned[AccountView]:
    """Begin to keep an account by hand; its opening balance is its first snapshot.

    Raises TooManyAccounts.
    """
    now = clock.now()
    told = draft.opening_balance
    opening = None if told is None else money_digits(told, draft.currency)
    account = Account(
        id=new_id(),
        user_id=principal.user_id,
        source=MANUAL,
        name=draft.name,
        account_type=draft.account_type,
        currency=draft.currency,
        balance=opening,
        opening_balance=opening,
        created_at=now,
        updated_at=now,
    )
    async with uow:
        await uow.accounts.add(account)
        await uow.snapshots.add(*_opening(account))
        uow.record(Event("AccountOpened", account.user_id, account.id))
        await uow.commit()
    return _versioned(account)


@dataclass(frozen=True, slots=True)
class AccountEdit:
    """What to change; None leaves it as it is."""

    name: str | None = None
    account_type: AccountType | None = None
    opening_balance: Decimal | None = None


async def edit_account(
    uow: UnitOfWork,
    clock: Clock,
    principal: Principal,
    account_id: UUID,
    edit: AccountEdit,
    expected_version: int | None,
) -> Versioned[AccountView]:
    """Change what is given of an account that no provider reports.

    Another opening balance is another balance. Raises AccountNotFound, NotYours, AccountNotManual,
    AccountReconciled, AmountInvalid, PreconditionFailed.
    """
    async with uow:
        account = unlinked(await uow.accounts.get(principal.user_id, account_id))
        now = later(account, clock.now())
        edited = replace(
            await _opened_with(uow, account, edit.opening_balance),
            name=edit.name or account.name,
            account_type=edit.account_type or account.account_type,
            updated_at=now,
        )
        stored = await uow.accounts.update(edited, expected_version=expected_version)
        if stored.balance is not None and stored.balance != account.balance:
            await uow.snapshots.add(by_hand(stored, stored.balance, now))
        uow.record(Event("AccountEdited", account.user_id, account.id))
        await uow.commit()
    return _versioned(stored)


async def delete_account(
    uow: UnitOfWork,
    clock: Clock,
    principal: Principal,
    account_id: UUID,
    expected_version: int | None,
) -> None:
    """Delete an account that no provider reports, and everything in it.

    Raises AccountNotFound, NotYours, AccountNotManual, PreconditionFailed.
    """
    async with uow:
        account = unlinked(await uow.accounts.get(principal.user_id, account_id))
        await uow.accounts.update(account, expected_version=expected_version)
        await uow.accounts.delete(account)
        await take_out(uow, account.user_id, account.id, clock.now())
        await movements_changed(uow, account.user_id, now=clock.now())
        uow.record(Event("AccountDeleted", account.user_id, account.id))
        await uow.commit()


async def _opened_with(uow: UnitOfWork, account: Account, told: Decimal | None) -> Account:
    if told is None or told == account.opening_balance:
        return account
    if await uow.reconciliations.stands_on(account):
        detail = "Reconciliations stand on the opening balance: delete them first."
        raise AccountReconciled(detail)
    return await reopened(uow, account, told)


def _opening(account: Account) -> list[Snapshot]:
    if account.balance is None:
        return []
    return [by_hand(account, account.balance, account.created_at)]


def _versioned(account: Account) -> Versioned[AccountView]:
    return Versioned(account_view(account), account.version)


def account_view(account: Account) -> AccountView:
    """The account with its numbers masked."""
    provider_id, available = account.provider_account_id, account.available_balance
    return AccountView(
        id=account.id,
        connection_id=account.connection_id,
        provider_account_id=None if provider_id is None else masked(provider_id),
        account_number_masked=account.account_number_masked,
        name=account.name,
        account_type=account.account_type,
        currency=account.currency,
        balance_amount=_text(account.balance),
        balance_currency=account.currency,
        opening_balance=_text(account.opening_balance),
        available_balance_amount=_text(available),
        available_balance_currency=None if available is None else account.currency,
        is_active=account.is_active,
        is_investment=account.is_investment,
        is_bank=account.is_bank,
        is_retirement=account.is_retirement,
        is_credit=account.is_credit,
        last_synced_at=account.last_synced_at,
        created_at=account.created_at,
        updated_at=account.updated_at,
    )


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else format(amount, "f")
