"""One connection to Redis that all requests share, and that never makes one of them wait long."""

import asyncio
import math
from collections import deque
from collections.abc import Awaitable
from contextlib import suppress
from typing import Final, cast

from hiredis import pack_command
from redis.asyncio.connection import AbstractConnection, ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

#: How long Redis may take for one step: to connect, to greet, to answer.
TIMEOUT_S: Final = 0.05
#: How long connecting may take with all its steps.
OPENING_S: Final = 0.2
#: How long an answer may take when the delay is our own: an event loop that was busy elsewhere.
MAX_WAIT_S: Final = 0.25

Argument = bytes | str | int | float


class RedisAway(Exception):
    """Redis is refused, frozen, gone, or refuses to serve us."""


class Line:
    """Commands go out as they come, answers come back in order: no pool, no waiting for a turn.

    When an answer is overdue, everybody who waits is told at once, and the next command connects
    anew.
    """

    def __init__(self, url: str) -> None:
        self._pool = ConnectionPool.from_url(
            url,
            protocol=2,
            client_name="coffers",
            driver_info=None,
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
        )
        self._opening = asyncio.Lock()
        self._connection: AbstractConnection | None = None
        self._talking: asyncio.Task[None] | None = None
        self._outgoing: list[bytes] = []
        self._waiting: deque[tuple[asyncio.Future[object], float]] = deque()
        self._watch: asyncio.TimerHandle | None = None

    async def ask(self, *command: Argument) -> object:
        """Redis's answer.

        Raises RedisAway, and ResponseError when Redis answers with an error.
        """
        if self._connection is None:
            await self._open()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[object] = loop.create_future()
        self._waiting.append((answer, loop.time()))
        if self._watch is None:
            self._watch = loop.call_later(TIMEOUT_S, self._look, loop.time() + TIMEOUT_S)
        if not self._outgoing:
            loop.call_soon(self._send)
        packed = pack_command(command)  # type: ignore[arg-type]  # typed for one argument only
        self._outgoing.append(packed)
        return await answer

    async def close(self) -> None:
        """Disconnect."""
        talking = self._talking
        self._hang_up()
        if talking is not None:
            await asyncio.wait([talking])

    async def _open(self) -> None:
        async with self._opening:
            if self._connection is not None:
                return
            connection: AbstractConnection = self._pool.make_connection()  # type: ignore[no-untyped-call]  # as the library has it
            try:
                async with asyncio.timeout(OPENING_S):
                    await connection.connect()  # type: ignore[no-untyped-call]  # likewise
            except (RedisError, OSError) as error:
                raise RedisAway(str(error)) from error
            # From here on `_look` keeps the time, for all commands with one timer.
            connection.socket_timeout = None
            self._connection = connection
            self._talking = asyncio.create_task(self._talk(connection))

    async def _talk(self, connection: AbstractConnection) -> None:
        try:
            with suppress(RedisError, OSError):
                while True:
                    self._answer(await _reply(connection))
        finally:
            await connection.disconnect(nowait=True)
            if self._connection is connection:
                self._hang_up()

    def _send(self) -> None:
        """Send what has come together in one go: each waking of Redis costs more than a command.

        It waits for nobody: whether it arrived, the answers tell in time.
        """
        packed, self._outgoing = self._outgoing, []
        if packed and self._connection is not None and self._connection._writer is not None:  # noqa: SLF001 - its own way to send costs as much as the rest
            self._connection._writer.write(b"".join(packed))  # noqa: SLF001 - likewise

    def _answer(self, reply: object) -> None:
        answer, _ = self._waiting.popleft()
        if answer.done():
            return
        if isinstance(reply, ResponseError):
            answer.set_exception(reply)
        else:
            answer.set_result(reply)

    def _look(self, due: float) -> None:
        """Hang up if the oldest question is overdue, unless it was us who came late to look."""
        self._watch = None
        if not self._waiting:
            return
        loop = asyncio.get_running_loop()
        now = loop.time()
        asked_at = self._waiting[0][1]
        overdue_at = asked_at + TIMEOUT_S
        if now - due > TIMEOUT_S / 2 and now - asked_at < MAX_WAIT_S:
            overdue_at = now + TIMEOUT_S
        if overdue_at <= now:
            self._hang_up()
        else:
            self._watch = loop.call_at(overdue_at, self._look, overdue_at)

    def _hang_up(self) -> None:
        """Whoever waits learns that Redis is away."""
        waiting, self._waiting = self._waiting, deque()
        for answer, _ in waiting:
            if not answer.done():
                answer.set_exception(RedisAway("No answer in time, or the connection broke."))
        talking, self._talking = self._talking, None
        self._connection, self._outgoing = None, []
        if talking is not None:
            talking.cancel()


async def _reply(connection: AbstractConnection) -> object:
    try:
        return await cast("Awaitable[object]", connection.read_response(timeout=math.inf))
    except ResponseError as error:
        return error
