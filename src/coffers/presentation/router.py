"""From the registry to the framework.

Routes with their admission, found by an index instead of one after another.
"""

import functools
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from coffers.presentation.admission import AdmittingRoute
from coffers.presentation.answers import encode
from coffers.presentation.calls import Call
from coffers.presentation.openapi import documentation
from coffers.presentation.route import Route

_CONTROL: Final = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


def build_routes(registry: Sequence[Route]) -> list[APIRoute]:
    """One framework route for each of the registry's lines."""
    return [_build(route) for route in registry]


def _build(route: Route) -> APIRoute:
    built = AdmittingRoute(
        route.full_path,
        _encoding(route),
        methods=[route.method],
        response_model=None,
        status_code=route.status,
        **documentation(route),
    )
    built.admitted = route
    return built


def _encoding(route: Route) -> Callable[..., Awaitable[Response]]:
    """The endpoint, its view encoded. The framework still sees the endpoint's own signature."""
    endpoint, status = route.endpoint, route.status

    @functools.wraps(endpoint)
    async def encoded(
        *, call: Call, **arguments: Any
    ) -> Response:  # Any: as the endpoint's signature says
        return encode(await endpoint(call=call, **arguments), status, call.request)

    return encoded


class RouteTable(BaseRoute):
    """All routes behind one, found by the shape of their paths instead of one after another.

    HEAD is GET, of whose answer the server leaves out the body. Control characters are in no path.
    """

    def __init__(self, routes: Sequence[APIRoute]) -> None:
        self.routes: Final = routes
        #: Which segments are parameters, in paths of so many segments.
        self._masks: dict[int, set[frozenset[int]]] = defaultdict(set)
        self._by_shape: dict[str, list[tuple[int, APIRoute]]] = defaultdict(list)
        for order, route in enumerate(routes):
            segments = route.path.split("/")
            mask = frozenset(n for n, segment in enumerate(segments) if segment.startswith("{"))
            self._masks[len(segments)].add(mask)
            self._by_shape[_shape(segments, mask)].append((order, route))
        #: The same by whole paths, where a route has no parameters.
        self._known = {
            route.path: self._of_shape(route.path) for route in routes if "{" not in route.path
        }

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """A full match, or a partial one that only names the methods allowed here."""
        if scope["type"] != "http" or _CONTROL.search(scope["path"]):
            return Match.NONE, {}
        wanted = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
        allowed: set[str] = set()
        path = scope["path"]
        for route in self._known.get(path) or self._of_shape(path):
            match, child = route.matches(wanted)
            if match is Match.FULL:
                return match, {**child, "coffers.route": route}
            if match is Match.PARTIAL:
                allowed |= route.methods or set()
        return (Match.PARTIAL, {"coffers.allowed": allowed}) if allowed else (Match.NONE, {})

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the matched route, or say which methods there are."""
        route = scope.get("coffers.route")
        if route is None:
            allowed = scope["coffers.allowed"]
            allowed |= {"HEAD"} if "GET" in allowed else set()
            raise HTTPException(405, headers={"Allow": ", ".join(sorted(allowed))})
        await route.app(scope, receive, send)

    def _of_shape(self, path: str) -> list[APIRoute]:
        """The routes that this path may be of, in the registry's order."""
        segments = path.split("/")
        found: list[tuple[int, APIRoute]] = []
        for mask in self._masks.get(len(segments), ()):
            found += self._by_shape.get(_shape(segments, mask), ())
        return [route for _, route in sorted(found, key=_order)]


def _shape(segments: Sequence[str], mask: frozenset[int]) -> str:
    return "/".join("{}" if n in mask else segment for n, segment in enumerate(segments))


def _order(entry: tuple[int, APIRoute]) -> int:
    return entry[0]
