import asyncio
import os
import sys
import threading
import time
from collections.abc import AsyncIterator

import pytest

from coffers.domain.errors import Unavailable
from coffers.infrastructure import argon2_passwords
from coffers.infrastructure.argon2_passwords import Argon2Passwords


@pytest.fixture
async def passwords() -> AsyncIterator[Argon2Passwords]:
    cheap = Argon2Passwords(time_cost=1, memory_kib=8)
    yield cheap
    cheap.close()


async def test_a_password_matches_its_own_hash_only(passwords: Argon2Passwords) -> None:
    first, second = [await passwords.hash("correct horse battery") for _ in range(2)]

    assert first != second
    assert first.startswith("$argon2id$")
    assert await passwords.verify("correct horse battery", first)
    assert not await passwords.verify("correct horse batterz", first)


@pytest.mark.parametrize("kept", [None, "", "-", "$argon2id$broken"])
async def test_nothing_matches_what_is_no_hash(passwords: Argon2Passwords, kept: str) -> None:
    assert not await passwords.verify("nobody's password", kept)


async def test_a_hash_of_other_parameters_is_outdated(passwords: Argon2Passwords) -> None:
    stronger = Argon2Passwords(time_cost=2, memory_kib=8)
    kept = await passwords.hash("correct horse battery")
    stronger.close()

    assert stronger.is_outdated(kept)
    assert not passwords.is_outdated(kept)


async def test_beyond_its_queue_the_answer_is_to_come_back(
    monkeypatch: pytest.MonkeyPatch, passwords: Argon2Passwords
) -> None:
    monkeypatch.setattr(argon2_passwords, "MAX_WAITING", 3)

    outcomes = await asyncio.gather(
        *(passwords.hash("correct horse battery") for _ in range(4)), return_exceptions=True
    )

    assert [type(outcome) for outcome in outcomes] == [str, str, str, Unavailable]
    assert await passwords.hash("afterwards there is room again")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ranks single threads")
async def test_hashing_is_less_urgent_than_everything_else(passwords: Argon2Passwords) -> None:
    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    own = niceness()

    assert await passwords._run(niceness) == min(19, own + argon2_passwords.NICENESS)
    assert niceness() == own


async def test_hashing_does_not_hold_up_the_others() -> None:
    passwords = Argon2Passwords(time_cost=4, memory_kib=65_536)
    hashing = asyncio.create_task(passwords.hash("correct horse battery"))
    longest = 0.0
    while not hashing.done():
        began = time.perf_counter()
        await asyncio.sleep(0.001)
        longest = max(longest, time.perf_counter() - began)
    passwords.close()

    assert await hashing
    assert longest < 0.1
