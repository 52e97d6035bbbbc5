"""Every table, by importing each noun's file: what migrations and erasure must know whole."""

from coffers.infrastructure.db import idempotency, jobs
from coffers.infrastructure.db.identity import api_keys, security, sessions, users, verifications
from coffers.infrastructure.db.investing import portfolio_snapshots, portfolios
from coffers.infrastructure.db.ledger import (
    accounts,
    holdings,
    imports,
    reconciliations,
    reported_quantities,
    snapshots,
    tombstones,
    transactions,
)
from coffers.infrastructure.db.linking import connections, syncs
from coffers.infrastructure.db.live import events
from coffers.infrastructure.db.markets import assets, corporate_actions, price_marks, prices, rates
from coffers.infrastructure.db.metadata import METADATA
from coffers.infrastructure.db.spending import (
    budgets,
    categories,
    edit_plans,
    flows,
    recurring,
    rules,
    transfers,
)

__all__ = [
    "METADATA",
    "accounts",
    "api_keys",
    "assets",
    "budgets",
    "categories",
    "connections",
    "corporate_actions",
    "edit_plans",
    "events",
    "flows",
    "holdings",
    "idempotency",
    "imports",
    "jobs",
    "portfolio_snapshots",
    "portfolios",
    "price_marks",
    "prices",
    "rates",
    "reconciliations",
    "recurring",
    "reported_quantities",
    "rules",
    "security",
    "sessions",
    "snapshots",
    "syncs",
    "tombstones",
    "transactions",
    "transfers",
    "users",
    "verifications",
]
