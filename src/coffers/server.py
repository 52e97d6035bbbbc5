"""Serving HTTP: uvicorn with our limits, one socket, and an orderly end."""

import contextlib
import os
import resource
import signal
import socket
import threading
from collections.abc import Iterator
from typing import Final

import uvicorn
from fastapi import FastAPI

from coffers.garbage import collect_rarely
from coffers.presentation.protocol import GuardedProtocol
from coffers.settings import Settings

BACKLOG: Final = 2048
KEEP_ALIVE_S: Final = 20
MAX_OPEN_FILES: Final = 65_536
#: What closing may take after the last request, so that a stop takes 15 s at most.
CLOSING_S: Final = 4
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class PortTaken(Exception):
    """Somebody else listens there."""


def serve(app: FastAPI, settings: Settings) -> None:
    """Serve until told to stop by SIGTERM or SIGINT.

    Raises PortTaken, and SystemExit when the application does not start.
    """
    _allow_many_files()
    with listening(settings.host, settings.port) as listener:
        OrderlyServer(configuration(app, settings)).run(sockets=[listener])


def configuration(app: FastAPI, settings: Settings) -> uvicorn.Config:
    """Uvicorn's, with nothing left to its defaults that somebody could draw out or fake."""
    return uvicorn.Config(
        app,
        loop="uvloop",
        http=GuardedProtocol,
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=settings.graceful_timeout_s,
    )


class OrderlyServer(uvicorn.Server):
    """Ends streams before it waits for what else is under way, and exits with 0 when told to."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start; what is there by then stays, and need not be looked through for garbage again."""
        await super().startup(sockets)
        collect_rarely()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop: event streams at once, since they would never end by themselves."""
        self.config.app.state.stopping.set()  # type: ignore[union-attr]  # our application
        _end_in(self.config.app.state.settings.graceful_timeout_s + CLOSING_S)  # type: ignore[union-attr]  # likewise
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """While serving, the signals mean: stop in good order, and that is a success."""
        before = {number: signal.signal(number, self.handle_exit) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def _end_in(seconds: float) -> None:
    """Whatever hangs, a database that does not answer or a thread, the process ends."""
    overdue = threading.Timer(seconds, os._exit, [1])
    overdue.daemon = True
    overdue.start()


@contextlib.contextmanager
def listening(host: str, port: int) -> Iterator[socket.socket]:
    """A bound socket; raises PortTaken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            reason = f"Cannot listen on {host} port {port}: {error.strerror}."
            raise PortTaken(reason) from error
        yield listener


def _allow_many_files() -> None:
    """As many connections as the system allows without asking root."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, MAX_OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
