"""Every table, by importing each noun's file: what migrations and erasure must know whole."""

from coffers.infrastructure.db import (
    accounts,
    api_keys,
    connections,
    events,
    holdings,
    idempotency,
    imports,
    jobs,
    security,
    sessions,
    snapshots,
    syncs,
    tombstones,
    transactions,
    users,
    verifications,
)
from coffers.infrastructure.db.metadata import METADATA

__all__ = [
    "METADATA",
    "accounts",
    "api_keys",
    "connections",
    "events",
    "holdings",
    "idempotency",
    "imports",
    "jobs",
    "security",
    "sessions",
    "snapshots",
    "syncs",
    "tombstones",
    "transactions",
    "users",
    "verifications",
]
