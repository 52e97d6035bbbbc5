"""/transfers: money that moved between one's own accounts."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query
from pydantic import Field

from coffers.application.spending import transfers
from coffers.application.spending.transfers import (
    TransferFilter,
    TransferList,
    TransfersAsked,
    TransferView,
)
from coffers.application.views import Versioned
from coffers.domain.paging import DEFAULT_LIMIT
from coffers.domain.spending.transfers import TransferStatus
from coffers.presentation.answers import Answer
from coffers.presentation.calls import Caller
from coffers.presentation.paging import CursorIn, LimitIn, next_link
from coffers.presentation.schemas import Body

OfStatus = Annotated[TransferStatus | None, Query(description="Only with this status.")]
OfTransaction = Annotated[UUID | None, Query(description="Only with this transaction as a leg.")]


class NewTransfer(Body):
    """Two transactions that are one transfer."""

    outgoing_transaction_id: UUID = Field(examples=["0198c0de-5f00-7a10-8b3c-2f9d6e4a1b7c"])
    incoming_transaction_id: UUID = Field(examples=["0198c0de-5f00-7a10-8b3c-2f9d6e4a1b7d"])


class TransferDecision(Body):
    """Whether the pair is a transfer."""

    status: Literal["confirmed", "rejected"] = Field(examples=["confirmed"])


async def list_transfers(
    call: Caller,
    status: OfStatus = None,
    transaction_id: OfTransaction = None,
    limit: LimitIn = DEFAULT_LIMIT,
    cursor: CursorIn = None,
) -> Answer[TransferList]:
    """List transfers between own accounts, found or named, newest first."""
    asked = TransfersAsked(TransferFilter(status, transaction_id), limit, cursor)
    services = call.services
    page = await transfers.list_transfers(
        services.transfer_lookups, services.cursors, call.principal, asked
    )
    return Answer(page, next_link(call.request, page.next_cursor))


async def name_transfer(call: Caller, body: NewTransfer) -> Answer[TransferView]:
    """Call two transactions a transfer."""
    made = await transfers.name_transfer(
        call.uow,
        call.services.clock,
        call.principal,
        body.outgoing_transaction_id,
        body.incoming_transaction_id,
    )
    return Answer(made.view, {"Location": f"/api/v1/transfers/{made.view.id}"}, made.version)


async def get_transfer(call: Caller, transfer_id: UUID) -> Versioned[TransferView]:
    """One transfer."""
    lookups = call.services.transfer_lookups
    return await transfers.get_transfer(lookups, call.principal, transfer_id)


async def decide_transfer(
    call: Caller, transfer_id: UUID, body: TransferDecision
) -> Versioned[TransferView]:
    """Confirm a transfer, or reject it for good."""
    return await transfers.decide_transfer(
        call.uow,
        call.services.clock,
        call.principal,
        transfer_id,
        TransferStatus(body.status),
        call.expected_version,
    )


async def undo_transfer(call: Caller, transfer_id: UUID) -> None:
    """Forget what is held of the pair; only a rejected one is never found again."""
    await transfers.undo_transfer(
        call.uow, call.services.clock, call.principal, transfer_id, call.expected_version
    )
