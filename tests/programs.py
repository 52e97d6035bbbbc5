"""Programs as children of the tests: started, stopped, killed, frozen, and never left behind."""

import atexit
import os
import pwd
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from random import SystemRandom
from typing import NamedTuple, Self, TypedDict
from urllib.parse import urlsplit

import psutil  # type: ignore[import-untyped]  # ships no types

from tests.scratch import shared_directory

HOST = "127.0.0.1"
#: For clients of programs, which speak plain HTTP: loading everybody's certificates takes 30 ms.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
# Below the ephemeral ports: there, a client that looks for a killed server can connect to itself.
PORTS = range(20_000, 32_000)
START_LIMIT_S = 20.0
STOP_LIMIT_S = 20.0
POLL_S = 0.01
PROBE_LIMIT_S = 1.0
LOG_TAIL_CHARACTERS = 4_000

# Each line names the pids to end. The pipe closes when the tests end, be it by SIGKILL.
GUARD = """
while read -r line; do pids=$line; done
if [ -n "$pids" ]; then
  kill -CONT $pids; kill -INT $pids; tries=0
  while kill -0 $pids && [ $tries -lt 20 ]; do sleep 0.1; tries=$((tries + 1)); done
  kill -KILL $pids
fi
rm -rf -- "$0"
"""


class ServerUnavailable(RuntimeError):
    """The program does not exist here, is not running, or ended before it was ready."""


class Stopped(NamedTuple):
    """How a program ended: its exit code (negative: the signal) and the seconds it took."""

    exit_code: int
    seconds: float


class Ownership(TypedDict, total=False):
    """The arguments of subprocess that say whom a program runs as."""

    user: str
    group: int
    extra_groups: list[int]


def free_port() -> int:
    """Answer a TCP port of the loopback interface on which nothing listens."""
    while True:
        port = SystemRandom().choice(PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind((HOST, port))
            return port


class Program(ABC):
    """A child with a scratch directory and a log of its own; neither outlives the tests."""

    stop_signal = signal.SIGTERM

    def __init__(self, user: str | None = None) -> None:
        self.user = user
        self.directory = _scratch_directory(user)
        self.log = self.directory / "log"
        self._child: subprocess.Popen[bytes] | None = None
        self._guard = _guard(self.directory)
        atexit.register(self.close)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    @abstractmethod
    def start(self) -> Self:
        """Start as this kind of program does it."""

    def launch(self, argv: Sequence[str | Path], env: Mapping[str, str], cwd: Path) -> None:
        """Start `argv` with exactly this environment; its output is appended to the log."""
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                argv,
                env=env,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the tests, which then close in order
                **run_as(self.user),
            )
        self._guard_pids(self._child.pid)

    def wait_until(self, is_ready: Callable[[], bool]) -> None:
        """Wait for the program; a refusal with the end of its log if it ends or never answers."""
        becomes_true(lambda: is_ready() or not self.is_running, START_LIMIT_S)
        if not self.is_running or not is_ready():
            tail = self.log_text[-LOG_TAIL_CHARACTERS:]
            raise ServerUnavailable(f"{type(self).__name__} is not ready:\n{tail}")

    def stop(self) -> Stopped:
        """End gracefully; killed, with a TimeoutError, when that takes longer than the limit."""
        begun = time.monotonic()
        self.child.send_signal(self.stop_signal)
        try:
            exit_code = self.child.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise TimeoutError(f"ran on {STOP_LIMIT_S} s after {self.stop_signal.name}") from None
        self._forget()
        return Stopped(exit_code, time.monotonic() - begun)

    def kill(self) -> None:
        """SIGKILL the whole family; it is gone when this returns."""
        family = self._suspend()
        for member in family:
            with suppress(psutil.NoSuchProcess):
                member.kill()
        becomes_true(lambda: all(is_gone(member.pid) for member in family))
        self.child.wait()
        self._forget()

    def freeze(self) -> None:
        """SIGSTOP the whole family: it keeps its connections and answers nothing."""
        self._guard_pids(*(member.pid for member in self._suspend()))

    def thaw(self) -> None:
        """SIGCONT the whole family, the parent last."""
        for member in reversed(self._family()):
            with suppress(psutil.NoSuchProcess):
                member.resume()
        self._guard_pids(self.child.pid)

    def restart(self) -> None:
        """Stop gracefully and start again: a server keeps its port and its storage."""
        self.stop()
        self.start()

    def close(self) -> None:
        """Kill what still runs and remove the directory; a second call does nothing."""
        atexit.unregister(self.close)
        if self.is_running:
            self.kill()
        self._guard.communicate()

    @property
    def is_running(self) -> bool:
        """Whether it was started and has neither been ended nor ended by itself."""
        return self._child is not None and self._child.poll() is None

    @property
    def child(self) -> subprocess.Popen[bytes]:
        """The running program; a refusal when there is none."""
        if self._child is None:
            raise ServerUnavailable(f"{type(self).__name__} is not running")
        return self._child

    @property
    def log_text(self) -> str:
        """Everything that the program has written so far."""
        return self.log.read_text(errors="replace")

    def _family(self) -> list[psutil.Process]:
        if self.child.poll() is not None:
            return []
        try:
            parent = psutil.Process(self.child.pid)
            return [parent, *parent.children(recursive=True)]
        except psutil.NoSuchProcess:  # it ended by itself a moment ago
            return []

    def _suspend(self) -> list[psutil.Process]:
        self.child.send_signal(signal.SIGSTOP)  # first: then the family grows no more
        family = self._family()
        for member in family[1:]:
            with suppress(psutil.NoSuchProcess):
                member.suspend()
        return family

    def _forget(self) -> None:
        self._child = None
        self._guard_pids()

    def _guard_pids(self, *pids: int) -> None:
        assert self._guard.stdin is not None  # it was opened with a pipe
        self._guard.stdin.write(f"{' '.join(map(str, pids))}\n")
        self._guard.stdin.flush()


class ServiceProcess(Program):
    """One of our own commands, such as `python -m coffers.cli serve`, as a process of its own."""

    def __init__(
        self, argv: Sequence[str | Path], env: Mapping[str, str], cwd: Path | None = None
    ) -> None:
        super().__init__()
        self.argv = argv
        self.env = _foreign_environment() | {"PYTHONUNBUFFERED": "1"} | dict(env)
        self.cwd = cwd or self.directory

    def start(self) -> Self:
        """Start the command in its directory; it is not ready yet."""
        self.launch(self.argv, self.env, self.cwd)
        return self

    def wait_until_ready(self, url: str) -> None:
        """Wait until a GET of this plain-HTTP address succeeds."""
        self.wait_until(lambda: succeeds(url))


def becomes_true(condition: Callable[[], bool], within_s: float = STOP_LIMIT_S) -> bool:
    """Wait until the condition holds, at most so long, and answer whether it does."""
    deadline = time.monotonic() + within_s
    while not (holds := condition()) and time.monotonic() < deadline:
        time.sleep(POLL_S)
    return holds


def is_gone(pid: int) -> bool:
    """Whether a process can do nothing more: an orphan is a zombie until init gets round to it."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def run_as(user: str | None) -> Ownership:
    """Answer the subprocess arguments that give up root for `user`; none for the current user."""
    if user is None:
        return {}
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def _guard(directory: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        ["/bin/sh", "-c", GUARD, directory],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        text=True,
    )


def _scratch_directory(user: str | None) -> Path:
    if user is None:
        return Path(tempfile.mkdtemp(prefix="coffers-"))
    directory = Path(tempfile.mkdtemp(prefix="coffers-", dir=shared_directory()))
    os.chown(directory, pwd.getpwnam(user).pw_uid, -1)
    return directory


def _foreign_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("COFFERS_")}


def succeeds(url: str) -> bool:
    parts = urlsplit(url)
    connection = HTTPConnection(str(parts.hostname), parts.port, timeout=PROBE_LIMIT_S)
    try:
        connection.request("GET", parts.path)
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
