"""One child that reads files, for all applications of a process: each would start its own."""

import asyncio
import functools
import threading
from typing import Any

from coffers import wiring
from coffers.domain.ledger.statements import ReportedStatement
from coffers.infrastructure.statements.sandboxed import StatementParser


def share_reader() -> None:
    """From now on, no application of this process starts a child of its own."""
    setattr(wiring, "StatementParser", SharedParser)  # noqa: B010 - a class for a class


class SharedParser(StatementParser):
    """A parser whose files are read by the child of the tests; closing it leaves that one alive."""

    async def parse(self, content: bytes, **how: Any) -> list[ReportedStatement]:  # Any: as there
        """As any parser does."""
        reading = asyncio.run_coroutine_threadsafe(_parser().parse(content, **how), _loop())
        return await asyncio.wrap_future(reading)


@functools.cache
def _loop() -> asyncio.AbstractEventLoop:
    """Where the child is talked to: it outlives the loops of the tests."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return loop


@functools.cache
def _parser() -> StatementParser:
    return StatementParser()
