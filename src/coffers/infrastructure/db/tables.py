"""Every table, by importing each noun's file: what migrations and erasure must know whole."""

from coffers.infrastructure.db import (
    api_keys,
    events,
    idempotency,
    jobs,
    security,
    sessions,
    users,
    verifications,
)
from coffers.infrastructure.db.metadata import METADATA

__all__ = [
    "METADATA",
    "api_keys",
    "events",
    "idempotency",
    "jobs",
    "security",
    "sessions",
    "users",
    "verifications",
]
