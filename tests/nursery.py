"""Programs of ours that start in a moment: forked from a process that has imported everything.

Campaigns that kill a program a hundred times would otherwise spend their time on its imports. What
is forked is a process of its own, with its own log and environment, and dies of the same signals.
"""

import gc
import os
import runpy
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, NamedTuple

from tests.programs import STOP_LIMIT_S, Program, ServiceProcess
from tests.service_processes import Service, WorkerProcess

_nursery = get_context("forkserver")
_nursery.set_forkserver_preload(
    ["tests.no_collection", "tests.built_routes", "coffers.worker", "coffers.cli", __name__]
)


class Forked(Program):
    """Put before a kind of program, it makes it start from the nursery."""

    def launch(self, argv: Sequence[str | Path], env: Mapping[str, str], cwd: Path) -> None:
        """As any program is launched; `argv` is of Python: `-m` with a module or `-c` with code."""
        words = [str(word) for word in argv[1:]]
        self.log.touch()
        process = _nursery.Process(
            target=_live, args=(words, dict(env), str(cwd), str(self.log)), daemon=True
        )
        process.start()
        child: Any = _Child(process)  # Any: in place of a Popen
        self._child = child
        self._guard_pids(child.pid)


class ForkedService(Forked, Service):
    """`coffers serve`."""


class ForkedWorker(Forked, WorkerProcess):
    """`coffers worker`."""


class Finished(NamedTuple):
    """How a command ended, and everything that it wrote."""

    exit_code: int
    said: str


class ForkedProcess(Forked, ServiceProcess):
    """Any other code that is ours."""


class ForkedCommand(ForkedProcess):
    """Any other command of `coffers`."""

    def __init__(self, *arguments: str, env: Mapping[str, str]) -> None:
        super().__init__([sys.executable, "-m", "coffers.cli", *arguments], env)

    def finish(self) -> Finished:
        """Run it to its end."""
        with self as started:
            exit_code = started.child.wait(STOP_LIMIT_S)
            return Finished(exit_code, started.log_text)


class _Child:
    """A forked process, asked as a Popen is."""

    def __init__(self, process: ForkServerProcess) -> None:
        self._process = process
        assert process.pid is not None  # it was started
        self.pid = process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        exit_code = self._process.exitcode
        if exit_code is None:
            raise subprocess.TimeoutExpired("forked", timeout or 0)
        return exit_code

    def send_signal(self, number: int) -> None:
        if self._process.exitcode is None:
            with suppress(ProcessLookupError):  # it ended, and the nursery is about to tell
                os.kill(self.pid, number)


def _live(words: list[str], env: dict[str, str], cwd: str, log: str) -> None:
    gc.freeze()  # what was imported stays: nobody need look through it for garbage
    gc.enable()
    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(written, stream)
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    kind, what, *rest = words
    sys.argv = [what if kind == "-m" else kind, *rest]
    if kind == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        exec(what, {"__name__": "__main__"})  # noqa: S102 - the tests' own words
