"""SQLite works in threads, which must not outlive the event loop that they report to."""

import asyncio
from contextlib import suppress

from sqlalchemy import text

from coffers.infrastructure.db.engines import open_engines

#: Some tenths of a second of counting.
COUNTING = text(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT * FROM n LIMIT 300000"
)


async def test_what_was_given_up_has_ended_when_the_engines_are_closed(sqlite_url: str) -> None:
    async with open_engines(sqlite_url) as engines:
        async with engines.read.connect() as connection:
            with suppress(TimeoutError):
                async with asyncio.timeout(0.02):
                    await connection.execute(COUNTING)
        threads = list(engines.threads)

    assert threads
    assert not any(thread.is_alive() for thread in threads)
