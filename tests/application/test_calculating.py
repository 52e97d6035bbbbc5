import asyncio
import threading

from coffers.application import calculating
from coffers.application.calculating import calculated
from tests.working import until


async def test_no_more_is_calculated_at_once_than_leaves_a_core() -> None:
    lock, running, most = threading.Lock(), 0, 0
    may_end = threading.Event()

    def count(_number: int) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        may_end.wait(5)
        with lock:
            running -= 1

    many = asyncio.gather(*(calculated(count, number) for number in range(calculating.AT_ONCE + 2)))
    await until(lambda: most == calculating.AT_ONCE)
    await asyncio.sleep(0.05)
    may_end.set()
    await many

    assert most == calculating.AT_ONCE


async def test_what_is_calculated_comes_back() -> None:
    assert await calculated(pow, 2, 3) == 8
