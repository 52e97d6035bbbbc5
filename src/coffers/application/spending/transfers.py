"""Transfers: what the rule found, and what the owner says of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Annotated, Protocol
from uuid import UUID

import msgspec
from msgspec import Meta

from coffers.application.ports import Clock
from coffers.application.spending.transfer_matching import enqueue_matching
from coffers.application.unit_of_work import UnitOfWork
from coffers.application.views import DecimalText, Instant, Versioned
from coffers.domain.errors import PreconditionFailed
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import UserId
from coffers.domain.paging import Cursors, Page
from coffers.domain.spending.transfers import (
    LegTaken,
    MatchedBy,
    Pair,
    Transfer,
    TransferStatus,
    check_pair,
    event_of,
    transfer_of,
)


class TransferView(msgspec.Struct, frozen=True, gc=False):
    """Money that moved between two accounts of one owner; only `confirmed` ones count as such."""

    id: UUID
    status: TransferStatus
    matched_by: Annotated[
        MatchedBy, Meta(description="`rule` for what was found, `user` for what the owner said.")
    ]
    outgoing_transaction_id: UUID
    incoming_transaction_id: UUID
    outgoing_account_id: UUID
    incoming_account_id: UUID
    outgoing_amount: DecimalText
    outgoing_currency: str
    incoming_amount: DecimalText
    incoming_currency: str
    outgoing_date: date
    incoming_date: date
    created_at: Instant
    updated_at: Instant


class TransferList(msgspec.Struct, frozen=True):
    """One page, newest first; `total_count` is of the whole filter."""

    transfers: list[TransferView]
    total_count: int
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class TransferFilter:
    """Which transfers; None does not filter."""

    status: TransferStatus | None = None
    transaction_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class TransferPage(TransferFilter):
    """Which page of what: at most `limit` rows behind the id."""

    limit: int = 1
    behind: Sequence[str] | None = None


class TransferLookups(Protocol):
    """Transfers to read."""

    async def page(self, user_id: UserId, asked: TransferPage) -> Page[TransferView]:
        """Newest first."""
        ...

    async def get(self, user_id: UserId, transfer_id: UUID) -> Versioned[TransferView]:
        """Raises TransferNotFound, NotYours."""
        ...


@dataclass(frozen=True, slots=True)
class TransfersAsked:
    """What a caller asks for; the cursor continues an earlier page of the same question."""

    wanted: TransferFilter
    limit: int
    cursor: str | None = None


async def list_transfers(
    lookups: TransferLookups, cursors: Cursors, principal: Principal, asked: TransfersAsked
) -> TransferList:
    """A page of the caller's transfers; raises CursorInvalid."""
    wanted = asked.wanted
    binding = (principal.user_id, "transfers", wanted.status, wanted.transaction_id)
    behind = None if asked.cursor is None else cursors.open(asked.cursor, binding)
    where = TransferPage(wanted.status, wanted.transaction_id, asked.limit, behind)
    page = await lookups.page(principal.user_id, where)
    following = None if page.next_key is None else cursors.seal(page.next_key, binding)
    return TransferList(page.rows, page.total_count, following)


async def get_transfer(
    lookups: TransferLookups, principal: Principal, transfer_id: UUID
) -> Versioned[TransferView]:
    """One of the caller's transfers; raises TransferNotFound, NotYours."""
    return await lookups.get(principal.user_id, transfer_id)


async def name_transfer(
    uow: UnitOfWork, clock: Clock, principal: Principal, outgoing_id: UUID, incoming_id: UUID
) -> Versioned[TransferView]:
    """Call two movements a transfer, whatever was held of the pair before.

    Raises TransactionNotFound, NotYours, TransferInvalid, LegTaken.
    """
    user_id, now = principal.user_id, clock.now()
    async with uow:
        await uow.transfers.lock(user_id)
        pair = await _pair(uow, user_id, (outgoing_id, incoming_id))
        known = await uow.transfers.of_pair(user_id, pair.key)
        if known is None:
            new = transfer_of(user_id, pair, TransferStatus.CONFIRMED, MatchedBy.USER, now)
            stored = _confirmed(new, pair, now)
            await uow.transfers.add([stored])
        else:
            stored = await uow.transfers.update(_confirmed(known, pair, now))
        await _settle(uow, stored, now)
        await uow.commit()
    return _versioned(stored, pair)


async def decide_transfer(
    uow: UnitOfWork,
    clock: Clock,
    principal: Principal,
    transfer_id: UUID,
    status: TransferStatus,
    expected_version: int | None,
) -> Versioned[TransferView]:
    """Confirm the pair, or reject it for good.

    Raises TransferNotFound, NotYours, TransferInvalid, LegTaken, PreconditionFailed.
    """
    user_id, now = principal.user_id, clock.now()
    async with uow:
        await uow.transfers.lock(user_id)
        known = await uow.transfers.get(user_id, transfer_id)
        pair = await _pair(uow, user_id, known.key)
        if status is TransferStatus.CONFIRMED:
            confirmed = _confirmed(known, pair, now)
            stored = await uow.transfers.update(confirmed, expected_version=expected_version)
            await _settle(uow, stored, now)
        else:
            stored = await _reject(uow, known, pair, now, expected_version)
        await uow.commit()
    return _versioned(stored, pair)


async def undo_transfer(
    uow: UnitOfWork,
    clock: Clock,
    principal: Principal,
    transfer_id: UUID,
    expected_version: int | None,
) -> None:
    """Forget what is held of a pair; the legs count by themselves again.

    The rule may find them again; a rejection keeps it from that. Raises TransferNotFound,
    NotYours, PreconditionFailed.
    """
    now = clock.now()
    async with uow:
        await uow.transfers.lock(principal.user_id)
        known = await uow.transfers.get(principal.user_id, transfer_id)
        if expected_version not in {None, known.version}:
            raise PreconditionFailed("The transfer was changed in the meantime: read it again.")
        await uow.transfers.legs(principal.user_id, known.key)
        await uow.transfers.remove([known], now=now)
        uow.record(event_of("TransferUndone", known))
        await uow.commit()


async def _pair(uow: UnitOfWork, user_id: UserId, key: tuple[UUID, UUID]) -> Pair:
    legs = await uow.transfers.legs(user_id, key)
    for transaction_id in key:
        if transaction_id not in legs:
            await uow.transactions.find(user_id, transaction_id)
    return Pair(legs[key[0]], legs[key[1]])


def _confirmed(known: Transfer, pair: Pair, now: datetime) -> Transfer:
    """Said of the amounts as they are now; raises TransferInvalid, LegTaken."""
    check_pair(pair)
    if {pair.outgoing.transfer_id, pair.incoming.transfer_id} - {None, known.id}:
        raise LegTaken("A transaction is a leg of another transfer already.")
    return replace(
        known,
        status=TransferStatus.CONFIRMED,
        matched_by=MatchedBy.USER,
        outgoing_amount=pair.outgoing.amount,
        outgoing_currency=pair.outgoing.currency,
        incoming_amount=pair.incoming.amount,
        incoming_currency=pair.incoming.currency,
        updated_at=now,
    )


async def _settle(uow: UnitOfWork, confirmed: Transfer, now: datetime) -> None:
    await uow.transfers.remove(await uow.transfers.others_of(confirmed), now=now)
    uow.record(event_of("TransferConfirmed", confirmed))


async def _reject(
    uow: UnitOfWork, known: Transfer, pair: Pair, now: datetime, expected_version: int | None
) -> Transfer:
    rejected = replace(
        known, status=TransferStatus.REJECTED, matched_by=MatchedBy.USER, updated_at=now
    )
    stored = await uow.transfers.update(rejected, expected_version=expected_version)
    # Without this pair, another may be the only one left.
    days = (pair.outgoing.day, pair.incoming.day)
    await enqueue_matching(uow, known.user_id, now=now, days=days)
    uow.record(event_of("TransferRejected", stored))
    return stored


def _versioned(transfer: Transfer, pair: Pair) -> Versioned[TransferView]:
    view = TransferView(
        id=transfer.id,
        status=transfer.status,
        matched_by=transfer.matched_by,
        outgoing_transaction_id=transfer.outgoing_id,
        incoming_transaction_id=transfer.incoming_id,
        outgoing_account_id=pair.outgoing.account_id,
        incoming_account_id=pair.incoming.account_id,
        outgoing_amount=format(transfer.outgoing_amount, "f"),
        outgoing_currency=transfer.outgoing_currency,
        incoming_amount=format(transfer.incoming_amount, "f"),
        incoming_currency=transfer.incoming_currency,
        outgoing_date=pair.outgoing.day,
        incoming_date=pair.incoming.day,
        created_at=transfer.created_at,
        updated_at=transfer.updated_at,
    )
    return Versioned(view, transfer.version)
