"""Rewriting entries by plans: what becomes of each, and writing it so that balances follow."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from coffers.application.ledger.balances import shift
from coffers.application.ledger.entry_annotations import said_in
from coffers.application.ledger.entry_edits import (
    EntryEdit,
    check_edit,
    check_reported,
    edited,
)
from coffers.application.spending.edit_plan_rows import planned
from coffers.application.unit_of_work import UnitOfWork
from coffers.domain.errors import Conflict, DomainError, Invalid
from coffers.domain.ids import UserId
from coffers.domain.ledger.accounts import Account, AccountNotFound, AccountNotManual
from coffers.domain.ledger.annotations import check_splits
from coffers.domain.ledger.entries import Entry, TransactionReconciled
from coffers.domain.ledger.tombstones import tombstones_of
from coffers.domain.ledger.trades import traded
from coffers.domain.ledger.transactions import TransactionReported
from coffers.domain.money import EXACT
from coffers.domain.spending.edit_plans import PlannedRow, taken_back
from coffers.domain.spending.rewrites import (
    EditVerdict,
    Rewrite,
    check_deletable,
    is_of_security,
    put_back,
    unwritten,
)
from coffers.domain.spending.transfers import (
    NEVER,
    Leg,
    Transfer,
    TransferStatus,
    event_of,
)

#: Why an entry stays as it is.
_VERDICTS: Final[Mapping[type[DomainError], EditVerdict]] = {
    TransactionReported: EditVerdict.REPORTED,
    AccountNotManual: EditVerdict.REPORTED,
    TransactionReconciled: EditVerdict.RECONCILED,
}


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be changed of every entry, and what is to be said of it."""

    facts: Mapping[str, Any]  # Any: as each field has it
    annotate: Callable[[Entry], Entry]
    now: datetime


def deletion_of(entry: Entry, accounts: Mapping[UUID, Account]) -> PlannedRow:
    """The entry, to be deleted if it may be."""
    verdict = check_deletable(entry, accounts[entry.account_id])
    return planned_rewrite(Rewrite(entry, None if verdict.is_done else entry), verdict)


def change_of(
    entry: Entry, accounts: Mapping[UUID, Account], changes: Changes
) -> PlannedRow | None:
    """The entry with the changes, if it may have them; None if it is so already."""
    try:
        after = _changed(entry, accounts, changes)
    except (Invalid, Conflict) as refusal:
        verdict = _VERDICTS.get(type(refusal), EditVerdict.IMPOSSIBLE)
        return planned_rewrite(Rewrite(entry, entry), verdict)
    if after == entry:
        return None
    rewrite = Rewrite(entry, after)
    if any(rewrite.facts()) and is_of_security(entry):
        return planned_rewrite(Rewrite(entry, entry), EditVerdict.SECURITY)
    return planned_rewrite(rewrite, EditVerdict.CHANGED)


def planned_rewrite(rewrite: Rewrite, verdict: EditVerdict) -> PlannedRow:
    """As a row of a plan; one that is left alone keeps no more than that."""
    entry = rewrite.one
    row = planned(entry.annotated, (rewrite.after or entry).annotation)
    return replace(row, verdict=verdict, rewrite=rewrite if verdict.is_done else None)


def unwritten_row(
    row: PlannedRow, current: Entry | None, accounts: Mapping[UUID, Account]
) -> PlannedRow | None:
    """The entry without what the plan did to it; None where it is to stay as it is."""
    rewrite = _undone(row, current)
    if rewrite is None or rewrite.after is None or rewrite.account_ids - accounts.keys():
        return None
    return (
        None if rewrite.after == rewrite.before else planned_rewrite(rewrite, EditVerdict.CHANGED)
    )


def _undone(row: PlannedRow, current: Entry | None) -> Rewrite | None:
    done = row.rewrite
    if done is None or done.before is None:
        return None
    if done.after is None:
        return put_back(done.before) if current is None else None
    undone = None if current is None else unwritten(done, current)
    if undone is None or undone.after is None:
        return None
    annotation = taken_back(row, undone.after.annotation)
    return Rewrite(current, replace(undone.after, annotation=annotation))


def _changed(entry: Entry, accounts: Mapping[UUID, Account], changes: Changes) -> Entry:
    facts = changes.facts
    account = accounts[facts.get("account_id", entry.account_id)]
    after = edited(entry, account, EntryEdit(facts, {}))
    if facts and not is_of_security(entry):
        after = traded(after, Decimal(1), amount=after.amount)
    after = changes.annotate(after)
    check_reported(entry, after, accounts)
    check_edit(entry, after, changes.now)
    return after


def annotated(entry: Entry, said: Mapping[str, object], speaker: str) -> Entry:
    """With what is said of it; raises AnnotationInvalid."""
    annotation = entry.annotation.told(said_in(said, entry.currency), speaker)
    check_splits(annotation.splits, entry.amount)
    return replace(entry, annotation=annotation)


class Rewriter:
    """Writes rewrites within the open transaction, and then the balances that follow."""

    def __init__(self, uow: UnitOfWork, user_id: UserId, now: datetime) -> None:
        self._uow = uow
        self._user_id = user_id
        self._now = now
        self._accounts: dict[UUID, Account] = {}
        self._shifts: dict[UUID, Decimal] = {}

    async def lock(self, seen: Mapping[UUID, Account]) -> bool:
        """Lock these accounts; whether they are still as plans were judged by."""
        for account_id in sorted(seen):
            try:
                account = await self._uow.accounts.get(self._user_id, account_id)
            except AccountNotFound:
                return False
            if account.connection_id != seen[account_id].connection_id:
                return False
            self._accounts[account_id] = account
        return True

    async def write(self, rewrites: Sequence[Rewrite]) -> bool:
        """Whether all of them were the version still that was looked at."""
        if not rewrites:
            return True
        gone = await self._uow.edit_plans.rewrite(self._user_id, rewrites, now=self._now)
        if gone is None:
            return False
        written = [each for each in rewrites if each.one.id not in gone]
        for each in written:
            self._count(each)
        await self._bury([each.before for each in written if each.after is None])
        back = [each.one.id for each in written if each.before is None]
        await self._uow.tombstones.lift(self._user_id, back)
        return True

    async def settle(self) -> None:
        """Balances follow; raises AmountInvalid for one that is out of bounds."""
        for account_id, by in sorted(self._shifts.items()):
            await shift(self._uow, self._accounts[account_id], by, self._now)

    def _count(self, rewrite: Rewrite) -> None:
        for entry, sign in ((rewrite.before, EXACT.minus), (rewrite.after, EXACT.plus)):
            if entry is not None:
                before = self._shifts.get(entry.account_id, Decimal(0))
                self._shifts[entry.account_id] = EXACT.add(before, sign(entry.counted))

    async def _bury(self, deleted: Sequence[Entry | None]) -> None:
        buried = [tombstones_of(each, self._now) for each in deleted if each is not None]
        await self._uow.tombstones.add([each for some in buried for each in some])


async def rejoin(uow: UnitOfWork, user_id: UserId, lost: Sequence[Transfer], now: datetime) -> None:
    """Hold again, of these transfers, those whose legs are there again as they were."""
    legs = await uow.transfers.legs(user_id, [leg for each in lost for leg in each.key])
    back = [
        replace(each, updated_at=now)
        for each in lost
        if _stands(each, legs) and await uow.transfers.of_pair(user_id, each.key) is None
    ]
    await uow.transfers.add(back)
    confirmed = [each for each in back if each.status is TransferStatus.CONFIRMED]
    uow.record(*(event_of("TransferConfirmed", each) for each in confirmed))


def _stands(transfer: Transfer, legs: Mapping[UUID, Leg]) -> bool:
    out, into = (legs.get(each) for each in transfer.key)
    if out is None or into is None or out.account_id == into.account_id:
        return False
    amounts = (out.amount, out.currency, into.amount, into.currency)
    said = (transfer.outgoing_amount, transfer.outgoing_currency)
    if amounts != (*said, transfer.incoming_amount, transfer.incoming_currency):
        return False
    if NEVER & {out.status, into.status}:
        return False
    is_free = out.transfer_id is None and into.transfer_id is None
    return is_free or transfer.status is not TransferStatus.CONFIRMED
