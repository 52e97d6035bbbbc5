"""The connection that a unit of work lends to its repositories."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import CursorResult, Executable, Row
from sqlalchemy.ext.asyncio import AsyncConnection

from coffers.domain.ids import SessionId
from coffers.infrastructure.db.refusals import translated


class Transaction:
    """One open transaction. Driver errors leave it as refusals."""

    def __init__(self, connection: AsyncConnection, patience_s: float | None) -> None:
        self.connection = connection
        #: How long a statement, or the commit, may take.
        self.patience_s = patience_s
        #: Sessions that end if this commits: announced afterwards.
        self.ended_sessions: list[SessionId] = []
        #: Whether jobs wait if this commits: workers are woken afterwards.
        self.has_jobs = False

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded engine."""
        return self.connection.dialect.name == "sqlite"

    async def execute(
        self,
        statement: Executable,
        parameters: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    ) -> CursorResult[Any]:  # Any: rows of any shape
        """Run a statement, once or for each row of parameters."""
        with translated():
            async with asyncio.timeout(self.patience_s):
                return await self.connection.execute(statement, parameters)

    async def rows(
        self, statement: Executable, parameters: Mapping[str, Any] | None = None
    ) -> Sequence[Row[Any]]:  # Any: rows of any shape
        """All rows of a statement, in its order."""
        with translated():
            async with asyncio.timeout(self.patience_s):
                return (await self.connection.execute(statement, parameters)).all()
