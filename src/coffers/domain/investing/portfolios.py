"""Portfolios: named sets of accounts, looked at in one currency."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final, Protocol
from uuid import UUID

from coffers.domain.errors import Conflict, NotFound
from coffers.domain.ids import UserId
from coffers.domain.investing.lots import LotMethod

MAX_PORTFOLIOS: Final = 100
MAX_ACCOUNTS_EACH: Final = 200
MAX_NAME: Final = 100
MAX_DESCRIPTION: Final = 1_000


@dataclass(frozen=True, slots=True)
class Portfolio:
    """A set of accounts.

    `benchmark_id` is the asset that it is compared with; `targets` are fractions by asset type.
    """

    id: UUID
    user_id: UserId
    name: str
    base_currency: str
    created_at: datetime
    updated_at: datetime
    description: str = ""
    account_ids: tuple[UUID, ...] = ()
    lot_method: LotMethod = LotMethod.FIFO
    benchmark_id: UUID | None = None
    targets: Mapping[str, Decimal] = field(default_factory=dict)
    version: int = 1


class Portfolios(Protocol):
    """Where portfolios are kept."""

    async def add(self, portfolio: Portfolio) -> None:
        """Raises TooManyPortfolios."""
        ...

    async def get(self, user_id: UserId, portfolio_id: UUID) -> Portfolio:
        """Locked for this transaction; raises PortfolioNotFound, NotYours."""
        ...

    async def naming(self, user_id: UserId, account_id: UUID) -> list[Portfolio]:
        """Those that the account is in, locked for this transaction."""
        ...

    async def update(self, portfolio: Portfolio, *, expected_version: int | None) -> Portfolio:
        """As stored, its version one higher; raises PreconditionFailed."""
        ...

    async def delete(self, portfolio: Portfolio) -> None:
        """The accounts in it stay."""
        ...


class PortfolioNotFound(NotFound):
    """There is no such portfolio."""


class TooManyPortfolios(Conflict):
    """No more portfolios fit."""

    slug = "too_many_portfolios"
