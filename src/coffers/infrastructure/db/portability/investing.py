"""The tables of investing in an export: one's own assets, what is known of them, portfolios."""

from typing import Annotated, Final

import msgspec
from sqlalchemy import select

from coffers.domain.investing.lots import LotMethod
from coffers.domain.investing.portfolios import MAX_ACCOUNTS_EACH, MAX_PORTFOLIOS
from coffers.domain.investing.snapshots import SnapshotOrigin
from coffers.domain.ledger.holdings import AssetType
from coffers.domain.markets.corporate_actions import ActionKind
from coffers.infrastructure.db.investing.portfolio_snapshots import portfolio_snapshots
from coffers.infrastructure.db.investing.portfolios import portfolios
from coffers.infrastructure.db.markets.assets import asset_links, assets
from coffers.infrastructure.db.markets.corporate_actions import corporate_actions
from coffers.infrastructure.db.markets.prices import prices
from coffers.infrastructure.db.portability.ledger import AmountText, IdText, currency
from coffers.infrastructure.db.portability.tables import Exported

#: Of one user, as far as a file may bring them.
MAX_ASSETS: Final = 20_000
MAX_ACTIONS: Final = 100_000
MAX_PRICES: Final = 400_000
MAX_SNAPSHOTS: Final = 400_000

AccountIds = Annotated[list[IdText], msgspec.Meta(max_length=MAX_ACCOUNTS_EACH)]
#: The shared catalogue is each installation's own: what leads into it is found there again.
_OWN: Final = select(assets.c.id).where(assets.c.user_id == asset_links.c.user_id)

INVESTING: Final = (
    Exported(
        assets,
        most=MAX_ASSETS,
        words={"asset_type": AssetType},
        reads={"currency": currency},
    ),
    Exported(
        asset_links,
        most=MAX_ASSETS,
        reads={"currency": currency},
        refers={"asset_id": ["assets"]},
        which=asset_links.c.asset_id.in_(_OWN),
    ),
    Exported(
        corporate_actions,
        most=MAX_ACTIONS,
        words={"kind": ActionKind},
        reads={"currency": currency},
        refers={"asset_id": ["assets"]},
        # It may be one of the shared catalogue.
        strays=frozenset({"new_asset_id"}),
    ),
    Exported(
        prices,
        most=MAX_PRICES,
        refers={"asset_id": ["assets"]},
    ),
    Exported(
        portfolios,
        most=MAX_PORTFOLIOS,
        words={"lot_method": LotMethod},
        reads={"base_currency": currency},
        shapes={"account_ids": AccountIds, "targets": dict[str, AmountText]},
        # Accounts of portfolios of earlier versions may have been deleted since.
        # It may be one of the shared catalogue.
        strays=frozenset({"benchmark_id"}),
    ),
    Exported(
        portfolio_snapshots,
        most=MAX_SNAPSHOTS,
        words={"origin": SnapshotOrigin},
        reads={"currency": currency},
        refers={"portfolio_id": ["portfolios"]},
    ),
)
