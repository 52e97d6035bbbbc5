"""Entries: writing movements by hand, editing them, and saying more of those that are reported."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from coffers.application.ledger.balances import latest_day, shift, unlinked
from coffers.application.ledger.entry_annotations import categories_of, said_in
from coffers.application.ledger.entry_edits import (
    KEPT,
    EntryEdit,
    amount_told,
    changes,
    check_edit,
    check_free,
    check_reported,
    edited,
)
from coffers.application.ledger.entry_views import Categories, entry_view
from coffers.application.ledger.trades import as_traded, check_possible
from coffers.application.ledger.transactions import TransactionView
from coffers.application.markets.asset_links import link_symbols
from coffers.application.ports import Clock
from coffers.application.spending.new_movements import ruled
from coffers.application.spending.transfer_matching import movements_changed
from coffers.application.unit_of_work import UnitOfWork
from coffers.application.views import Versioned
from coffers.domain.errors import PreconditionFailed
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import UserId, new_id
from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.annotations import BY_USER, Annotation, check_splits
from coffers.domain.ledger.entries import Entry, check_day, described, kind_of
from coffers.domain.ledger.tombstones import tombstones_of
from coffers.domain.ledger.trades import written
from coffers.domain.ledger.transactions import (
    TransactionBusy,
    TransactionReported,
    TransactionStatus,
    TransactionSubtype,
    TransactionType,
)
from coffers.domain.live.events import Event
from coffers.domain.money import EXACT

#: How often an entry may move to another account while its edit waits for the lock of the first.
ATTEMPTS: Final = 5


@dataclass(frozen=True, slots=True)
class EntryDraft:
    """A movement to write down; `said` are its annotations by the names of their fields.

    `security` is what moves besides money, by the names of an entry's fields. Then the amount may
    follow from it, and so may the description.
    """

    account_id: UUID
    amount: Decimal | None
    transaction_date: date
    description: str | None
    transaction_type: TransactionType | None = None
    subtype: TransactionSubtype | None = None
    status: TransactionStatus = TransactionStatus.SETTLED
    said: Mapping[str, object] = field(default_factory=dict)
    security: Mapping[str, Any] = field(default_factory=dict)  # Any: as each field has it


async def add_entry(
    uow: UnitOfWork, clock: Clock, principal: Principal, draft: EntryDraft
) -> Versioned[TransactionView]:
    """Write down a movement in an account that no provider reports; its balance follows.

    Raises AccountNotFound, NotYours, AccountNotManual, EntryInvalid, AnnotationInvalid,
    CategoryUnknown, AmountInvalid, Oversold, LotUnknown, LotNamed.
    """
    now = clock.now()
    async with uow:
        account = unlinked(await uow.accounts.get(principal.user_id, draft.account_id))
        annotation = Annotation().told(said_in(draft.said, account.currency), BY_USER)
        named = await categories_of(uow, principal.user_id, annotation)
        entry = _written(draft, account, annotation, named, now)
        entry = await as_traded(uow, entry, amount=draft.amount)
        check_splits(entry.annotation.splits, entry.amount)
        await check_possible(uow, {account.id: account}, None, entry)
        entry = replace(entry, annotation=await ruled(uow, entry.user_id, entry.annotated))
        named = await categories_of(uow, principal.user_id, entry.annotation)
        await uow.entries.add(entry)
        await shift(uow, account, entry.counted, now)
        await movements_changed(uow, entry.user_id, now=now, ids=[entry.id])
        await _link(uow, entry, now)
        uow.record(Event("TransactionAdded", entry.user_id, entry.id, _where(account)))
        await uow.commit()
    return Versioned(entry_view(entry, named), entry.version)


async def edit_entry(
    uow: UnitOfWork,
    clock: Clock,
    principal: Principal,
    transaction_id: UUID,
    edit: EntryEdit,
    expected_version: int | None,
) -> Versioned[TransactionView]:
    """Change what is given; balances follow. Of what is reported, only what is said of it changes.

    Raises TransactionNotFound, AccountNotFound, NotYours, AccountNotManual, TransactionReported,
    TransactionReconciled, EntryInvalid, AnnotationInvalid, CategoryUnknown, AmountInvalid,
    Oversold, LotUnknown, LotNamed, PreconditionFailed, TransactionBusy.
    """
    now, target_id = clock.now(), edit.facts.get("account_id")
    for _ in range(ATTEMPTS):
        async with uow:
            found = await _locked(uow, principal.user_id, transaction_id, target_id)
            if found is None:
                continue
            before, accounts = found
            _check_version(before, expected_version)
            after = edited(before, accounts[target_id or before.account_id], edit)
            named = await categories_of(uow, principal.user_id, after.annotation)
            check_reported(before, after, accounts)
            if (amount := amount_told(before, after, edit)) is not KEPT:
                after = await as_traded(uow, after, amount=amount)
            check_edit(before, after, now)
            stored = before
            if after != before:
                await check_possible(uow, accounts, before, after)
                stored = await uow.entries.put(replace(after, updated_at=now))
                await _follow(uow, accounts, before, after, now)
                await _link(uow, after, now)
                fields = {"fields": changes(before, after)}
                if await movements_changed(uow, before.user_id, now=now, ids=[before.id]):
                    stored = await uow.entries.get(before.user_id, before.id)
                uow.record(Event("TransactionEdited", before.user_id, before.id, fields))
                await uow.commit()
            return Versioned(entry_view(stored, named), stored.version)
    raise TransactionBusy("The transaction moves between accounts: try again.")


async def delete_entry(
    uow: UnitOfWork,
    clock: Clock,
    principal: Principal,
    transaction_id: UUID,
    expected_version: int | None,
) -> None:
    """Delete a movement that no provider reports; its balance follows, no file brings it back.

    Raises TransactionNotFound, NotYours, TransactionReported, TransactionReconciled, Oversold,
    LotNamed, PreconditionFailed, TransactionBusy.
    """
    now = clock.now()
    for _ in range(ATTEMPTS):
        async with uow:
            found = await _locked(uow, principal.user_id, transaction_id, None)
            if found is None:
                continue
            entry, accounts = found
            account = accounts[entry.account_id]
            _check_version(entry, expected_version)
            if account.connection_id is not None and entry.import_id is None:
                raise TransactionReported("A provider reports this movement: what it says, stands.")
            check_free(entry)
            await check_possible(uow, accounts, entry, None)
            await uow.entries.delete(entry)
            await uow.tombstones.add(tombstones_of(entry, now))
            await shift(uow, account, EXACT.minus(entry.counted), now)
            await movements_changed(uow, entry.user_id, now=now, ids=[entry.id])
            uow.record(Event("TransactionDeleted", entry.user_id, entry.id))
            await uow.commit()
            return
    raise TransactionBusy("The transaction moves between accounts: try again.")


async def _locked(
    uow: UnitOfWork, user_id: UserId, transaction_id: UUID, target_id: UUID | None
) -> tuple[Entry, dict[UUID, Account]] | None:
    """The accounts locked before their entry, always in the same order; None if it moved away."""
    account_id = await uow.entries.account_of(user_id, transaction_id)
    wanted = sorted({account_id, target_id or account_id})
    accounts = {each: await uow.accounts.get(user_id, each) for each in wanted}
    entry = await uow.entries.get(user_id, transaction_id)
    return (entry, accounts) if entry.account_id in accounts else None


def _check_version(entry: Entry, expected_version: int | None) -> None:
    if expected_version not in {None, entry.version}:
        raise PreconditionFailed("The transaction was changed in the meantime: read it again.")


async def _link(uow: UnitOfWork, entry: Entry, now: datetime) -> None:
    if entry.symbol is not None:
        await link_symbols(uow, entry.user_id, now=now)


def _written(
    draft: EntryDraft, account: Account, annotation: Annotation, named: Categories, now: datetime
) -> Entry:
    check_day(draft.transaction_date, latest_day(now))
    category = named.get(annotation.category_id) if annotation.category_id else None
    kind, finer = kind_of(_direction(draft), category, _type(draft), draft.subtype)
    told = dict(draft.security)
    if "lots" in told:
        told["lots"] = written(told["lots"])
    symbol = told.get("symbol")
    return Entry(
        id=new_id(),
        user_id=account.user_id,
        account_id=account.id,
        transaction_type=kind,
        subtype=finer,
        status=draft.status,
        amount=draft.amount or Decimal(0),
        currency=account.currency,
        description=described(draft.description or _words(finer, symbol)),
        transaction_date=draft.transaction_date,
        created_at=now,
        updated_at=now,
        annotation=annotation,
        **told,
    )


def _direction(draft: EntryDraft) -> Decimal:
    """Which way money goes, as far as it is told: what comes in costs something."""
    if draft.amount is None:
        return EXACT.minus(draft.security.get("quantity") or Decimal(0))
    return draft.amount


def _type(draft: EntryDraft) -> TransactionType | None:
    """A quantity of something is a trade, unless it is said to be something else."""
    told = draft.transaction_type
    is_trade = told is None and draft.subtype is None and draft.security.get("quantity")
    return TransactionType.TRADE if is_trade else told


def _words(subtype: TransactionSubtype, symbol: str | None) -> str:
    return "" if symbol is None else f"{subtype.value.replace('_', ' ').capitalize()} {symbol}"


async def _follow(
    uow: UnitOfWork,
    accounts: Mapping[UUID, Account],
    before: Entry,
    after: Entry,
    now: datetime,
) -> None:
    if before.account_id == after.account_id:
        by = EXACT.subtract(after.counted, before.counted)
        await shift(uow, accounts[after.account_id], by, now)
        return
    await shift(uow, accounts[before.account_id], EXACT.minus(before.counted), now)
    await shift(uow, accounts[after.account_id], after.counted, now)


def _where(account: Account) -> dict[str, Any]:  # Any: JSON values
    return {"account_id": str(account.id)}
