"""Transactions over every repository, and what happens around their commit."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Generic, Self, TypeVar

from coffers.application.ports import Clock
from coffers.application.uninterrupted import uninterrupted
from coffers.application.unit_of_work import HeldUnitOfWork, IdempotencyClaim, StoredAnswer
from coffers.domain.errors import Unavailable
from coffers.domain.ids import SYSTEM, SessionId, UserId
from coffers.domain.live.events import Event, Origin
from coffers.infrastructure.db import idempotency
from coffers.infrastructure.db.engines import Engines
from coffers.infrastructure.db.identity.api_keys import SqlApiKeys
from coffers.infrastructure.db.identity.erasures import SqlErasures
from coffers.infrastructure.db.identity.security import SqlRotations
from coffers.infrastructure.db.identity.sessions import SqlSessions
from coffers.infrastructure.db.identity.users import SqlUsers
from coffers.infrastructure.db.identity.verifications import SqlOneTimeTokens
from coffers.infrastructure.db.investing.portfolio_snapshots import SqlPortfolioSnapshots
from coffers.infrastructure.db.investing.portfolios import SqlPortfolios
from coffers.infrastructure.db.investing.trails import SqlTrails
from coffers.infrastructure.db.jobs import SqlJobs
from coffers.infrastructure.db.ledger.accounts import SqlAccounts
from coffers.infrastructure.db.ledger.annotations import SqlAnnotations
from coffers.infrastructure.db.ledger.entries import SqlEntries
from coffers.infrastructure.db.ledger.holdings import SqlHoldings
from coffers.infrastructure.db.ledger.images import SqlImages
from coffers.infrastructure.db.ledger.imports import SqlImports
from coffers.infrastructure.db.ledger.reconciliations import SqlReconciliations
from coffers.infrastructure.db.ledger.snapshots import SqlSnapshots
from coffers.infrastructure.db.ledger.tombstones import SqlTombstones
from coffers.infrastructure.db.ledger.transactions import SqlTransactions
from coffers.infrastructure.db.leftovers import SqlLeftovers
from coffers.infrastructure.db.linking.adoptions import SqlAdoptions
from coffers.infrastructure.db.linking.connections import SqlConnections
from coffers.infrastructure.db.linking.dormancy import SqlDormancy
from coffers.infrastructure.db.linking.schedules import SqlSchedules
from coffers.infrastructure.db.linking.sealed_secrets import SqlSealedSecrets
from coffers.infrastructure.db.linking.syncs import SqlSyncs
from coffers.infrastructure.db.live.events import log_events
from coffers.infrastructure.db.markets.asset_links import SqlAssetLinks
from coffers.infrastructure.db.markets.assets import SqlAssets
from coffers.infrastructure.db.markets.corporate_actions import SqlCorporateActions
from coffers.infrastructure.db.markets.prices import SqlPrices
from coffers.infrastructure.db.markets.rates import SqlOwnRates, SqlPublishedRates
from coffers.infrastructure.db.portability.restorations import SqlRestorations
from coffers.infrastructure.db.refusals import translated, unconfirmed
from coffers.infrastructure.db.spending.budgets import SqlBudgets
from coffers.infrastructure.db.spending.categories import SqlCategories
from coffers.infrastructure.db.spending.edit_plans import SqlEditPlans
from coffers.infrastructure.db.spending.recurring import SqlRecurringSeries
from coffers.infrastructure.db.spending.rules import SqlRules
from coffers.infrastructure.db.spending.transfers import SqlTransfers
from coffers.infrastructure.db.transaction import Transaction

#: Called after a commit with the users whose chains grew (SYSTEM also when jobs wait) and the
#: sessions that ended. Never raises: what is committed was done.
Committed = Callable[[Sequence[UserId], Sequence[SessionId]], Awaitable[None]]

R = TypeVar("R")


class repository(Generic[R]):  # noqa: N801 - reads as a declaration
    """A repository over the open transaction, made when asked for."""

    def __init__(self, make: Callable[[Transaction], R]) -> None:
        self._make = make

    def __get__(self, unit: "SqlUnitOfWork", _owner: type) -> R:
        return self._make(unit.transaction)


class SqlUnitOfWork(HeldUnitOfWork):
    """The unit of work in SQL: one connection, one transaction a block.

    With a claim, the key is taken first thing in the first transaction, and `commit` waits for
    `settle`.
    """

    users = repository(SqlUsers)
    sessions = repository(SqlSessions)
    one_time_tokens = repository(SqlOneTimeTokens)
    api_keys = repository(SqlApiKeys)
    rotations = repository(SqlRotations)
    erasures = repository(SqlErasures)
    jobs = repository(SqlJobs)
    leftovers = repository(SqlLeftovers)
    accounts = repository(SqlAccounts)
    holdings = repository(SqlHoldings)
    transactions = repository(SqlTransactions)
    annotations = repository(SqlAnnotations)
    entries = repository(SqlEntries)
    reconciliations = repository(SqlReconciliations)
    snapshots = repository(SqlSnapshots)
    connections = repository(SqlConnections)
    sealed_secrets = repository(SqlSealedSecrets)
    adoptions = repository(SqlAdoptions)
    syncs = repository(SqlSyncs)
    schedules = repository(SqlSchedules)
    dormancy = repository(SqlDormancy)
    imports = repository(SqlImports)
    images = repository(SqlImages)
    tombstones = repository(SqlTombstones)
    exchange_rates = repository(SqlOwnRates)
    published_rates = repository(SqlPublishedRates)
    budgets = repository(SqlBudgets)
    assets = repository(SqlAssets)
    portfolios = repository(SqlPortfolios)
    trails = repository(SqlTrails)
    portfolio_snapshots = repository(SqlPortfolioSnapshots)
    asset_links = repository(SqlAssetLinks)
    prices = repository(SqlPrices)
    corporate_actions = repository(SqlCorporateActions)
    restorations = repository(SqlRestorations)
    categories = repository(SqlCategories)
    rules = repository(SqlRules)
    edit_plans = repository(SqlEditPlans)
    transfers = repository(SqlTransfers)
    recurring = repository(SqlRecurringSeries)

    def __init__(
        self,
        engines: Engines,
        clock: Clock,
        origin: Origin,
        committed: Committed,
        claim: IdempotencyClaim | None = None,
    ) -> None:
        self._engines = engines
        self._clock = clock
        self._origin = origin
        self._committed = committed
        self._claim = claim
        self._claimed = False
        self._held = False
        self._events: list[Event] = []
        self._grown: list[UserId] = []
        self._transaction: Transaction | None = None

    @property
    def transaction(self) -> Transaction:
        """The open transaction.

        Outside a block there is none, and that is a mistake in the program.
        """
        if self._transaction is None:
            raise RuntimeError("Repositories are used inside `async with uow`.")
        return self._transaction

    async def __aenter__(self) -> Self:
        if self._held:
            # A second block after a held commit: the first must stand before it begins.
            await self._really_commit()
        if self._transaction is not None:
            raise RuntimeError("A unit of work is one block at a time.")
        await self._open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._transaction is not None and not self._held:
            await self._close()

    def record(self, *events: Event) -> None:
        """As the port says."""
        self._events += events

    async def commit(self) -> None:
        """As the port says."""
        if self._claim is None:
            await self._really_commit()
        else:
            await self._log()
            self._held = True

    async def commit_claim(self) -> None:
        """As the port says."""
        await self._really_commit()

    @property
    def is_held(self) -> bool:
        """As the port says."""
        return self._held

    async def settle(self, answer: StoredAnswer) -> None:
        """As the port says."""
        if self._claim is None:
            raise RuntimeError("Only a unit of work with a claim can be settled.")
        if not self._held:
            await self._open()
        try:
            await idempotency.answer(self.transaction, self._claim, answer)
            await self._really_commit()
        finally:
            self._held = False
            await self._close()

    async def abandon(self) -> None:
        """As the port says."""
        self._held = False
        await self._close()
        if self._claim is not None and self._claimed:
            claim, self._claim = self._claim, None
            async with self:
                await idempotency.release(self.transaction, claim)
                await self._really_commit()

    async def _open(self) -> None:
        patience_s = self._engines.patience_s
        with translated():
            async with asyncio.timeout(patience_s):
                connection = await self._engines.write.connect()
            self._transaction = Transaction(connection, patience_s)
            try:
                await connection.begin()
                if self._claim is not None and not self._claimed:
                    await idempotency.hold(self.transaction, self._claim, self._clock.now())
            except BaseException:
                await self._close()
                raise

    async def _log(self) -> None:
        recorded, self._events = self._events, []
        if recorded:
            now = self._clock.now()
            self._grown += await log_events(self.transaction, recorded, self._origin, now)

    async def _really_commit(self) -> None:
        await self._log()
        # To its end even when the request is cancelled: half a commit has an unknown outcome, and
        # sessions that ended must be announced.
        await uninterrupted(self._commit_and_announce())

    async def _commit_and_announce(self) -> None:
        transaction = self.transaction
        grown = [*self._grown, *([SYSTEM] if transaction.has_jobs else [])]
        with unconfirmed():
            async with asyncio.timeout(transaction.patience_s):
                await transaction.connection.commit()
        self._claimed = self._claim is not None
        self._held = False
        await self._close()
        await self._committed(grown, transaction.ended_sessions)

    async def _close(self) -> None:
        transaction, self._transaction = self._transaction, None
        self._events, self._grown = [], []
        if transaction is not None:
            await asyncio.shield(_closed(transaction))


async def _closed(transaction: Transaction) -> None:
    # What was not committed is rolled back, by the server if it cannot be told.
    with suppress(Unavailable), translated():
        async with asyncio.timeout(transaction.patience_s):
            await transaction.connection.close()
