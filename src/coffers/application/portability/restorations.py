"""Restoring an export: the whole of it into an account that has nothing yet, or nothing."""

from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import BinaryIO, Protocol
from uuid import UUID

import msgspec

from coffers.application.ports import Clock
from coffers.application.unit_of_work import UnitOfWork
from coffers.domain.errors import Unavailable
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import new_id
from coffers.domain.live.events import Event
from coffers.domain.portability.restorations import ExportBook, LedgerNotEmpty


class RestorationView(msgspec.Struct, frozen=True):
    """What came back: how many rows of each kind."""

    id: UUID
    counts: Mapping[str, int]
    total_count: int


class RestorationsBusy(Unavailable):
    """As many files as may be read at once are being read."""

    slug = "restorations_busy"


class ExportReader(Protocol):
    """Reads files that may say anything."""

    async def read(self, file: BinaryIO) -> ExportBook:
        """The export, each row of it looked at; raises ExportUnreadable and RestorationsBusy."""
        ...


async def restore(
    uow: UnitOfWork, clock: Clock, reader: ExportReader, principal: Principal, file: BinaryIO
) -> RestorationView:
    """Everything that the file holds, as it was: ids, instants, versions and profile.

    Assets whose ids somebody else's have here, such as those of the ledger that was exported, get
    new ones. Raises ExportUnreadable, LedgerNotEmpty and RestorationsBusy.
    """
    book = await reader.read(file)
    async with uow:
        if not await uow.restorations.is_empty(principal.user_id):
            raise LedgerNotEmpty("There is something in this account: restore into an empty one.")
        await _restore_profile(uow, clock, principal, book)
        # In the same order, so that it is that of the file.
        taken = sorted(await uow.restorations.taken(book))
        book.rename(dict(zip(taken, sorted(new_id() for _ in taken), strict=True)))
        async with aclosing(book.pages()) as pages:
            async for page in pages:
                await uow.restorations.put(principal.user_id, page)
        made = RestorationView(new_id(), book.counts, sum(book.counts.values()))
        details = {"counts": dict(book.counts)}
        uow.record(Event("LedgerRestored", principal.user_id, made.id, details))
        await uow.commit()
    return made


async def _restore_profile(
    uow: UnitOfWork, clock: Clock, principal: Principal, book: ExportBook
) -> None:
    user = await uow.users.get(principal.user_id)
    told = book.profile
    await uow.users.update(
        replace(
            user,
            display_name=told.display_name,
            base_currency=told.base_currency,
            time_zone=told.time_zone,
            updated_at=clock.now(),
        )
    )
