"""Entries: writing movements by hand, editing them, and saying more of those that are reported."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from coffers.application.ledger.balances import latest_day, shift, unlinked
from coffers.application.ledger.entry_annotations import categories_of, said_in
from coffers.application.ledger.entry_views import Categories, entry_view
from coffers.application.ledger.transactions import TransactionView
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
from coffers.domain.ledger.entries import (
    Entry,
    EntryInvalid,
    TransactionReconciled,
    check_amount,
    check_day,
    described,
    kind_of,
)
from coffers.domain.ledger.tombstones import Tombstone, deletion
from coffers.domain.ledger.transactions import (
    TransactionBusy,
    TransactionReported,
    TransactionStatus,
    TransactionSubtype,
    TransactionType,
)
from coffers.domain.live.events import Event
from coffers.domain.money import EXACT, money_digits

#: How often an entry may move to another account while its edit waits for the lock of the first.
ATTEMPTS: Final = 5
#: What a reconciliation stands on.
_RECONCILED: Final = frozenset({"account_id", "amount", "transaction_date", "status"})


@dataclass(frozen=True, slots=True)
class EntryDraft:
    """A movement to write down; `said` are its annotations by the names of their fields."""

    account_id: UUID
    amount: Decimal
    transaction_date: date
    description: str
    transaction_type: TransactionType | None = None
    subtype: TransactionSubtype | None = None
    status: TransactionStatus = TransactionStatus.SETTLED
    said: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EntryEdit:
    """What to change, by the names of an entry's fields and of its annotation's."""

    facts: Mapping[str, Any]  # Any: as each field has it
    said: Mapping[str, object]


async def add_entry(
    uow: UnitOfWork, clock: Clock, principal: Principal, draft: EntryDraft
) -> Versioned[TransactionView]:
    """Write down a movement in an account that no provider reports; its balance follows.

    Raises AccountNotFound, NotYours, AccountNotManual, EntryInvalid, AnnotationInvalid,
    CategoryUnknown, AmountInvalid.
    """
    now = clock.now()
    async with uow:
        account = unlinked(await uow.accounts.get(principal.user_id, draft.account_id))
        annotation = Annotation().told(said_in(draft.said, account.currency), BY_USER)
        named = await categories_of(uow, principal.user_id, annotation)
        entry = _written(draft, account, annotation, named, now)
        entry = replace(entry, annotation=await ruled(uow, entry.user_id, entry.annotated))
        named = await categories_of(uow, principal.user_id, entry.annotation)
        await uow.entries.add(entry)
        await shift(uow, account, entry.counted, now)
        await movements_changed(uow, entry.user_id, now=now, ids=[entry.id])
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
    PreconditionFailed, TransactionBusy.
    """
    now, target_id = clock.now(), edit.facts.get("account_id")
    for _ in range(ATTEMPTS):
        async with uow:
            found = await _locked(uow, principal.user_id, transaction_id, target_id)
            if found is None:
                continue
            before, accounts = found
            _check_version(before, expected_version)
            after = _edited(before, accounts[target_id or before.account_id], edit)
            named = await categories_of(uow, principal.user_id, after.annotation)
            _check_edit(before, after, accounts, now)
            stored = before
            if after != before:
                stored = await uow.entries.put(replace(after, updated_at=now))
                await _follow(uow, accounts, before, after, now)
                fields = {"fields": _changes(before, after)}
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

    Raises TransactionNotFound, NotYours, TransactionReported, TransactionReconciled,
    PreconditionFailed, TransactionBusy.
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
            _check_free(entry)
            await uow.entries.delete(entry)
            await uow.tombstones.add(_tombstones(entry, now))
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


def _check_free(entry: Entry) -> None:
    if entry.reconciliation_id is not None:
        detail = "A reconciliation stands on this movement: delete the reconciliation first."
        raise TransactionReconciled(detail)


def _written(
    draft: EntryDraft, account: Account, annotation: Annotation, named: Categories, now: datetime
) -> Entry:
    check_amount(draft.amount)
    check_day(draft.transaction_date, latest_day(now))
    amount = money_digits(draft.amount, account.currency)
    check_splits(annotation.splits, amount)
    category = named.get(annotation.category_id) if annotation.category_id else None
    kind, finer = kind_of(amount, category, draft.transaction_type, draft.subtype)
    return Entry(
        id=new_id(),
        user_id=account.user_id,
        account_id=account.id,
        transaction_type=kind,
        subtype=finer,
        status=draft.status,
        amount=amount,
        currency=account.currency,
        description=described(draft.description),
        transaction_date=draft.transaction_date,
        created_at=now,
        updated_at=now,
        annotation=annotation,
    )


def _edited(before: Entry, account: Account, edit: EntryEdit) -> Entry:
    """As it would be; raises EntryInvalid, AnnotationInvalid."""
    facts = dict(edit.facts)
    for name, value in facts.items():
        if value is None:
            raise EntryInvalid("This cannot be empty.", field=name)
    if "amount" in facts:
        check_amount(facts["amount"])
        facts["amount"] = money_digits(facts["amount"], before.currency)
    if "description" in facts:
        facts["description"] = described(facts["description"])
    if facts.keys() & {"transaction_type", "subtype"}:
        told = facts.get("transaction_type"), facts.get("subtype")
        kind = kind_of(facts.get("amount", before.amount), None, *told)
        facts |= dict(zip(("transaction_type", "subtype"), kind, strict=True))
    if account.currency != before.currency:
        detail = f"The entry is in {before.currency}, the account in {account.currency}."
        raise EntryInvalid(detail, field="account_id")
    annotation = before.annotation.told(said_in(edit.said, before.currency), BY_USER)
    return replace(before, **facts, annotation=annotation)


def _check_edit(
    before: Entry, after: Entry, accounts: Mapping[UUID, Account], now: datetime
) -> None:
    changed = {name for name in FACTS if getattr(before, name) != getattr(after, name)}
    if changed:
        is_linked = accounts[before.account_id].connection_id is not None
        if is_linked or not before.is_by_hand:
            detail = "A provider or a file told of this movement: what it says, stands."
            raise TransactionReported(detail)
        unlinked(accounts[after.account_id])
    if changed & _RECONCILED:
        _check_free(before)
    if "transaction_date" in changed:
        check_day(after.transaction_date, latest_day(now))
    if after.annotation.splits != before.annotation.splits or "amount" in changed:
        check_splits(after.annotation.splits, after.amount)


#: What a source says of a movement, as far as its owner may write it.
FACTS: Final = (
    *("account_id", "amount", "transaction_date", "description"),
    *("transaction_type", "subtype", "status"),
)


def _changes(before: Entry, after: Entry) -> list[str]:
    facts = [name for name in FACTS if getattr(before, name) != getattr(after, name)]
    old, new = before.annotation, after.annotation
    said = [name for name in old.__slots__ if getattr(old, name) != getattr(new, name)]
    return sorted({*facts, *said} - {"annotated_by"})


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


def _tombstones(entry: Entry, now: datetime) -> list[Tombstone]:
    name = deletion(entry.provider_transaction_id, entry.fingerprint)
    if name is None:
        return []
    where = (entry.user_id, entry.account_id, entry.id)
    return [Tombstone(*where, *name, entry.import_id, now)]


def _where(account: Account) -> dict[str, Any]:  # Any: JSON values
    return {"account_id": str(account.id)}
