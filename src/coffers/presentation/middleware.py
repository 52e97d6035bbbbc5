"""The one layer around the application, pure ASGI.

Trace id, body limits, headers, log, metrics, last resort.
"""

import asyncio
import random
import re
import time
from collections.abc import Sequence
from typing import Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coffers.application.rate_limits import Level
from coffers.domain.errors import DomainError, Unavailable
from coffers.presentation.addresses import Network, Proxies
from coffers.presentation.metrics import Metrics
from coffers.presentation.problems import (
    BodyTooLarge,
    InternalError,
    ProblemPages,
    RequestTimedOut,
)

MAX_BODY: Final = 1024 * 1024
MAX_UPLOAD: Final = 12 * 1024 * 1024
MAX_RESTORATION: Final = 256 * 1024 * 1024
#: How long one piece of a body may take to arrive, and all of it.
PIECE_TIMEOUT_S: Final = 10
BODY_TIMEOUT_S: Final = 60
RESTORATION_TIMEOUT_S: Final = 600
_TRACE = re.compile(r"[\x21-\x7e]{1,64}")
_UPLOADS: Final = re.compile(r"/api/v1/(imports|price-uploads)\b")
_RESTORATIONS: Final = "/api/v1/restorations"
#: Whoever watches over a busy service must still be able to.
_ALWAYS_SERVED: Final = ("/health/", "/metrics")
_READ: Final = frozenset({b"x-trace-id", b"content-length"})
_STREAM: Final = b"text/event-stream"
_CACHE_CONTROL: Final = (b"cache-control", b"private, no-cache")
_NO_SNIFFING: Final = (b"x-content-type-options", b"nosniff")

Header = tuple[bytes, bytes]


class ServiceBusy(Unavailable):
    """More requests are being served than this process takes at once."""

    slug = "service_busy"


class ServiceStopping(Unavailable):
    """The service stops. Whether the request took effect is unknown."""

    slug = "service_stopping"


class Edge:
    """What every request passes, matched or not."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        pages: ProblemPages,
        metrics: Metrics,
        trusted_proxies: Sequence[Network] = (),
        max_requests: int = 1000,
        stopping: asyncio.Event | None = None,
    ) -> None:
        self._app = app
        self._pages = pages
        self._metrics = metrics
        self._proxies = Proxies(trusted_proxies)
        self._max_requests = max_requests
        self._stopping = stopping or asyncio.Event()
        self._log = structlog.get_logger("coffers.http")
        self._served = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or pass on what is not HTTP."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name: value for name, value in scope["headers"] if name in _READ}
        scope["trace_id"] = _trace_id(headers.get(b"x-trace-id"))
        scope["client_address"] = self._proxies.client_of(scope)
        exchange = _Exchange(scope, receive, send, headers.get(b"content-length"), self._stopping)
        started = time.perf_counter()
        self._served += 1
        try:
            await self._serve(exchange)
        finally:
            self._served -= 1
            self._note(exchange, time.perf_counter() - started)
            # The call has the request and the request has this scope: a ring that is garbage, which
            # would have to be looked for.
            scope.pop("coffers.call", None)

    async def _serve(self, exchange: "_Exchange") -> None:
        try:
            self._refuse_when_busy(exchange.scope["path"])
            exchange.refuse_long_body()
            await self._app(exchange.scope, exchange.receive, exchange.send)
        except DomainError as error:
            await self._refuse(exchange, error)
        except asyncio.CancelledError:
            if not exchange.status:
                await self._refuse(exchange, ServiceStopping("The service stops; try again."))
            raise
        except Exception as error:
            # The last resort: whatever went wrong, the caller gets a problem document.
            self._log.exception("request failed", trace_id=exchange.scope["trace_id"])
            if exchange.status:
                raise
            detail = f"An error of ours: {type(error).__name__}."
            await self._refuse(exchange, InternalError(detail))

    def _refuse_when_busy(self, path: str) -> None:
        if self._served > self._max_requests and not path.startswith(_ALWAYS_SERVED):
            raise ServiceBusy("Too many requests at once; try again.", retry_after_s=1)

    async def _refuse(self, exchange: "_Exchange", error: DomainError) -> None:
        scope = exchange.scope
        response = self._pages.response(error, path=scope["path"], trace_id=scope["trace_id"])
        await response(scope, exchange.receive, exchange.send)

    def _note(self, exchange: "_Exchange", seconds: float) -> None:
        scope = exchange.scope
        template = _template(scope)
        self._metrics.count(scope["method"], template, exchange.status)
        if not exchange.is_stream:
            self._metrics.time(template, seconds)
        call = scope.get("coffers.call")
        actor = call.origin.actor_id if call is not None else None
        self._log.info(
            "request",
            method=scope["method"],
            route=template,
            status=exchange.status,
            ms=round(seconds * 1000, 2),
            trace_id=scope["trace_id"],
            ip=scope["client_address"],
            user_id=None if actor is None else str(actor),
        )


class _Exchange:
    """One request and its response, watched."""

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        length: bytes | None,
        stopping: asyncio.Event,
    ) -> None:
        self.scope = scope
        self.status = 0
        self._receive = receive
        self._send = send
        self._length = length
        self._stopping = stopping
        self._received = 0
        self._is_complete = False
        self.is_stream = False
        self._deadline = 0.0

    def refuse_long_body(self) -> None:
        """Raises BodyTooLarge before a byte is read when the client announces too many."""
        length = self._length
        if length is not None and length.isdigit() and int(length[:20]) > self._limit:
            raise self._too_large()

    async def receive(self) -> Message:
        """The next piece of the body; raises BodyTooLarge and RequestTimedOut."""
        if self._is_complete:
            return await self._until_over()
        message = await self._in_time()
        self._received += len(message.get("body", b""))
        if self._received > self._limit:
            raise self._too_large()
        self._is_complete = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Pass the response on, with the headers that every one of them carries."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = self._headers(list(message.get("headers", ())))
        await self._send(message)

    def _headers(self, headers: list[Header]) -> list[Header]:
        is_cacheable = True
        for name, value in headers:
            if name == b"cache-control":
                is_cacheable = False
            elif name == b"content-type":
                self.is_stream = value.startswith(_STREAM)
        if is_cacheable:
            headers.append(_CACHE_CONTROL)
        headers += ((b"x-trace-id", self.scope["trace_id"].encode()), _NO_SNIFFING)
        call = self.scope.get("coffers.call")
        if call is not None and call.levels:
            headers += _limit_headers(call.levels[-1])
        return headers

    async def _in_time(self) -> Message:
        now = time.monotonic()
        limit_s = RESTORATION_TIMEOUT_S if self._is_restoration else BODY_TIMEOUT_S
        self._deadline = self._deadline or now + limit_s
        try:
            async with asyncio.timeout(min(PIECE_TIMEOUT_S, max(0.0, self._deadline - now))):
                return await self._receive()
        except TimeoutError as error:
            raise RequestTimedOut("The request's body did not arrive in time.") from error

    async def _until_over(self) -> Message:
        """The end of the exchange: the client is gone, or the service stops under a stream."""
        gone = asyncio.ensure_future(self._receive())
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait({gone, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if self.is_stream and not gone.done():
                return {"type": "http.disconnect"}
            return await gone
        finally:
            stopping.cancel()
            gone.cancel()

    @property
    def _is_restoration(self) -> bool:
        return bool(self.scope["path"] == _RESTORATIONS)

    @property
    def _limit(self) -> int:
        if self._is_restoration:
            return MAX_RESTORATION
        return MAX_UPLOAD if _UPLOADS.match(self.scope["path"]) else MAX_BODY

    def _too_large(self) -> BodyTooLarge:
        return BodyTooLarge(f"At most {self._limit} bytes.")


def _limit_headers(level: Level) -> list[Header]:
    reset_s = max(0, -int(-level.reset_s // 1))
    policy, capacity, left = level.policy, level.capacity, level.remaining
    window_s = max(1, round(capacity * 60 / level.refill_per_minute))
    return [
        (b"x-ratelimit-limit", b"%d" % capacity),
        (b"x-ratelimit-remaining", b"%d" % left),
        (b"x-ratelimit-reset", b"%d" % (time.time() + reset_s)),
        (b"ratelimit-policy", f'"{policy}";q={capacity};w={window_s}'.encode()),
        (b"ratelimit", f'"{policy}";r={left};t={reset_s}'.encode()),
    ]


def new_trace_id() -> str:
    """A trace id for a request that brought none: 32 hexadecimal digits."""
    # Asking the system for each one costs more than routing; it names a request and hides nothing.
    return f"{random.getrandbits(128):032x}"


def _trace_id(sent: bytes | None) -> str:
    text = sent.decode("latin-1") if sent else ""
    return text if _TRACE.fullmatch(text) else new_trace_id()


def _template(scope: Scope) -> str:
    route = scope.get("route")
    return getattr(route, "path", None) or "unmatched"
