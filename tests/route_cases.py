"""What the tests that are made from the registry share."""

import itertools
import re
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import httpx
import pytest

from coffers.presentation.access import ADMIN
from coffers.presentation.event_streams import EVENT_STREAM_TYPE
from coffers.presentation.route import MULTIPART, Route
from tests.examples import address_of, body_for
from tests.people import Person, settle

Test = Callable[..., Coroutine[Any, Any, None] | None]
#: An id like any other; nothing has it.
NO_ID = "0198c0de-5f00-7a10-8b3c-2f9d6e4a1b7c"

_names = itertools.count(1)


def per(routes: Sequence[Route]) -> Callable[[Test], Test]:
    """Run the test for each of these routes."""
    ids = [f"{route.method} {route.path}" for route in routes]
    return pytest.mark.parametrize("route", routes, ids=ids)


async def somebody(client: httpx.AsyncClient, *roles: str) -> Person:
    """A new person."""
    return await settle(client, f"person-{next(_names)}", *roles)


_regulars: dict[tuple[httpx.AsyncClient, tuple[str, ...]], Person] = {}


async def anybody(client: httpx.AsyncClient, *roles: str) -> Person:
    """Somebody with these roles: the same person as before, for tests that change nothing."""
    key = (client, roles)
    if key not in _regulars:
        _regulars[key] = await somebody(client, *roles)
    return _regulars[key]


async def anybody_for(client: httpx.AsyncClient, route: Route) -> Person:
    """Likewise, who may call this route."""
    return await anybody(client, *(["admin"] if route.access is ADMIN else []))


async def somebody_for(client: httpx.AsyncClient, route: Route) -> Person:
    """A new person who may call this route."""
    return await somebody(client, *(["admin"] if route.access is ADMIN else []))


def some_address() -> str:
    """An address from which nobody has called yet."""
    number = next(_names)
    return f"10.0.{number // 250}.{number % 250}"


async def call(route: Route, person: Person, path: str, **more: Any) -> httpx.Response:
    """Call the route at this path with a body that works."""
    return await send(route, person, path, await body_for(route, person), **more)


async def send(
    route: Route, person: Person, path: str, body: object, **more: Any
) -> httpx.Response:
    """Call the route at this path with this body."""
    sent: dict[str, Any] = {"files" if route.body == MULTIPART else "json": body}
    # A stream has no end, so only its head is asked for; one with a wrong query never begins.
    is_endless = route.produces == EVENT_STREAM_TYPE and "?" not in path
    method = "HEAD" if is_endless else route.method
    return await person.request(method, path, **sent, **more)


def nowhere(route: Route, parameter: str = NO_ID) -> str:
    """The route's path with an object that does not exist."""
    return address_of(route, re.sub(r"\{[^}]*\}", parameter, route.path))


def bare(path: str) -> str:
    """The path without its query."""
    return path.partition("?")[0]
