"""Small reads from SQLite on the event loop itself: going to a thread costs ten times as much."""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any, Final
from weakref import WeakSet

from sqlalchemy import Row

from coffers.infrastructure.db.prepared import Prepared

#: Steps of SQLite's machine between two looks at how long a read takes.
STEPS: Final = 500
#: Reads after which everybody else has a turn: who only reads would never leave the loop otherwise.
MAX_IN_ONE_TURN: Final = 16
#: Looks after which it belongs on a thread: about half a millisecond.
MAX_LOOKS: Final = 10


class QuickReads:
    """One connection that only reads, waits for nothing, and gives up what takes longer."""

    def __init__(self, path: str, prepare: Callable[[sqlite3.Connection], None]) -> None:
        self._path = path
        self._prepare = prepare
        self._connection: sqlite3.Connection | None = None
        self._large: WeakSet[Prepared] = WeakSet()
        self._looks = 0
        self._reads = 0

    async def rows(
        self, prepared: Prepared, parameters: Mapping[str, Any]
    ) -> list[Row[Any]] | None:
        """The rows; None for a read that is too large for here, or that has to wait."""
        self._reads += 1
        if self._reads % MAX_IN_ONE_TURN == 0:
            await asyncio.sleep(0)
        return self._rows(prepared, parameters)

    def _rows(self, prepared: Prepared, parameters: Mapping[str, Any]) -> list[Row[Any]] | None:
        if prepared in self._large:
            return None
        self._looks = 0
        arguments = prepared.arguments(parameters)
        try:
            records = self._opened().execute(prepared.text, arguments).fetchall()
        except sqlite3.Error:
            if self._looks > MAX_LOOKS:
                self._large.add(prepared)
            return None
        return prepared.rows(records)

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            connection = sqlite3.connect(self._path, timeout=0, isolation_level=None)
            self._prepare(connection)
            connection.execute("PRAGMA query_only=ON")
            connection.set_progress_handler(self._look, STEPS)
            self._connection = connection
        return self._connection

    def _look(self) -> bool:
        # SQLite counts the steps of a statement over all its uses, so the first look means nothing.
        self._looks += 1
        return self._looks > MAX_LOOKS
