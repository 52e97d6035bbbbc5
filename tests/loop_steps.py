"""How long single steps of an event loop take, for tests: processor time, whatever else runs."""

import time
from asyncio import events
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest


@contextmanager
def longest_step(patch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """Inside, the list has the longest step so far, in seconds of the loop's own thread."""
    longest = [0.0]
    run = events.Handle._run

    def measured(handle: events.Handle) -> Any:  # Any: as the loop's own
        started = time.thread_time()
        try:
            return run(handle)
        finally:
            longest[0] = max(longest[0], time.thread_time() - started)

    with patch.context() as inside:
        inside.setattr(events.Handle, "_run", measured)
        yield longest
    assert longest[0] > 0, "Only steps of Python's own loop can be measured."
