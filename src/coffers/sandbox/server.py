"""The sandbox broker as a program of its own; docs/sandbox.md says what it speaks."""

import os
import signal
import sys
import threading
from collections.abc import Iterable
from datetime import date

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from coffers.sandbox import admin, oauth, reading
from coffers.sandbox.faults import parse_fault
from coffers.sandbox.gate import Gate
from coffers.sandbox.grants import ACCESS_LIFE_S
from coffers.sandbox.refusals import Refused, answer_http_exception, answer_refused
from coffers.sandbox.sandbox import Sandbox

#: A request that hangs does not keep the process from ending.
GRACE_S = 1


def create_app(
    seed: int,
    today: date | None = None,
    *,
    faults: Iterable[tuple[str, str]] = (),
    access_life_s: int = ACCESS_LIFE_S,
) -> Starlette:
    """Build the application; `faults` are pairs of path pattern and fault, in force for ever.

    Raises ValueError for a day that the calendar does not have and for an unknown fault.
    """
    sandbox = Sandbox(seed, today, access_life_s)
    for path, fault in faults:
        sandbox.rules.add(path, parse_fault(fault), None)
    app = Starlette(
        routes=[*reading.ROUTES, *oauth.ROUTES, *admin.ROUTES],
        middleware=[Middleware(Gate, sandbox=sandbox)],
        exception_handlers={Refused: answer_refused, HTTPException: answer_http_exception},
    )
    app.router.redirect_slashes = False
    app.state.sandbox = sandbox
    return app


def serve(host: str, port: int, seed: int, today: date | None = None) -> None:
    """Serve until the process is told to end."""
    uvicorn.run(
        create_app(seed, today),
        host=host,
        port=port,
        lifespan="off",
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=GRACE_S,
    )


def serve_beside(host: str, port: int, seed: int) -> None:
    """Serve until whoever holds the other end of the standard input ends, however that ends."""
    threading.Thread(target=_end_with_input, daemon=True).start()
    serve(host, port, seed)


def _end_with_input() -> None:
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)
