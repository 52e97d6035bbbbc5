"""Calls from web pages of other origins (WHATWG Fetch): none, but for those that are listed."""

from collections.abc import Sequence
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: For how long a browser remembers what it may do.
MAX_AGE_S: Final = 600
_METHODS: Final = b"GET, HEAD, POST, PUT, PATCH, DELETE"
_SENT: Final = (
    b"Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID,"
    b" X-Trace-Id"
)
_SHOWN: Final = (
    b"ETag, Link, Location, Retry-After, X-Trace-Id, Idempotency-Replayed, X-RateLimit-Limit,"
    b" X-RateLimit-Remaining, X-RateLimit-Reset, RateLimit, RateLimit-Policy"
)


class Cors:
    """Without cookies: who calls proves itself by a Bearer token.

    A preflight of an origin that is not listed is a request like any other, and refused as one.
    """

    def __init__(self, app: ASGIApp, *, origins: Sequence[str]) -> None:
        self._app = app
        self._origins = {origin.encode() for origin in origins}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, and tell the browser that the page may see it."""
        headers = dict(scope["headers"]) if scope["type"] == "http" else {}
        origin = headers.get(b"origin", b"")
        if origin not in self._origins:
            await self._app(scope, receive, send)
        elif scope["method"] == "OPTIONS" and b"access-control-request-method" in headers:
            await _answer_preflight(origin, send)
        else:
            await self._app(scope, receive, _telling(origin, send))


async def _answer_preflight(origin: bytes, send: Send) -> None:
    headers = [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-methods", _METHODS),
        (b"access-control-allow-headers", _SENT),
        (b"access-control-max-age", b"%d" % MAX_AGE_S),
        (b"vary", b"Origin"),
    ]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def _telling(origin: bytes, send: Send) -> Send:
    async def told(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [
                *message.get("headers", ()),
                (b"access-control-allow-origin", origin),
                (b"access-control-expose-headers", _SHOWN),
                (b"vary", b"Origin"),
            ]
        await send(message)

    return told
