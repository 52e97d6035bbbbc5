"""Imports: plan a file, look at the plan, apply it, take it back."""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from coffers.application.ledger.import_formats import ImportPreview
from coffers.application.ledger.import_plans import Plan, Wish, plan_of, targets_of
from coffers.application.ledger.import_reversals import take_back
from coffers.application.ledger.import_views import ImportView, summary_in, view_of
from coffers.application.ledger.statement_storage import Storage
from coffers.application.ports import Clock, Vault
from coffers.application.spending.transfer_matching import movements_changed
from coffers.application.unit_of_work import UnitOfWork
from coffers.application.views import Versioned
from coffers.domain.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import new_id
from coffers.domain.ledger.images import Undo
from coffers.domain.ledger.imports import (
    MAX_PLANNED,
    Import,
    ImportNotApplied,
    ImportNotPlanned,
    ImportStatus,
    ImportSuperseded,
    PlanStale,
    TooManyImports,
)
from coffers.domain.ledger.statements import Owed, ReportedStatement
from coffers.domain.live.events import Event

#: Imports that one process stores at once: each holds a connection, and others need some too.
AT_ONCE: Final = 2
#: What the log remembers as a failed attempt.
_FAILURES: Final = (Conflict, Forbidden, Invalid, NotFound)


@dataclass(frozen=True, slots=True)
class ImportFile:
    """A file and how its owner wants it read. `account_id` is where its one statement goes.

    `owed` is the sign that it gives to money owed on cards and loans.
    """

    name: str
    content: bytes
    account_id: UUID | None = None
    format: str | None = None
    mapping: Mapping[str, object] | None = None
    currency: str | None = None
    day_first: bool | None = None
    owed: Owed | None = None


class StatementReader(Protocol):
    """Reads files, out of the way of everything else."""

    async def read(self, file: ImportFile) -> tuple[str, list[ReportedStatement]]:
        """The format's slug and a statement for each account; raises StatementUnreadable."""
        ...

    async def preview(
        self, content: bytes, layout: Mapping[str, object], currency: str | None
    ) -> ImportPreview:
        """The CSV layout tried on the first rows; raises StatementUnreadable for a bad layout."""
        ...


@dataclass(frozen=True, slots=True)
class ImportDesk:
    """The ports that importing takes, and how many imports they serve at once."""

    reader: StatementReader
    clock: Clock
    vault: Vault
    room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))


async def plan_import(
    uow: UnitOfWork, desk: ImportDesk, principal: Principal, file: ImportFile
) -> Versioned[ImportView]:
    """Read the file and say what applying it would do; the ledger stays as it is.

    Raises StatementUnreadable, ImportTargetInvalid, TooManyImports, AccountNotFound, NotYours.
    """
    import_id = new_id()
    try:
        read = await _read(desk, file)
        async with desk.room, uow:
            # Looking takes the ledger's locks for no longer than that; the verdicts come after.
            wish = await _wish(uow, desk, principal, file.account_id)
            targets = await targets_of(uow, wish, read.statements)
        plan = await plan_of(read.sha256, targets)
        made, rows = _made(import_id, file, read, wish, plan), await plan.rows()
        async with desk.room, uow:
            await _check_room(uow, principal)
            await uow.imports.add(made, read.statements, rows)
            uow.record(*_events(principal, import_id, "ImportAttempted", "ImportPlanned"))
            await uow.commit()
    except _FAILURES as refusal:
        await _log_failure(uow, principal, "Import", import_id, refusal)
        raise
    return view_of(made)


async def apply_import(
    uow: UnitOfWork, desk: ImportDesk, principal: Principal, import_id: UUID, wanted_hash: str
) -> Versioned[ImportView]:
    """Do what the plan with this hash says, all of it in one commit.

    Raises ImportNotFound, NotYours, ImportNotPlanned, TooManyAccounts, and PlanStale when the file
    would now have another effect: then the new plan stands in the import, to be looked at.
    """
    async with uow:
        seen = await uow.imports.get(principal.user_id, import_id)
        wish = await _wish(uow, desk, principal, seen.account_id)
    try:
        async with desk.room, uow:
            await uow.imports.lock(principal.user_id)
            waiting = _still_planned(await uow.imports.get(principal.user_id, import_id))
            wish = replace(wish, now=await _moment(uow, desk, principal))
            plan = await _plan_again(uow, wish, waiting, wanted_hash)
            applied, undo = await _apply(uow, desk, wish, waiting, plan)
            await movements_changed(uow, principal.user_id, now=wish.now)
            stored = await uow.imports.update(applied, undo=undo)
            uow.record(*_events(principal, import_id, "ImportAttempted", "ImportSucceeded"))
            await uow.commit()
    except _FAILURES as refusal:
        await _log_failure(uow, principal, "Import", import_id, refusal)
        raise
    return view_of(stored)


async def revert_import(
    uow: UnitOfWork, desk: ImportDesk, principal: Principal, import_id: UUID
) -> Versioned[ImportView]:
    """Restore what was there before this import was applied, but for what was changed since.

    Raises ImportNotFound, NotYours, ImportNotApplied, ImportSuperseded, TransactionReconciled.
    """
    async with uow:
        await uow.imports.get(principal.user_id, import_id)
    try:
        async with desk.room, uow:
            await uow.imports.lock(principal.user_id)
            standing = await uow.imports.get(principal.user_id, import_id)
            await _check_order(uow, standing)
            now = desk.clock.now()
            left = await take_back(uow, standing, now)
            await movements_changed(uow, principal.user_id, now=now)
            reverted = replace(
                standing,
                status=ImportStatus.REVERTED,
                reverted_at=now,
                summary=summary_in(
                    standing.summary,
                    [each if each in left else None for each in standing.account_ids],
                ),
            )
            stored = await uow.imports.update(reverted)
            names = ("ImportReversalAttempted", "ImportReversalSucceeded")
            uow.record(*_events(principal, import_id, *names))
            await uow.commit()
    except _FAILURES as refusal:
        await _log_failure(uow, principal, "ImportReversal", import_id, refusal)
        raise
    return view_of(stored)


async def discard_import(
    uow: UnitOfWork, principal: Principal, import_id: UUID, expected_version: int | None
) -> None:
    """Forget a plan that was not applied.

    Raises ImportNotFound, NotYours, ImportNotPlanned, PreconditionFailed.
    """
    async with uow:
        waiting = _still_planned(await uow.imports.get(principal.user_id, import_id))
        await uow.imports.discard(waiting, expected_version=expected_version)
        uow.record(*_events(principal, import_id, "ImportDiscarded"))
        await uow.commit()


@dataclass(frozen=True, slots=True)
class _Read:
    slug: str
    statements: list[ReportedStatement]
    sha256: str


async def _read(desk: ImportDesk, file: ImportFile) -> _Read:
    slug, read = await desk.reader.read(file)
    statements = [replace(statement, owed=file.owed) for statement in read]
    sha256 = await asyncio.to_thread(lambda: hashlib.sha256(file.content).hexdigest())
    return _Read(slug, statements, sha256)


async def _wish(
    uow: UnitOfWork, desk: ImportDesk, principal: Principal, account_id: UUID | None
) -> Wish:
    user = await uow.users.get(principal.user_id)
    return Wish(principal.user_id, account_id, desk.clock.now(), ZoneInfo(user.time_zone))


def _made(import_id: UUID, file: ImportFile, read: _Read, wish: Wish, plan: Plan) -> Import:
    return Import(
        id=import_id,
        user_id=wish.user_id,
        status=ImportStatus.PLANNED,
        file_name=file.name,
        format=read.slug,
        sha256=read.sha256,
        account_id=wish.account_id,
        plan_hash=plan.hash,
        summary=plan.summary,
        account_ids=plan.account_ids,
        created_at=wish.now,
    )


async def _check_room(uow: UnitOfWork, principal: Principal) -> None:
    if await uow.imports.count_planned(principal.user_id) >= MAX_PLANNED:
        raise TooManyImports(f"{MAX_PLANNED} plans wait already: apply or discard some.")


def _still_planned(waiting: Import) -> Import:
    if waiting.status is not ImportStatus.PLANNED:
        raise ImportNotPlanned(f"The import is {waiting.status.value} already.")
    return waiting


async def _moment(uow: UnitOfWork, desk: ImportDesk, principal: Principal) -> datetime:
    """Now, but after the last application: whatever the clock does, they have an order."""
    now, last = desk.clock.now(), await uow.imports.last_applied_at(principal.user_id)
    return now if last is None else max(now, last + timedelta(microseconds=1))


async def _plan_again(uow: UnitOfWork, wish: Wish, waiting: Import, wanted_hash: str) -> Plan:
    """The plan as the ledger is now, if that is what was looked at."""
    if wanted_hash != waiting.plan_hash:
        raise PlanStale("This is not the hash of the plan: look at the plan first.")
    statements = await uow.imports.statements(waiting)
    plan = await plan_of(waiting.sha256, await targets_of(uow, wish, statements))
    if plan.hash != waiting.plan_hash:
        renewed = replace(
            waiting, plan_hash=plan.hash, summary=plan.summary, account_ids=plan.account_ids
        )
        await uow.imports.update(renewed, rows=await plan.rows())
        await uow.commit()
        raise PlanStale("The ledger changed since the plan was made: look at the new plan.")
    return plan


async def _apply(
    uow: UnitOfWork, desk: ImportDesk, wish: Wish, waiting: Import, plan: Plan
) -> tuple[Import, Undo]:
    storage = Storage(uow, desk.vault, waiting.id, wish)
    touched = [str((await storage.store(one)).id) for one in plan.statements]
    applied = replace(
        waiting,
        status=ImportStatus.APPLIED,
        applied_at=wish.now,
        account_ids=touched,
        summary=summary_in(waiting.summary, touched),
    )
    return applied, storage.undo


async def _check_order(uow: UnitOfWork, standing: Import) -> None:
    if standing.status is not ImportStatus.APPLIED or standing.applied_at is None:
        raise ImportNotApplied(f"The import is {standing.status.value}.")
    touched = standing.account_ids
    if await uow.imports.applied_after(standing.user_id, standing.applied_at, touched):
        raise ImportSuperseded("A later import touched the same account: revert that first.")


def _events(principal: Principal, import_id: UUID, *names: str) -> list[Event]:
    return [Event(name, principal.user_id, import_id) for name in names]


async def _log_failure(
    uow: UnitOfWork, principal: Principal, what: str, import_id: UUID, refusal: DomainError
) -> None:
    async with uow:
        problem = {"problem": refusal.slug}
        uow.record(
            Event(f"{what}Attempted", principal.user_id, import_id),
            Event(f"{what}Failed", principal.user_id, import_id, problem),
        )
        await uow.commit_claim()
