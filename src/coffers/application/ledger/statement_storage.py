"""Storing a planned statement so that it can be taken back: every change is remembered."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

from coffers.application.ledger.balances import by_hand, later, reopened
from coffers.application.ledger.import_plans import FILES, PlannedStatement, Target, Wish
from coffers.application.linking.readings import value_of
from coffers.application.markets.asset_links import link_symbols
from coffers.application.ports import Vault
from coffers.application.spending.new_movements import apply_rules
from coffers.application.unit_of_work import UnitOfWork
from coffers.domain.ids import new_id
from coffers.domain.ledger.accounts import Account, masked
from coffers.domain.ledger.images import Change, Image, Kept, Undo
from coffers.domain.ledger.imports import Settlement
from coffers.domain.ledger.snapshots import Snapshot, SnapshotSource
from coffers.domain.ledger.statements import ReportedAccount, ReportedTransaction
from coffers.domain.ledger.verdicts import Verdict
from coffers.domain.money import EXACT, money_digits


@dataclass(slots=True)
class Storage:
    """One import at work within its transaction; `undo` grows with every change."""

    uow: UnitOfWork
    vault: Vault
    import_id: UUID
    wish: Wish
    undo: Undo = field(default_factory=Undo)

    async def store(self, planned: PlannedStatement) -> Account:
        """The rows as their verdicts say, then balance and positions; answers the account.

        It is made if there was none. Raises TooManyAccounts.
        """
        target = planned.target
        account = target.account or await self._opened(target.statement.account)
        await self._settle(account, planned)
        await self._add(account, planned)
        if account.adds_up:
            await self._add_up(account, target)
        else:
            await self._record_balance(account, target)
            if target.is_current:
                await self._bring_up_to_date(account, target)
        await link_symbols(self.uow, account.user_id, now=self.wish.now)
        return account

    async def _opened(self, told: ReportedAccount) -> Account:
        opened = Account(
            id=new_id(),
            user_id=self.wish.user_id,
            source=FILES,
            name=told.name,
            account_type=told.account_type,
            currency=told.currency,
            created_at=self.wish.now,
            updated_at=self.wish.now,
            provider_account_id=told.provider_account_id,
        )
        opened = self._numbered(opened, told)
        await self.uow.accounts.add(opened)
        self.undo.created_accounts.append(opened.id)
        return opened

    async def _add(self, account: Account, planned: PlannedStatement) -> None:
        new: list[ReportedTransaction] = []
        marks: dict[int, str] = {}
        for row, mark in _judged(planned, Verdict.NEW):
            if mark is not None:
                marks[len(new)] = mark
            new.append(row)
        await self.uow.transactions.add(
            account, new, now=self.wish.now, import_id=self.import_id, fingerprints=marks
        )
        await apply_rules(self.uow, account, new, now=self.wish.now)

    async def _settle(self, account: Account, planned: PlannedStatement) -> None:
        rows = zip(planned.statement.transactions, planned.marks, planned.rulings, strict=True)
        settled = [
            Settlement(ruling.transaction_id, row, mark)
            for row, mark, ruling in rows
            if ruling.verdict is Verdict.UPDATE and ruling.transaction_id is not None
        ]
        if not settled:
            return
        ids = [one.transaction_id for one in settled]
        user_id, now = self.wish.user_id, self.wish.now
        before = await self.uow.images.of_rows(Kept.TRANSACTIONS, user_id, ids)
        await self.uow.imports.settle(account, settled, import_id=self.import_id, now=now)
        after = await self.uow.images.of_rows(Kept.TRANSACTIONS, user_id, ids)
        self.undo.transactions += [Change(before[row_id], after[row_id]) for row_id in ids]

    async def _record_balance(self, account: Account, target: Target) -> None:
        """A snapshot of the day that the balance is of, unless a file gave the same before."""
        snapshot = self._snapshot(account, target)
        if snapshot is None:
            return
        since, until = _same_day(target.as_of, self.wish)
        if await self.uow.imports.has_snapshot(snapshot, since=since, until=until):
            return
        await self.uow.snapshots.add(snapshot)
        self.undo.snapshots.append(snapshot.id)

    def _snapshot(self, account: Account, target: Target) -> Snapshot | None:
        told, held = target.statement.account, target.statement.holdings
        if told.balance is None:
            return None
        value = None if held is None else value_of(held, account.currency)
        return Snapshot(
            id=new_id(),
            user_id=account.user_id,
            account_id=account.id,
            balance=money_digits(told.balance, account.currency),
            currency=account.currency,
            source=SnapshotSource.FILE_IMPORT,
            captured_at=target.as_of,
            created_at=self.wish.now,
            available_balance=_digits(told.available_balance, account.currency),
            holdings_value=value,
            cash_value=_cash(told, value),
        )

    async def _bring_up_to_date(self, account: Account, target: Target) -> None:
        """The account as the statement has it, which is the newest that is known."""
        is_new = account.id in self.undo.created_accounts
        before = await self._account_image(account)
        if target.statement.holdings is not None:
            await self._replace_holdings(account, target)
        await self.uow.accounts.update(self._told(account, target))
        if not is_new:
            after = await self._account_image(account)
            self.undo.accounts.append(Change(before, after))

    async def _add_up(self, account: Account, target: Target) -> None:
        """An account that adds up keeps what it opened with: its balance follows the new entries.

        What a statement says of an account that nobody opened is where it began to be known.
        """
        before = await self._account_image(account)
        if target.is_current and target.statement.holdings is not None:
            await self._replace_holdings(account, target)
        told = self._numbered(account, target.statement.account)
        opening = account.opening_balance
        if opening is None and target.is_current:
            opening = await self._opening(account, target)
            await self._record_balance(account, target)
        if opening is not None:
            told = await reopened(self.uow, told, opening)
        if told != account:
            told = replace(told, updated_at=self.wish.now)
        if target.is_current:
            told = replace(told, last_synced_at=target.as_of)
        if told == account:
            return
        stored = await self.uow.accounts.update(told)
        self.undo.accounts.append(Change(before, await self._account_image(account)))
        await self._record_sum(stored, account, target)

    async def _opening(self, account: Account, target: Target) -> Decimal | None:
        """What makes the statement's money that of the end of its day."""
        stated = _money(target.statement.account)
        if stated is None:
            return None
        day = target.as_of.astimezone(self.wish.zone).date()
        return EXACT.subtract(stated, await self.uow.entries.settled_until(account, day))

    async def _record_sum(self, stored: Account, before: Account, target: Target) -> None:
        """A snapshot of what the rows made of the balance, unless it is the statement's own."""
        stated = target.statement.account.balance
        was_stated = before.opening_balance is None and stored.balance == stated
        if stored.balance is None or stored.balance == before.balance or was_stated:
            return
        snapshot = replace(
            by_hand(stored, stored.balance, later(before, self.wish.now)),
            source=SnapshotSource.FILE_IMPORT,
        )
        await self.uow.snapshots.add(snapshot)
        self.undo.snapshots.append(snapshot.id)

    async def _replace_holdings(self, account: Account, target: Target) -> None:
        before = await self.uow.images.of_holdings(account)
        held, seen_at = target.statement.holdings or (), _seen_at(target.as_of, self.wish)
        await self.uow.holdings.replace_reported(account, held, now=self.wish.now, seen_at=seen_at)
        after = await self.uow.images.of_holdings(account)
        self.undo.holdings += [Change(before.get(row_id), image) for row_id, image in after.items()]

    async def _account_image(self, account: Account) -> Image:
        images = await self.uow.images.of_rows(Kept.ACCOUNTS, account.user_id, [account.id])
        return images[account.id]

    def _told(self, account: Account, target: Target) -> Account:
        reported = target.statement.account
        told = self._numbered(account, reported)
        if reported.balance is not None:
            told = replace(
                told,
                balance=money_digits(reported.balance, account.currency),
                available_balance=_digits(reported.available_balance, account.currency),
                cash_balance=_digits(reported.cash_balance, account.currency),
            )
        if told != account:
            told = replace(told, updated_at=self.wish.now)
        return replace(told, last_synced_at=target.as_of)

    def _numbered(self, account: Account, told: ReportedAccount) -> Account:
        """With the number that the file tells, if none is known."""
        if told.account_number is None or account.account_number is not None:
            return account
        return replace(
            account,
            account_number=self.vault.seal(told.account_number.encode(), bound_to=account.id),
            account_number_masked=masked(told.account_number),
        )


def _judged(
    planned: PlannedStatement, verdict: Verdict
) -> Sequence[tuple[ReportedTransaction, str | None]]:
    rows = zip(planned.statement.transactions, planned.marks, planned.rulings, strict=True)
    return [(row, mark) for row, mark, ruling in rows if ruling.verdict is verdict]


def _digits(amount: Decimal | None, currency: str) -> Decimal | None:
    return None if amount is None else money_digits(amount, currency)


def _money(told: ReportedAccount) -> Decimal | None:
    """What of its balance is money, where the file tells that apart; else all of it."""
    return told.balance if told.cash_balance is None else told.cash_balance


def _cash(told: ReportedAccount, value: Decimal | None) -> Decimal | None:
    """As the file tells it; else what the positions leave of the balance."""
    if told.cash_balance is not None:
        return money_digits(told.cash_balance, told.currency)
    if told.balance is None or value is None:
        return None
    return money_digits(EXACT.subtract(told.balance, value), told.currency)


def _seen_at(instant: datetime, wish: Wish) -> datetime:
    """On the statement's day also in UTC, by which positions and their prices count."""
    day = instant.astimezone(wish.zone).date()
    return min(instant, datetime.combine(day, time(23, 59, 59), UTC))


def _same_day(instant: datetime, wish: Wish) -> tuple[datetime, datetime]:
    """The day of this instant where the owner lives."""
    local = instant.astimezone(wish.zone)
    since = local.replace(hour=0, minute=0, second=0, microsecond=0)
    return since, since + timedelta(days=1)
