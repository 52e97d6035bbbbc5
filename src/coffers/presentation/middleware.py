"""The one layer around the application, pure ASGI.

Trace id, body limits, headers, log, metrics, last resort.
"""

import asyncio
import ipaddress
import re
import time
from collections.abc import Sequence
from typing import Final

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coffers.application.ports import Level
from coffers.domain.errors import DomainError
from coffers.domain.ids import new_id
from coffers.presentation.metrics import Metrics
from coffers.presentation.problems import (
    BodyTooLarge,
    InternalError,
    ProblemPages,
    RequestTimedOut,
)

MAX_BODY: Final = 1024 * 1024
MAX_UPLOAD: Final = 12 * 1024 * 1024
#: How long one piece of a body may take to arrive, and all of it.
PIECE_TIMEOUT_S: Final = 10
BODY_TIMEOUT_S: Final = 60
_TRACE = re.compile(r"[\x21-\x7e]{1,64}")
_UPLOADS: Final = re.compile(r"/api/v1/imports\b")

log = structlog.get_logger("coffers.http")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Edge:
    """What every request passes, matched or not."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        pages: ProblemPages,
        metrics: Metrics,
        trusted_proxies: Sequence[Network],
    ) -> None:
        self._app = app
        self._pages = pages
        self._metrics = metrics
        self._trusted = trusted_proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or pass on what is not HTTP."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name: value for name, value in scope["headers"] if name in _READ}
        scope["trace_id"] = _trace_id(headers.get(b"x-trace-id"))
        scope["client_address"] = self._client(scope, headers.get(b"x-forwarded-for"))
        exchange = _Exchange(scope, receive, send, headers.get(b"content-length"))
        started = time.perf_counter()
        try:
            await self._serve(exchange)
        finally:
            self._note(exchange, time.perf_counter() - started)

    async def _serve(self, exchange: "_Exchange") -> None:
        try:
            exchange.refuse_long_body()
            await self._app(exchange.scope, exchange.receive, exchange.send)
        except DomainError as error:
            await self._refuse(exchange, error)
        except asyncio.CancelledError:
            raise
        except (
            Exception
        ) as error:  # the last resort: whatever went wrong, the caller gets a problem document
            log.exception("request failed", trace_id=exchange.scope["trace_id"])
            if exchange.status:
                raise
            await self._refuse(
                exchange, InternalError(f"An error of ours: {type(error).__name__}.")
            )

    async def _refuse(self, exchange: "_Exchange", error: DomainError) -> None:
        scope = exchange.scope
        response = self._pages.response(error, path=scope["path"], trace_id=scope["trace_id"])
        await response(scope, exchange.receive, exchange.send)

    def _note(self, exchange: "_Exchange", seconds: float) -> None:
        scope = exchange.scope
        template = _template(scope)
        self._metrics.observe(scope["method"], template, exchange.status, seconds)
        call = scope.get("coffers.call")
        log.info(
            "request",
            method=scope["method"],
            route=template,
            status=exchange.status,
            ms=round(seconds * 1000, 2),
            trace_id=scope["trace_id"],
            ip=scope["client_address"],
            user_id=str(call.principal.user_id)
            if call is not None and call.origin.actor_id
            else None,
        )

    def _client(self, scope: Scope, forwarded: bytes | None) -> str:
        """The caller's address.

        The peer's, or behind trusted proxies the last address that none of them added.
        """
        peer = scope["client"][0] if scope.get("client") else "unknown"
        if forwarded is None or not self._is_trusted(peer):
            return str(peer)
        for hop in reversed(forwarded.decode("latin-1").split(",")):
            peer = hop.strip()
            if not self._is_trusted(peer):
                break
        return peer[:45]

    def _is_trusted(self, address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._trusted)


_READ: Final = {b"x-trace-id", b"x-forwarded-for", b"content-length"}


class _Exchange:
    """One request and its response, watched."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, length: bytes | None) -> None:
        self.scope = scope
        self.status = 0
        self._receive = receive
        self._send = send
        self._length = length
        self._limit = MAX_UPLOAD if _UPLOADS.match(scope["path"]) else MAX_BODY
        self._received = 0
        self._complete = False
        self._deadline = time.monotonic() + BODY_TIMEOUT_S

    def refuse_long_body(self) -> None:
        """Raises BodyTooLarge before a byte is read when the client announces too many."""
        if (
            self._length is not None
            and self._length.isdigit()
            and int(self._length[:20]) > self._limit
        ):
            raise self._too_large()

    async def receive(self) -> Message:
        """The next piece of the body; raises BodyTooLarge and RequestTimedOut."""
        if self._complete:
            return await self._receive()
        wait = min(PIECE_TIMEOUT_S, max(0.0, self._deadline - time.monotonic()))
        try:
            message = await asyncio.wait_for(self._receive(), wait)
        except TimeoutError as error:
            raise RequestTimedOut("The request's body did not arrive in time.") from error
        self._received += len(message.get("body", b""))
        if self._received > self._limit:
            raise self._too_large()
        self._complete = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Pass the response on, with the headers that every one of them carries."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Trace-Id"] = self.scope["trace_id"]
            headers["X-Content-Type-Options"] = "nosniff"
            headers.setdefault("Cache-Control", "private, no-cache")
            call = self.scope.get("coffers.call")
            if call is not None and call.levels:
                headers.update(_limit_headers(call.levels[-1]))
        await self._send(message)

    def _too_large(self) -> BodyTooLarge:
        return BodyTooLarge(f"At most {self._limit} bytes.")


def _limit_headers(level: Level) -> dict[str, str]:
    reset = max(0, -int(-level.reset_s // 1))
    window = max(1, round(level.capacity * 60 / level.refill_per_minute))
    return {
        "X-RateLimit-Limit": str(level.capacity),
        "X-RateLimit-Remaining": str(level.remaining),
        "X-RateLimit-Reset": str(int(time.time()) + reset),
        "RateLimit-Policy": f'"{level.policy}";q={level.capacity};w={window}',
        "RateLimit": f'"{level.policy}";r={level.remaining};t={reset}',
    }


def _trace_id(sent: bytes | None) -> str:
    text = sent.decode("latin-1") if sent else ""
    return text if _TRACE.fullmatch(text) else str(new_id())


def _template(scope: Scope) -> str:
    route = scope.get("route")
    return getattr(route, "path", None) or "unmatched"
