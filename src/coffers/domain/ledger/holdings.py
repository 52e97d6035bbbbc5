"""Positions in securities."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from coffers.domain.errors import NotFound
from coffers.domain.ledger.accounts import Account
from coffers.domain.linking.syncs import Counts

if TYPE_CHECKING:
    from coffers.domain.ledger.statements import ReportedHolding


class AssetType(StrEnum):
    """What is held."""

    EQUITY = "equity"
    ETF = "etf"
    OPTION = "option"
    MUTUAL_FUND = "mutual_fund"
    FIXED_INCOME = "fixed_income"
    FUTURES = "futures"
    CRYPTOCURRENCY = "cryptocurrency"
    CASH_EQUIVALENT = "cash_equivalent"
    OTHER = "other"


class Holdings(Protocol):
    """Where positions are kept."""

    async def replace_reported(
        self,
        account: Account,
        rows: Sequence["ReportedHolding"],
        *,
        now: datetime,
        seen_at: datetime | None = None,
    ) -> Counts:
        """Exactly these positions are open now, matched on the source's own id.

        They were so at `seen_at`, where that is not now.

        Those not reported any more are deactivated. An id that comes twice counts once, the last
        row holds. `updated_at` moves only for rows that changed, `last_synced_at` for all reported.
        """
        ...


class HoldingNotFound(NotFound):
    """There is no such holding."""
