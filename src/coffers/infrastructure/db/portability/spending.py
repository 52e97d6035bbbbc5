"""The tables of spending in an export."""

from typing import Final

from coffers.domain.spending.categories import CategoryKind
from coffers.domain.spending.transfers import MatchedBy, TransferStatus
from coffers.infrastructure.db.markets.rates import exchange_rates
from coffers.infrastructure.db.portability.ledger import currency
from coffers.infrastructure.db.portability.tables import Exported
from coffers.infrastructure.db.spending.categories import categories
from coffers.infrastructure.db.spending.transfers import transfers

#: Of one user, as far as a file may bring them.
MAX_CATEGORIES: Final = 10_000
MAX_RATES: Final = 100_000
MAX_TRANSFERS: Final = 200_000

SPENDING: Final = (
    Exported(
        categories,
        most=MAX_CATEGORIES,
        words={"kind": CategoryKind},
        refers={"parent_id": ["categories"]},
    ),
    Exported(
        transfers,
        most=MAX_TRANSFERS,
        words={"status": TransferStatus, "matched_by": MatchedBy},
        reads={"outgoing_currency": currency, "incoming_currency": currency},
        refers={"outgoing_id": ["transactions"], "incoming_id": ["transactions"]},
    ),
    Exported(
        exchange_rates,
        most=MAX_RATES,
        reads={"base": currency, "quote": currency},
    ),
)
