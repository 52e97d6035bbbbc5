"""Where long calculations are done: a core is always left to those who wait for little."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
#: At once; others wait for their turn.
AT_ONCE: Final = max(1, (os.cpu_count() or 1) - 1)
_POOL: Final = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="calculation")


async def calculated(make: Callable[P, T], *args: P.args, **more: P.kwargs) -> T:
    """What it makes, in a thread."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_POOL, lambda: make(*args, **more))
