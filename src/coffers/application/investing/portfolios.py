"""Portfolios: making, changing and listing named sets of accounts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Protocol
from uuid import UUID

import msgspec
from msgspec import Meta

from coffers.application.ports import Clock
from coffers.application.unit_of_work import UnitOfWork
from coffers.application.views import DecimalText, Instant, Versioned
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import UserId, new_id
from coffers.domain.investing.allocation import check_targets
from coffers.domain.investing.lots import LotMethod
from coffers.domain.investing.portfolios import Portfolio
from coffers.domain.live.events import Event


class PortfolioView(msgspec.Struct, frozen=True):
    """A named set of accounts, looked at in its base currency."""

    id: UUID
    name: str
    description: str
    base_currency: str
    account_ids: list[UUID]
    lot_method: LotMethod
    benchmark_asset_id: UUID | None
    targets: Annotated[
        dict[str, DecimalText], Meta(description="Fractions by asset type; they add up to 1.")
    ]
    created_at: Instant
    updated_at: Instant


class PortfolioList(msgspec.Struct, frozen=True):
    """All of them, oldest first."""

    portfolios: list[PortfolioView]
    total_count: int


class PortfolioLookups(Protocol):
    """Portfolios to read."""

    async def all_of(self, user_id: UserId) -> list[Portfolio]:
        """Oldest first."""
        ...

    async def get(self, user_id: UserId, portfolio_id: UUID) -> Portfolio:
        """Raises PortfolioNotFound, NotYours."""
        ...


@dataclass(frozen=True, slots=True)
class PortfolioDraft:
    """A portfolio to be."""

    name: str
    base_currency: str
    description: str = ""
    account_ids: Sequence[UUID] = ()
    lot_method: LotMethod = LotMethod.FIFO
    benchmark_id: UUID | None = None
    targets: Mapping[str, Decimal] = field(default_factory=dict)


async def list_portfolios(lookups: PortfolioLookups, principal: Principal) -> PortfolioList:
    """The caller's portfolios."""
    views = [portfolio_view(each) for each in await lookups.all_of(principal.user_id)]
    return PortfolioList(views, len(views))


async def get_portfolio(
    lookups: PortfolioLookups, principal: Principal, portfolio_id: UUID
) -> Versioned[PortfolioView]:
    """One of the caller's; raises PortfolioNotFound, NotYours."""
    return _versioned(await lookups.get(principal.user_id, portfolio_id))


async def create_portfolio(
    uow: UnitOfWork, clock: Clock, principal: Principal, draft: PortfolioDraft
) -> Versioned[PortfolioView]:
    """Make a portfolio of the caller's accounts.

    Raises AccountNotFound, AssetNotFound, NotYours, TargetsInvalid, TooManyPortfolios.
    """
    now = clock.now()
    portfolio = Portfolio(
        id=new_id(),
        user_id=principal.user_id,
        name=draft.name,
        description=draft.description,
        base_currency=draft.base_currency,
        account_ids=tuple(dict.fromkeys(draft.account_ids)),
        lot_method=draft.lot_method,
        benchmark_id=draft.benchmark_id,
        targets=dict(draft.targets),
        created_at=now,
        updated_at=now,
    )
    async with uow:
        await _check(uow, principal, portfolio)
        await uow.portfolios.add(portfolio)
        uow.record(Event("PortfolioCreated", portfolio.user_id, portfolio.id))
        await uow.commit()
    return _versioned(portfolio)


async def edit_portfolio(
    uow: UnitOfWork,
    clock: Clock,
    principal: Principal,
    portfolio_id: UUID,
    changes: Mapping[str, Any],  # Any: as each field has it
    expected_version: int | None,
) -> Versioned[PortfolioView]:
    """Change what is given, by the names of a draft's fields.

    Raises PortfolioNotFound, AccountNotFound, AssetNotFound, NotYours, TargetsInvalid,
    PreconditionFailed.
    """
    async with uow:
        portfolio = await uow.portfolios.get(principal.user_id, portfolio_id)
        edited = replace(portfolio, **changes, updated_at=clock.now())
        edited = replace(edited, account_ids=tuple(dict.fromkeys(edited.account_ids)))
        await _check(uow, principal, edited, portfolio)
        stored = await uow.portfolios.update(edited, expected_version=expected_version)
        uow.record(Event("PortfolioEdited", portfolio.user_id, portfolio.id))
        await uow.commit()
    return _versioned(stored)


async def delete_portfolio(
    uow: UnitOfWork, principal: Principal, portfolio_id: UUID, expected_version: int | None
) -> None:
    """Delete it; its accounts stay. Raises PortfolioNotFound, NotYours, PreconditionFailed."""
    async with uow:
        portfolio = await uow.portfolios.get(principal.user_id, portfolio_id)
        await uow.portfolios.update(portfolio, expected_version=expected_version)
        await uow.portfolio_snapshots.remove_all(portfolio.user_id, portfolio.id)
        await uow.portfolios.delete(portfolio)
        uow.record(Event("PortfolioDeleted", portfolio.user_id, portfolio.id))
        await uow.commit()


async def take_out(uow: UnitOfWork, user_id: UserId, account_id: UUID, now: datetime) -> None:
    """An account that is deleted is in no portfolio any more."""
    for portfolio in await uow.portfolios.naming(user_id, account_id):
        left = tuple(each for each in portfolio.account_ids if each != account_id)
        edited = replace(portfolio, account_ids=left, updated_at=now)
        await uow.portfolios.update(edited, expected_version=None)
        uow.record(Event("PortfolioEdited", user_id, portfolio.id))


async def _check(
    uow: UnitOfWork, principal: Principal, portfolio: Portfolio, known: Portfolio | None = None
) -> None:
    """What it names is there; what it named before may be gone by now."""
    if portfolio.targets:
        check_targets(portfolio.targets)
    for account_id in sorted({*portfolio.account_ids} - {*(known.account_ids if known else ())}):
        await uow.accounts.get(portfolio.user_id, account_id)
    if portfolio.benchmark_id not in {None, known.benchmark_id if known else None}:
        await uow.assets.get(principal, portfolio.benchmark_id)


def _versioned(portfolio: Portfolio) -> Versioned[PortfolioView]:
    return Versioned(portfolio_view(portfolio), portfolio.version)


def portfolio_view(portfolio: Portfolio) -> PortfolioView:
    """As it goes out."""
    return PortfolioView(
        id=portfolio.id,
        name=portfolio.name,
        description=portfolio.description,
        base_currency=portfolio.base_currency,
        account_ids=list(portfolio.account_ids),
        lot_method=portfolio.lot_method,
        benchmark_asset_id=portfolio.benchmark_id,
        targets={name: format(target, "f") for name, target in portfolio.targets.items()},
        created_at=portfolio.created_at,
        updated_at=portfolio.updated_at,
    )
