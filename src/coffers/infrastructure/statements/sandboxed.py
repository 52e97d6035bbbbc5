"""Reading files in a child of their own, so that no file can slow or stop the service."""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from dataclasses import replace
from typing import Final

from coffers.domain.errors import Unavailable
from coffers.domain.ledger.statements import ReportedStatement, ReportedTransaction
from coffers.infrastructure.statements.csv_layout import CsvMapping
from coffers.infrastructure.statements.formats import Format
from coffers.infrastructure.statements.parse import check_size
from coffers.infrastructure.statements.refusals import refused, unreadable
from coffers.infrastructure.statements.sandboxed_wire import (
    LENGTH,
    READY,
    Outline,
    Request,
    encode,
    outline_in,
    rows_in,
)

#: Of clock time, for one file. The slowest that is allowed, 10 MiB of CAMT.053, takes about 4.
TIMEOUT_S: Final = 10.0
MEMORY_BYTES: Final = 1024**3
WORKERS: Final = 1
MAX_WAITING: Final = 16
STARTUP_TIMEOUT_S: Final = 30.0
RETRY_AFTER_S: Final = 5

_CHILD: Final = "coffers.infrastructure.statements.sandboxed_child"
#: What a child needs to find Python and us; nothing else of the service's environment reaches it.
_ENVIRONMENT: Final = ("PYTHONPATH", "SYSTEMROOT")


class StatementParser:
    """Reads one file per child at a time; children are started when first needed and kept.

    A child that takes too long, dies, or is left by its cancelled caller is replaced.
    """

    def __init__(
        self,
        *,
        workers: int = WORKERS,
        timeout_s: float = TIMEOUT_S,
        memory_bytes: int = MEMORY_BYTES,
    ) -> None:
        self._timeout_s = timeout_s
        self._memory_bytes = memory_bytes
        self._free = asyncio.Semaphore(workers)
        self._waiting = 0
        self._idle: list[_Child] = []
        self._children: set[_Child] = set()

    async def parse(
        self,
        content: bytes,
        *,
        file_name: str,
        format: Format | None = None,  # noqa: A002 - as parse_statements has it
        mapping: CsvMapping | None = None,
        default_currency: str | None = None,
        day_first: bool | None = None,
    ) -> list[ReportedStatement]:
        """What parse_statements answers, or StatementUnreadable for what it refuses.

        Also StatementUnreadable when it takes too long or too much memory; Unavailable when too
        many files are waiting, or no child can be started.
        """
        check_size(content)
        slug = format.slug if format else None
        request = Request(content, file_name, slug, mapping, default_currency, day_first)
        if self._waiting >= MAX_WAITING:
            raise Unavailable("Too many files are waiting to be read.", retry_after_s=RETRY_AFTER_S)
        self._waiting += 1
        try:
            async with self._free:
                return await self._read(encode(request))
        finally:
            self._waiting -= 1

    async def aclose(self) -> None:
        """End all children, and whatever they are reading."""
        await asyncio.gather(*(self._end(child) for child in self._children.copy()))

    async def _read(self, request: bytes) -> list[ReportedStatement]:
        child = await self._take()
        try:
            async with asyncio.timeout(self._timeout_s):
                outline, statements = await child.answer(request)
            self._idle.append(child)
        except TimeoutError as error:
            message = f"reading the file takes longer than {self._timeout_s:g} seconds."
            raise unreadable("too_slow", message) from error
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            message = "reading the file takes too much memory."
            raise unreadable("too_much_memory", message) from error
        finally:
            # Also when the caller was cancelled: a child in the middle of an answer is of no use.
            if child not in self._idle:
                await self._end(child)
        if outline.problems:
            raise refused(list(outline.problems))
        return statements

    async def _take(self) -> "_Child":
        while self._idle:
            child = self._idle.pop()
            if child.is_alive():
                return child
            await self._end(child)
        try:
            async with asyncio.timeout(STARTUP_TIMEOUT_S):
                return await self._start()
        except (OSError, asyncio.IncompleteReadError) as error:
            message = "Files cannot be read at the moment."
            raise Unavailable(message, retry_after_s=RETRY_AFTER_S) from error

    async def _start(self) -> "_Child":
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        command = (sys.executable, "-P", "-m", _CHILD, str(self._memory_bytes))
        # In a session of its own, so that a terminal's Ctrl-C reaches the service only.
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=PIPE,
            stdout=PIPE,
            stderr=DEVNULL,
            env=environment,
            start_new_session=True,
        )
        child = _Child(process)
        self._children.add(child)
        try:
            await child.ready()
        except BaseException:
            await self._end(child)
            raise
        return child

    async def _end(self, child: "_Child") -> None:
        self._children.discard(child)
        await child.end()


class _Child:
    """A running child, and the conversation with it."""

    def __init__(self, running: Process) -> None:
        if running.stdin is None or running.stdout is None:
            raise OSError("The child has no pipes.")
        self._running = running
        self._input = running.stdin
        self._output = running.stdout

    async def ready(self) -> None:
        """Wait for its first word."""
        if await self._frame() != READY:
            raise OSError("The child speaks another language.")

    async def answer(self, request: bytes) -> tuple[Outline, list[ReportedStatement]]:
        """Have a request answered; the event loop gets its turn after every frame."""
        self._input.writelines([LENGTH.pack(len(request)), request])
        await self._input.drain()
        outline = outline_in(await self._frame())
        statements = [
            replace(statement, transactions=await self._rows(count))
            for statement, count in zip(outline.statements, outline.row_counts, strict=True)
        ]
        return outline, statements

    def is_alive(self) -> bool:
        """Whether it has not ended by itself."""
        return self._running.returncode is None

    async def end(self) -> None:
        """Kill it and wait for its end."""
        self._input.close()
        with suppress(ProcessLookupError):
            self._running.kill()
        await self._running.wait()

    async def _rows(self, count: int) -> list[ReportedTransaction]:
        rows: list[ReportedTransaction] = []
        while len(rows) < count:
            rows += rows_in(await self._frame())
            await asyncio.sleep(0)
        return rows

    async def _frame(self) -> bytes:
        header = await self._output.readexactly(LENGTH.size)
        return await self._output.readexactly(*LENGTH.unpack(header))
