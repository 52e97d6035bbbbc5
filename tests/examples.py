"""How to make what a route speaks of: one line for each path that names an object.

A new path with a parameter needs its line here, or `test_routes.py` fails.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from coffers.presentation.routes import Route
from tests.people import PASSWORD, Person
from tests.promises import description

#: From the path up to its last parameter to something that makes such an object for a person and
#: answers its concrete path.
Maker = Callable[[Person], Awaitable[str]]


async def _an_error(_: Person) -> str:
    return "/errors/not_found"


EXAMPLES: dict[str, Maker] = {
    "/errors/{slug}": _an_error,
}
#: Those that are nobody's: other people see them too.
SHARED = {"/errors/{slug}"}


async def _my_refresh_token(person: Person) -> object:
    return {"refresh_token": person.refresh_token}


async def _my_credentials(person: Person) -> object:
    return {"email": person.email, "password": PASSWORD}


async def _a_new_account(person: Person) -> object:
    return {"email": f"friend-of-{person.email}", "password": PASSWORD}


#: Operation → a body that works for this person, where the documented example cannot.
BODIES: dict[str, Callable[[Person], Awaitable[object]]] = {
    "register_user": _a_new_account,
    "create_session": _my_credentials,
    "refresh_tokens": _my_refresh_token,
}


def template_of(route: Route) -> str:
    """The path up to its last parameter: what EXAMPLES are filed under."""
    return route.path[: route.path.rindex("}") + 1]


async def path_for(route: Route, person: Person) -> str:
    """The route's path with an object of this person's, made now."""
    if "{" not in route.path:
        return address_of(route, route.path)
    template = template_of(route)
    made = await EXAMPLES[template](person)
    return address_of(route, made + route.path.removeprefix(template))


def address_of(route: Route, path: str) -> str:
    """The whole address; the client's own base has the prefix of the API in it."""
    return f"http://test{path}" if route.is_root else path


async def body_for(route: Route, person: Person) -> Any:
    """A body that works, None for a route without one."""
    if route.body is None:
        return None
    maker = BODIES.get(route.endpoint.__name__)
    return await maker(person) if maker else documented_body(route)


def documented_body(route: Route) -> Any:
    """The example that the description shows."""
    operation = description()["paths"][route.full_path][route.method.lower()]
    return operation["requestBody"]["content"][route.body]["example"]
