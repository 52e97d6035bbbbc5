"""Taking an import back: what it added goes, what it changed is as it was."""

from contextlib import suppress
from datetime import datetime
from uuid import UUID

from coffers.application.investing.portfolios import take_out
from coffers.application.ledger.balances import recount
from coffers.application.unit_of_work import UnitOfWork
from coffers.domain.ids import UserId
from coffers.domain.ledger.accounts import AccountNotFound
from coffers.domain.ledger.entries import TransactionReconciled
from coffers.domain.ledger.images import Change, Kept, Undo, restored
from coffers.domain.ledger.imports import Import
from coffers.domain.ledger.tombstones import Burial, deletion


async def take_back(uow: UnitOfWork, standing: Import, now: datetime) -> set[str]:
    """Within the open transaction; answers the accounts that are still there.

    What was done to a row since stays; a row that is gone since stays gone; an account that the
    import made goes, unless something else is in it by now. Raises TransactionReconciled.
    """
    user_id, undo = standing.user_id, await uow.imports.undo(standing)
    touched = await _locked(uow, standing)
    await _check_free(uow, standing, undo)
    await uow.images.take_out_import(user_id, standing.id, undo.snapshots)
    await uow.tombstones.forget(user_id, standing.id)
    gone = await _restore(uow, user_id, Kept.TRANSACTIONS, undo.transactions, now)
    await uow.tombstones.rename(user_id, _identities(gone))
    await _restore(uow, user_id, Kept.HOLDINGS, undo.holdings, now)
    await _restore(uow, user_id, Kept.ACCOUNTS, undo.accounts, now)
    for account_id in touched:
        await recount(uow, await uow.accounts.get(user_id, account_id), now)
    closed = {each for each in undo.created_accounts if await _close(uow, user_id, each, now)}
    return {str(account_id) for account_id in touched if account_id not in closed}


async def _locked(uow: UnitOfWork, standing: Import) -> list[UUID]:
    """The accounts that it touched and that are still there, locked before what is in them."""
    found = []
    for account_id in sorted(UUID(each) for each in standing.account_ids):
        with suppress(AccountNotFound):
            found.append((await uow.accounts.get(standing.user_id, account_id)).id)
    return found


async def _check_free(uow: UnitOfWork, standing: Import, undo: Undo) -> None:
    settled = [_id(change) for change in undo.transactions]
    if await uow.reconciliations.stands_on_import(standing.user_id, standing.id, settled):
        detail = "A reconciliation stands on its movements: delete the reconciliation first."
        raise TransactionReconciled(detail)


async def _restore(
    uow: UnitOfWork, user_id: UserId, kept: Kept, changes: list[Change], now: datetime
) -> list[Change]:
    """Answers the changes of rows that are gone."""
    added = [_id(change) for change in changes if change.before is None]
    changed = [change for change in changes if change.before is not None]
    current = await uow.images.of_rows(kept, user_id, [_id(change) for change in changed])
    await uow.images.take_out(kept, user_id, added)
    await uow.images.put_back(
        kept,
        user_id,
        [
            restored(change, current[_id(change)], now)
            for change in changed
            if _id(change) in current
        ],
    )
    return [change for change in changed if _id(change) not in current]


async def _close(uow: UnitOfWork, user_id: UserId, account_id: UUID, now: datetime) -> bool:
    try:
        account = await uow.accounts.get(user_id, account_id)
    except AccountNotFound:
        # Its owner deleted it since.
        return True
    if not await uow.images.is_bare(account):
        return False
    await uow.accounts.delete(account)
    await take_out(uow, user_id, account_id, now)
    return True


def _id(change: Change) -> UUID:
    row_id = change.after["id"]
    if not isinstance(row_id, UUID):
        raise TypeError("A row's id is a UUID.")
    return row_id


def _identities(gone: list[Change]) -> dict[UUID, tuple[Burial, str]]:
    """What movements that their owner deleted since are called now that they were not posted."""
    named = {_id(change): deletion(*_names(change)) for change in gone}
    return {row_id: name for row_id, name in named.items() if name is not None}


def _names(change: Change) -> tuple[str | None, str | None]:
    before = change.before or {}
    own_id, mark = before.get("provider_transaction_id"), before.get("fingerprint")
    return (
        own_id if isinstance(own_id, str) else None,
        mark if isinstance(mark, str) else None,
    )
