"""Every answer that any test gets is held against what the API's description promises."""

import functools
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import httpx
from starlette.routing import compile_path

from coffers.presentation.openapi import document
from coffers.presentation.problems import MEDIA_TYPE
from coffers.presentation.route import Route
from coffers.presentation.router import build_routes
from coffers.presentation.routes import ROUTES

LIMIT_HEADERS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")
#: What a program may act on, so that it has to know of it.
TOLD_HEADERS = ("ETag", "Idempotency-Replayed", "Link", "Location", "Retry-After")
#: Said by the edge, before anybody is asked for a token of any bucket.
FROM_THE_EDGE = {413, 408, 500}


@dataclass(frozen=True)
class Promise:
    """An operation, the statuses that its description names, and each with its headers."""

    route: Route
    pattern: re.Pattern[str]
    statuses: frozenset[int]
    headers: frozenset[tuple[int, str]]


@functools.cache
def description() -> dict[str, Any]:
    """The OpenAPI document of the registry."""
    return document(ROUTES, build_routes(ROUTES), version="0", url="http://test")


@functools.cache
def promises() -> list[Promise]:
    return [
        Promise(route, compile_path(route.full_path)[0], _statuses(route), _headers(route))
        for route in ROUTES
    ]


@functools.cache
def _promises_by_length() -> dict[tuple[str, int], list[Promise]]:
    """By method and number of slashes, in their order."""
    found: dict[tuple[str, int], list[Promise]] = defaultdict(list)
    for promise in promises():
        found[promise.route.method, promise.route.full_path.count("/")].append(promise)
    return found


def promise_for(method: str, path: str) -> Promise | None:
    """The operation that a request reaches, if any."""
    wanted = "GET" if method == "HEAD" else method
    for promise in _promises_by_length().get((wanted, path.count("/")), ()):
        if promise.pattern.match(path):
            return promise
    return None


async def hold_to_the_promise(response: httpx.Response) -> None:
    """An event hook: fails the test that got an answer which nobody was told to expect."""
    request = response.request
    what = f"{request.method} {request.url.path} answered {response.status_code}"
    assert "X-Trace-Id" in response.headers, f"{what} without a trace id"
    if response.status_code >= 400:
        assert response.headers.get("content-type") == MEDIA_TYPE, f"{what}, not as a problem"
    promise = promise_for(request.method, request.url.path)
    if promise is not None:
        _hold(promise, response, what)


def _hold(promise: Promise, response: httpx.Response, what: str) -> None:
    assert response.status_code in promise.statuses, f"{what}, which OpenAPI does not promise"
    for name in TOLD_HEADERS:
        if name in response.headers:
            told = (response.status_code, name)
            assert told in promise.headers, f"{what} with {name}, which OpenAPI does not promise"
    if promise.route.policy is not None and response.status_code not in FROM_THE_EDGE:
        missing = [name for name in LIMIT_HEADERS if name not in response.headers]
        assert not missing, f"{what} without {missing}"


def _statuses(route: Route) -> frozenset[int]:
    operation = description()["paths"][route.full_path][route.method.lower()]
    return frozenset(map(int, operation["responses"]))


def _headers(route: Route) -> frozenset[tuple[int, str]]:
    operation = description()["paths"][route.full_path][route.method.lower()]
    return frozenset(
        (int(status), name)
        for status, answer in operation["responses"].items()
        for name in answer.get("headers", ())
    )
