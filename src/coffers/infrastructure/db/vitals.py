"""Whether the database answers and has the schema of this version."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from coffers.application.vitals import MigrationsMissing, Vitals
from coffers.domain.errors import DomainError, Unavailable
from coffers.infrastructure.db.engines import Engines
from coffers.infrastructure.db.reader import Reader

TIMEOUT_S: Final = 1.5
#: Everybody may ask, so everybody who asks within this time gets the same answer.
KEPT_S: Final = 1.0

_REVISION: Final = text("SELECT version_num FROM alembic_version")

Findings = Sequence[str] | DomainError


class SqlVitals(Vitals):
    """One look at a time. A database newer than this version is fit: an upgrade is under way."""

    def __init__(
        self,
        engines: Engines,
        outdated: AbstractSet[str],
        redis_is_there: Callable[[], Awaitable[bool]] | None,
    ) -> None:
        self._engines = engines
        self._reader = Reader(engines)
        self._outdated = outdated
        self._redis_is_there = redis_is_there
        self._look: asyncio.Task[Findings] | None = None
        self._kept_until = 0.0

    async def check(self) -> Sequence[str]:
        """As the port says."""
        if self._look is None or (self._look.done() and time.monotonic() >= self._kept_until):
            self._look = asyncio.create_task(self._findings())
        findings = await asyncio.shield(self._look)
        if isinstance(findings, DomainError):
            raise type(findings)(findings.detail)
        return findings

    def connections_in_use(self) -> Mapping[str, int]:
        """As the port says."""
        pools = {"read": self._engines.read.pool, "write": self._engines.write.pool}
        held = {
            name: pool.checkedout() for name, pool in pools.items() if isinstance(pool, QueuePool)
        }
        return held | {"read": held.get("read", 0) - self._engines.lanes.idle_count}

    async def _findings(self) -> Findings:
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await self._check_revision()
        except TimeoutError:
            return Unavailable("The database does not answer.")
        except DomainError as error:
            return error
        finally:
            self._kept_until = time.monotonic() + KEPT_S
        if self._redis_is_there is not None and not await self._redis_is_there():
            return ["redis"]
        return []

    async def _check_revision(self) -> None:
        missing = MigrationsMissing("The database lacks migrations: run `coffers migrate`.")
        try:
            rows = await self._reader.rows(_REVISION)
        except DBAPIError as error:  # there is no such table
            raise missing from error
        if not rows or rows[0].version_num in self._outdated:
            raise missing
