"""Password hashing with Argon2id (RFC 9106), in threads of its own."""

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from coffers.application.ports import Passwords
from coffers.domain.errors import Unavailable

#: How many hashes run at once: each costs tens of milliseconds and megabytes, and a core is left
#: for the event loop.
WORKERS: Final = min(4, max(1, (os.cpu_count() or 1) - 1))
#: How many more may wait.
MAX_WAITING: Final = 64
#: By how much hashing is less urgent than the event loop, which must not wait for a core.
NICENESS: Final = 10

T = TypeVar("T")


class Argon2Passwords(Passwords):
    """Argon2id in a bounded thread pool.

    Beyond its queue the answer is Unavailable, not a pile-up.
    """

    def __init__(
        self, *, time_cost: int = 2, memory_kib: int = 19_456, parallelism: int = 1
    ) -> None:
        self._hasher = PasswordHasher(time_cost, memory_kib, parallelism)
        self._threads = ThreadPoolExecutor(
            WORKERS, thread_name_prefix="passwords", initializer=_give_way
        )
        self._waiting = 0
        self._decoy = self._hasher.hash("nobody's password")

    async def hash(self, password: str) -> str:
        """As the port says."""
        return await self._run(lambda: self._hasher.hash(password))

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """As the port says."""
        compared = self._decoy if password_hash is None else password_hash
        matches = await self._run(lambda: self._matches(compared, password))
        return matches and password_hash is not None

    def is_outdated(self, password_hash: str) -> bool:
        """As the port says."""
        return self._hasher.check_needs_rehash(password_hash)

    def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if self._waiting >= MAX_WAITING:
            raise Unavailable("Too many people sign in at this moment; try again.")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


def _give_way() -> None:
    """Only Linux knows how urgent a single thread is."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), os.nice(0) + NICENESS)
