"""Every table, by importing each noun's file: what migrations and erasure must know whole."""

from coffers.infrastructure.db import idempotency, jobs
from coffers.infrastructure.db.identity import api_keys, security, sessions, users, verifications
from coffers.infrastructure.db.ledger import (
    accounts,
    holdings,
    imports,
    reconciliations,
    snapshots,
    tombstones,
    transactions,
)
from coffers.infrastructure.db.linking import connections, syncs
from coffers.infrastructure.db.live import events
from coffers.infrastructure.db.markets import rates
from coffers.infrastructure.db.metadata import METADATA
from coffers.infrastructure.db.spending import budgets, categories, flows, recurring, transfers

__all__ = [
    "METADATA",
    "accounts",
    "api_keys",
    "budgets",
    "categories",
    "connections",
    "events",
    "flows",
    "holdings",
    "idempotency",
    "imports",
    "jobs",
    "rates",
    "reconciliations",
    "recurring",
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
