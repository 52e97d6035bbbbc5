"""Imports: plan a file, look at the plan, apply it, take it back."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol
from uuid import UUID

from coffers.application.import_views import ImportPreview, ImportView, rows_of, summary_of, view_of
from coffers.application.ports import Clock, UnitOfWork, Vault
from coffers.application.statement_storage import Storage, take_back
from coffers.application.views import Versioned
from coffers.domain.accounts import Account, AccountOrigin
from coffers.domain.errors import DomainError
from coffers.domain.events import Event
from coffers.domain.ids import UserId, new_id
from coffers.domain.imports import (
    Import,
    ImportNotApplied,
    ImportNotPlanned,
    ImportStatus,
    ImportSuperseded,
    ImportTargetInvalid,
    Known,
    PlanStale,
    Ruling,
    fingerprint,
    judge,
    plan_hash,
)
from coffers.domain.principals import Principal
from coffers.domain.statements import ReportedStatement, ReportedTransaction

#: The source of accounts that live from files.
FILES: Final = "file"


@dataclass(frozen=True, slots=True)
class ImportFile:
    """A file and how its owner wants it read. `account_id` is where its one statement goes."""

    name: str
    content: bytes
    options: Mapping[str, object]

    @property
    def account_id(self) -> UUID | None:
        """The account that its owner named."""
        named = self.options.get("account_id")
        return None if named is None else UUID(str(named))


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
class PlannedStatement:
    """A statement, the account it goes to (None: a new one), and a ruling for each of its rows."""

    statement: ReportedStatement
    account: Account | None
    fingerprints: Sequence[str]
    rulings: Sequence[Ruling]


@dataclass(frozen=True, slots=True)
class ImportDesk:
    """The ports that importing takes."""

    reader: StatementReader
    clock: Clock
    vault: Vault


async def plan_import(
    uow: UnitOfWork, desk: ImportDesk, principal: Principal, file: ImportFile
) -> Versioned[ImportView]:
    """Read the file and say what applying it would do; the ledger stays as it is.

    Raises StatementUnreadable, ImportTargetInvalid, AccountNotFound, NotYours.
    """
    attempted = Event("ImportAttempted", principal.user_id, None)
    try:
        slug, statements = await desk.reader.read(file)
    except DomainError as refusal:
        await _log_failure(uow, principal, attempted, refusal)
        raise
    now = desk.clock.now()
    async with uow:
        planned = await _plan(uow, principal.user_id, file, statements)
        sha256 = hashlib.sha256(file.content).hexdigest()
        made = Import(
            id=new_id(),
            user_id=principal.user_id,
            status=ImportStatus.PLANNED,
            file_name=file.name,
            format=slug,
            sha256=sha256,
            content=file.content,
            options=file.options,
            plan_hash=_hash(sha256, planned),
            summary=summary_of(planned),
            rows=rows_of(planned),
            account_ids=_account_ids(planned),
            created_at=now,
        )
        await uow.imports.add(made)
        uow.record(attempted, Event("ImportPlanned", principal.user_id, made.id))
        await uow.commit()
    return view_of(made)


async def apply_import(
    uow: UnitOfWork, desk: ImportDesk, principal: Principal, import_id: UUID, wanted_hash: str
) -> Versioned[ImportView]:
    """Do what the plan with this hash says, all of it in one commit.

    Raises ImportNotFound, NotYours, ImportNotPlanned, and PlanStale when the file would now have
    another effect: then the new plan stands in the import, to be looked at.
    """
    async with uow:
        waiting = await _planned(uow, principal, import_id)
    file = ImportFile(waiting.file_name, waiting.content, waiting.options)
    _, statements = await desk.reader.read(file)
    async with uow:
        waiting = await _planned(uow, principal, import_id)
        planned = await _plan(uow, principal.user_id, file, statements)
        current = _hash(waiting.sha256, planned)
        if current != waiting.plan_hash:
            renewed = replace(
                waiting,
                plan_hash=current,
                summary=summary_of(planned),
                rows=rows_of(planned),
            )
            await uow.imports.update(renewed)
            await uow.commit()
            raise PlanStale("The ledger changed since the plan was made: look at the new plan.")
        if wanted_hash != current:
            raise PlanStale("This is not the hash of the plan.")
        storage = Storage(uow, desk.vault, principal.user_id, waiting.id, desk.clock.now())
        applied = await _apply(storage, waiting, planned)
        stored = await uow.imports.update(applied)
        uow.record(Event("ImportSucceeded", principal.user_id, import_id))
        await uow.commit()
    return view_of(stored)


async def revert_import(
    uow: UnitOfWork, desk: ImportDesk, principal: Principal, import_id: UUID
) -> Versioned[ImportView]:
    """Restore exactly what was there before this import was applied.

    Raises ImportNotFound, NotYours, ImportNotApplied, ImportSuperseded.
    """
    async with uow:
        standing = await uow.imports.get(principal.user_id, import_id)
        if standing.status is not ImportStatus.APPLIED or standing.applied_at is None:
            raise ImportNotApplied(f"The import is {standing.status.value}.")
        touched = standing.account_ids
        if await uow.imports.applied_after(principal.user_id, standing.applied_at, touched):
            raise ImportSuperseded("A later import touched the same account: revert that first.")
        await take_back(uow, standing)
        reverted = replace(
            standing,
            status=ImportStatus.REVERTED,
            reverted_at=desk.clock.now(),
            content=b"",
            undo={},
        )
        stored = await uow.imports.update(reverted)
        uow.record(Event("ImportReverted", principal.user_id, import_id))
        await uow.commit()
    return view_of(stored)


async def _planned(uow: UnitOfWork, principal: Principal, import_id: UUID) -> Import:
    waiting = await uow.imports.get(principal.user_id, import_id)
    if waiting.status is not ImportStatus.PLANNED:
        raise ImportNotPlanned(f"The import is {waiting.status.value} already.")
    return waiting


async def _plan(
    uow: UnitOfWork, user_id: UserId, file: ImportFile, statements: Sequence[ReportedStatement]
) -> list[PlannedStatement]:
    if file.account_id is not None and len(statements) != 1:
        detail = f"The file speaks of {len(statements)} accounts: leave the account out."
        raise ImportTargetInvalid(detail, field="account_id")
    known = await uow.accounts.of_origin(AccountOrigin(user_id, FILES))
    by_key = {account.provider_account_id: account for account in known}
    planned = []
    for statement in statements:
        account = by_key.get(statement.account.provider_account_id)
        if file.account_id is not None:
            account = await _named(uow, user_id, file.account_id, statement)
        planned.append(await _judged(uow, statement, account))
    return planned


async def _named(
    uow: UnitOfWork, user_id: UserId, account_id: UUID, statement: ReportedStatement
) -> Account:
    account = await uow.accounts.get(user_id, account_id)
    if account.currency != statement.account.currency:
        detail = f"The file is in {statement.account.currency}, the account in {account.currency}."
        raise ImportTargetInvalid(detail, field="account_id")
    return account


async def _judged(
    uow: UnitOfWork, statement: ReportedStatement, account: Account | None
) -> PlannedStatement:
    if account is not None and account.connection_id is not None:
        statement = replace(
            statement,
            transactions=[
                replace(row, provider_transaction_id=_within_files(row.provider_transaction_id))
                for row in statement.transactions
            ],
        )
    rows = statement.transactions
    known = Known() if account is None else await uow.imports.known(account, rows)
    # Tens of thousands of rows take a moment: other requests do not wait for it.
    marks, rulings = await asyncio.to_thread(_ruled, rows, known)
    return PlannedStatement(statement, account, marks, rulings)


def _ruled(rows: Sequence[ReportedTransaction], known: Known) -> tuple[list[str], list[Ruling]]:
    marks = [fingerprint(row) for row in rows]
    return marks, judge(rows, marks, known)


def _within_files(own_id: str | None) -> str | None:
    """An id of a file must not meet one of the provider's own."""
    return None if own_id is None else f"file:{own_id}"


def _hash(sha256: str, planned: Sequence[PlannedStatement]) -> str:
    parts = [
        [
            one.statement.account.provider_account_id,
            None if one.account is None else one.account.id,
            [[ruling.verdict, ruling.transaction_id] for ruling in one.rulings],
        ]
        for one in planned
    ]
    return plan_hash(sha256, parts)


def _account_ids(planned: Sequence[PlannedStatement]) -> list[str]:
    return [str(one.account.id) for one in planned if one.account is not None]


async def _apply(storage: Storage, waiting: Import, planned: Sequence[PlannedStatement]) -> Import:
    touched = []
    for one in planned:
        account = await storage.account_for(one.statement, one.account)
        touched.append(str(account.id))
        await storage.store_rows(account, one.statement, one.fingerprints, one.rulings)
        await storage.store_state(account, one.statement)
    return replace(
        waiting,
        status=ImportStatus.APPLIED,
        applied_at=storage.now,
        account_ids=touched,
        undo=storage.undo,
        content=b"",
    )


async def _log_failure(
    uow: UnitOfWork, principal: Principal, attempted: Event, refusal: DomainError
) -> None:
    async with uow:
        failed = Event("ImportFailed", principal.user_id, None, {"problem": refusal.slug})
        uow.record(attempted, failed)
        await uow.commit_claim()
