"""Storing a statement so that it can be taken back: every change leaves an image of what was there."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time
from typing import Any, Final
from uuid import UUID

from coffers.application.ports import UnitOfWork, Vault
from coffers.application.readings import value_of
from coffers.domain.accounts import Account, AccountOrigin
from coffers.domain.ids import UserId, new_id
from coffers.domain.imports import Import, Ruling, Verdict
from coffers.domain.money import EXACT, money_digits
from coffers.domain.snapshots import Snapshot, SnapshotSource
from coffers.domain.statements import ReportedStatement, ReportedTransaction

_FILES: Final = "file"


def _nothing() -> dict[str, Any]:  # Any: JSON
    return {
        "created_accounts": [],
        "accounts": [],
        "transactions": [],
        "holdings": [],
        "holdings_of": [],
        "snapshots": [],
    }


@dataclass(slots=True)
class Storage:
    """One import at work within its transaction; `undo` grows with every change."""

    uow: UnitOfWork
    vault: Vault
    user_id: UserId
    import_id: UUID
    now: datetime
    undo: dict[str, Any] = field(default_factory=_nothing)  # Any: JSON

    async def account_for(self, statement: ReportedStatement, known: Account | None) -> Account:
        """The account that the statement goes to, made now if there is none."""
        if known is not None:
            images = await self.uow.imports.images("accounts", self.user_id, [known.id])
            self.undo["accounts"] += images
            return known
        origin = AccountOrigin(self.user_id, _FILES)
        reported = replace(statement.account, balance=None, available_balance=None)
        (made,), _ = await self.uow.accounts.merge_reported(
            origin, [reported], now=self.now, seal=self._seal
        )
        self.undo["created_accounts"].append(str(made.id))
        return made

    async def store_rows(
        self,
        account: Account,
        statement: ReportedStatement,
        fingerprints: Sequence[str],
        rulings: Sequence[Ruling],
    ) -> None:
        """New rows are added, updated ones change in place; all others stay as they are."""
        new: list[ReportedTransaction] = []
        marks: dict[int, str] = {}
        for row, mark, ruling in zip(statement.transactions, fingerprints, rulings, strict=True):
            if ruling.verdict is Verdict.NEW:
                marks[len(new)] = mark
                new.append(row)
            elif ruling.verdict is Verdict.UPDATE and ruling.transaction_id is not None:
                await self._remember("transactions", ruling.transaction_id)
                await self.uow.imports.settle(account, row, ruling.transaction_id, self.now)
        await self.uow.transactions.add(
            account, new, now=self.now, import_id=self.import_id, fingerprints=marks
        )

    async def store_state(self, account: Account, statement: ReportedStatement) -> None:
        """Positions and balance, if the statement tells them and nothing newer is known."""
        captured_at = _captured_at(statement, self.now)
        if account.last_synced_at is not None and account.last_synced_at > captured_at:
            return
        if statement.holdings is not None:
            self.undo["holdings_of"].append(str(account.id))
            held = await self.uow.imports.images("holdings", self.user_id, [account.id])
            self.undo["holdings"] += held
            await self.uow.holdings.replace_reported(account, statement.holdings, now=self.now)
        if statement.account.balance is not None:
            await self._store_balance(account, statement, captured_at)

    async def _store_balance(
        self, account: Account, statement: ReportedStatement, captured_at: datetime
    ) -> None:
        told = account.as_reported(statement.account, captured_at, self._seal)
        told = replace(told, name=account.name, account_type=account.account_type)
        is_known = told.balance == account.balance and account.last_synced_at == captured_at
        await self.uow.accounts.update(told)
        if is_known or told.balance is None:
            return
        value = None
        if statement.holdings is not None:
            value = value_of(statement.holdings, account.currency)
        cash = told.cash_balance
        if cash is None and value is not None:
            cash = money_digits(EXACT.subtract(told.balance, value), account.currency)
        snapshot = Snapshot(
            id=new_id(),
            user_id=self.user_id,
            account_id=account.id,
            balance=told.balance,
            currency=account.currency,
            source=SnapshotSource.FILE_IMPORT,
            captured_at=captured_at,
            created_at=self.now,
            available_balance=told.available_balance,
            holdings_value=value,
            cash_value=cash,
        )
        await self.uow.snapshots.add(snapshot)
        self.undo["snapshots"].append(str(snapshot.id))

    async def _remember(self, table: str, row_id: UUID) -> None:
        self.undo[table] += await self.uow.imports.images(table, self.user_id, [row_id])

    def _seal(self, number: str, account_id: UUID) -> bytes:
        return self.vault.seal(number.encode(), bound_to=account_id)


async def take_back(uow: UnitOfWork, standing: Import) -> None:
    """Within the open transaction: everything as the images have it, and nothing of the import."""
    undo: dict[str, Any] = dict(standing.undo)  # Any: JSON
    user_id = standing.user_id
    await uow.imports.take_out("transactions", user_id, [standing.id])
    await uow.imports.put_back("transactions", user_id, undo["transactions"])
    await uow.imports.take_out("holdings", user_id, _ids(undo["holdings_of"]))
    await uow.imports.put_back("holdings", user_id, undo["holdings"])
    await uow.imports.take_out("snapshots", user_id, _ids(undo["snapshots"]))
    await uow.imports.put_back("accounts", user_id, undo["accounts"])
    for account_id in _ids(undo["created_accounts"]):
        await uow.accounts.delete(await uow.accounts.get(user_id, account_id))


def _ids(texts: Sequence[str]) -> list[UUID]:
    return [UUID(text) for text in texts]


def _captured_at(statement: ReportedStatement, now: datetime) -> datetime:
    """The end of the day that the balance is of, or now for a day that has not ended."""
    day = statement.balance_date or statement.last_date
    if day is None:
        return now
    return min(now, datetime.combine(day, time(23, 59, 59), UTC))
