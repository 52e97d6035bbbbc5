"""The security_rotations table, its repository, and what holds for everybody."""

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Column, Index, Row, Table, bindparam, func, insert, select

from coffers.application.identity.security import SecurityConfig, SecurityConfigs
from coffers.application.views import Versioned
from coffers.domain.identity.security import Rotation, Rotations
from coffers.domain.identity.sessions import ACCESS_TOKEN_LIFE, REFRESH_TOKEN_LIFE
from coffers.domain.identity.users import LOCK_OUT, MAX_FAILED_SIGN_INS
from coffers.infrastructure.db.metadata import METADATA
from coffers.infrastructure.db.reader import Reader
from coffers.infrastructure.db.transaction import Transaction
from coffers.infrastructure.db.types import Id, UTCDateTime

_MINUTE: Final = timedelta(minutes=1)

security_rotations: Final = Table(
    "security_rotations",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("valid_from", UTCDateTime, nullable=False),
    Column("enforced_from", UTCDateTime, nullable=False),
    Index("ix_security_rotations_enforced_from", "enforced_from"),
)


class SqlRotations(Rotations):
    """Rotations in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, rotation: Rotation) -> int:
        """As the port says."""
        row = {name: getattr(rotation, name) for name in rotation.__dataclass_fields__}
        await self._transaction.execute(insert(security_rotations), row)
        count = select(func.count()).select_from(security_rotations)
        total: int = (await self._transaction.execute(count)).scalar_one()
        return total

    async def valid_from(self, now: datetime) -> datetime | None:
        """As the port says."""
        rows = await self._transaction.rows(_ENFORCED, {"now": now})
        enforced: datetime | None = rows[0].valid_from
        return enforced


class SqlSecurityConfigs(SecurityConfigs):
    """What holds for everybody, read from SQL."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def config(self, now: datetime) -> Versioned[SecurityConfig]:
        """As the port says."""
        async with self._reader.snapshot() as snapshot:
            enforced = (await snapshot.rows(_ENFORCED, {"now": now}))[0]
            pending = await snapshot.rows(_PENDING, {"now": now})
            total = (await snapshot.rows(_TOTAL))[0].total
        # The end of a grace period is a change too.
        state = total * 2 + bool(pending)
        return Versioned(_config(total, enforced, pending[0] if pending else None), state)


def _config(
    total: int, enforced: Row[Any], pending: Row[Any] | None
) -> SecurityConfig:  # Any: rows
    return SecurityConfig(
        version=total,
        tokens_valid_from=enforced.valid_from,
        pending_valid_from=pending and pending.valid_from,
        pending_enforced_from=pending and pending.enforced_from,
        access_token_minutes=ACCESS_TOKEN_LIFE // _MINUTE,
        refresh_token_days=REFRESH_TOKEN_LIFE.days,
        max_failed_sign_ins=MAX_FAILED_SIGN_INS,
        lock_out_minutes=LOCK_OUT // _MINUTE,
    )


_ENFORCED: Final = select(
    func.max(security_rotations.c.valid_from, type_=UTCDateTime()).label("valid_from")
).where(security_rotations.c.enforced_from <= bindparam("now"))
#: The one that will have voided most.
_PENDING: Final = (
    select(security_rotations.c.valid_from, security_rotations.c.enforced_from)
    .where(security_rotations.c.enforced_from > bindparam("now"))
    .order_by(security_rotations.c.valid_from.desc())
    .limit(1)
)
_TOTAL: Final = select(func.count().label("total")).select_from(security_rotations)
