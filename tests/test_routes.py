"""The registry, line by line: who is let in, and to what. No test here lists a route."""

import re
import uuid
from datetime import timedelta

import httpx
import pytest
from jose import jwt

from coffers.application.identity.api_keys import create_api_key
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import UserId
from coffers.domain.live.events import Origin
from coffers.local_secrets import key_id, secret_keys
from coffers.presentation.access import ADMIN, USER
from coffers.presentation.problems import MEDIA_TYPE
from coffers.presentation.route import Route
from coffers.presentation.router import RouteTable
from coffers.presentation.routes import ROUTES
from tests.examples import EXAMPLES, SHARED, path_for, template_of
from tests.people import Person
from tests.promises import description, promises
from tests.route_cases import (
    NO_ID,
    anybody,
    anybody_for,
    call,
    nowhere,
    per,
    somebody,
    somebody_for,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: Served beside the registry: the description and its pages.
PAGES = {"/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json", "/static-offline-docs"}

GUARDED = [route for route in ROUTES if not route.access.is_public]
OWNED = [route for route in GUARDED if "{" in route.path and template_of(route) not in SHARED]


async def test_the_application_serves_exactly_the_registry(service: httpx.AsyncClient) -> None:
    app = service.app  # type: ignore[attr-defined]  # set by `client_of`
    table, *pages = app.router.routes
    listed = {(route.method, route.full_path) for route in ROUTES}

    served = {(method, served.path) for served in table.routes for method in served.methods}

    assert isinstance(table, RouteTable)
    assert served == listed
    assert {page.path for page in pages} == PAGES
    assert len(listed) == len(ROUTES)


async def test_the_description_names_exactly_the_registry(service: httpx.AsyncClient) -> None:
    app = service.app  # type: ignore[attr-defined]  # set by `client_of`
    paths = app.openapi()["paths"]

    described = {(method.upper(), path) for path, methods in paths.items() for method in methods}

    assert described == {(route.method, route.full_path) for route in ROUTES}
    assert app.openapi()["components"] == description()["components"] | {
        "examples": app.openapi()["components"]["examples"]
    }


async def test_the_description_is_encoded_once(
    service: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = service.app  # type: ignore[attr-defined]  # set by `client_of`
    first = await service.get("http://test/openapi.json")

    monkeypatch.setattr(app, "openapi", dict)
    again = await service.get("http://test/openapi.json")

    assert first.json()["paths"].keys() == {route.full_path for route in ROUTES}
    assert again.content == first.content


async def test_every_operation_has_a_name_of_its_own() -> None:
    operations = [route.endpoint.__name__ for route in ROUTES]

    assert len(operations) == len(set(operations))


async def test_no_route_hides_another() -> None:
    for promise in promises():
        path = re.sub(r"\{[^}]*\}", NO_ID, promise.route.full_path)
        first = next(
            other
            for other in promises()
            if other.route.method == promise.route.method and other.pattern.match(path)
        )
        assert first is promise


async def test_every_path_with_an_object_has_an_example() -> None:
    templates = {template_of(route) for route in ROUTES if "{" in route.path}

    assert templates == set(EXAMPLES)


@per(GUARDED)
async def test_nobody_is_let_in(route: Route, service: httpx.AsyncClient) -> None:
    for header in strangers(service, await anybody(service)):
        answer = await service.request(
            route.method, nowhere(route) + "?nonsense=1", headers=header, content=b"{"
        )
        assert answer.status_code == 401, header
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["content-type"] == MEDIA_TYPE
    assert (await service.request(route.method, nowhere(route, "not-an-id"))).status_code == 401


def strangers(client: httpx.AsyncClient, person: Person) -> list[dict[str, str]]:
    tokens = (
        "x",
        "cof_" + "x" * 43,
        person.refresh_token,
        other_kind_of_token(client, person, typ="refresh"),
        other_kind_of_token(client, person, exp=1_000_000_000),
    )
    schemes = ("", "Bearer", f"Basic {person.access_token}", person.access_token)
    bearers = [f"Bearer {token}" for token in tokens]
    return [{}, *({"Authorization": value} for value in (*schemes, *bearers))]


def other_kind_of_token(client: httpx.AsyncClient, person: Person, **changes: object) -> str:
    """Signed with the right key, yet not an access token that is good now."""
    settings = client.app.state.settings  # type: ignore[attr-defined]  # set by `client_of`
    (secret,) = secret_keys(settings)
    claims = jwt.get_unverified_claims(person.access_token) | changes
    headers = {"kid": key_id(secret)}
    return str(jwt.encode(claims, secret, settings.jwt_algorithm, headers=headers))


@per(ROUTES)
async def test_whoever_may_call_succeeds_as_promised(
    route: Route, service: httpx.AsyncClient
) -> None:
    person = await somebody_for(service, route)

    answer = await call(route, person, await path_for(route, person))

    assert answer.status_code == route.status, answer.text


@per(OWNED)
async def test_what_is_someone_else_s_is_forbidden_to_administrators_too(
    route: Route, service: httpx.AsyncClient
) -> None:
    path = await path_for(route, await somebody(service))
    others = [await anybody(service)]
    others += [] if route.access is ADMIN else [await anybody(service, "admin")]

    answers = [await call(route, other, path) for other in others]

    assert {answer.status_code for answer in answers} == {403}
    assert all(answer.json()["type"].endswith("/errors/forbidden") for answer in answers)


@per(OWNED)
async def test_what_does_not_exist_is_not_found(route: Route, service: httpx.AsyncClient) -> None:
    person = await anybody_for(service, route)

    answer = await call(route, person, nowhere(route, str(uuid.uuid4())))

    assert answer.status_code == 404


@per([route for route in ROUTES if route.access is ADMIN])
@pytest.mark.parametrize("role", ["user", "readonly"])
async def test_only_administrators_administrate(
    route: Route, role: str, service: httpx.AsyncClient
) -> None:
    person = await anybody(service, role)

    answer = await call(route, person, nowhere(route))

    assert answer.status_code == 403


@per([route for route in GUARDED if route.access is not ADMIN])
async def test_a_readonly_person_reads_and_keeps_their_own_sessions_and_nothing_else(
    route: Route, service: httpx.AsyncClient
) -> None:
    person = await somebody(service, "readonly")
    may = route.method == "GET" or route.access.readonly_writes

    answer = await call(route, person, nowhere(route))

    assert (answer.status_code != 403) is may, answer.text


@per(GUARDED)
async def test_an_api_key_opens_what_its_scopes_name(
    route: Route, service: httpx.AsyncClient
) -> None:
    person = await holder_of_keys_to(route.family, service)
    opening = {"write", f"{route.family}:write"}
    if route.method == "GET":
        opening |= {"read", f"{route.family}:read"}
    shut = {"read", "write", f"{route.family}:read", "others:write", "others:read"} - opening

    opened = {scope: await with_key(route, person, scope) for scope in opening}
    refused = await with_key(route, person, *shut)

    assert refused == 403
    if route.access is not USER:
        assert set(opened.values()) == {403}
    else:
        assert not {401, 403} & set(opened.values()), opened


async def with_key(route: Route, person: Person, *scopes: str) -> int:
    key = await key_for(person, *scopes)
    answer = await call(route, person, nowhere(route), headers={"Authorization": f"Bearer {key}"})
    return answer.status_code


_holders: dict[str, Person] = {}
_keys: dict[tuple[str, ...], str] = {}


async def holder_of_keys_to(family: str, service: httpx.AsyncClient) -> Person:
    """One for all routes of a family: nobody may have a key for each family."""
    if family not in _holders:
        _holders[family] = await somebody(service)
    return _holders[family]


async def key_for(person: Person, *scopes: str) -> str:
    """The person's key with these scopes, made when it is first wanted."""
    if (person.id, *sorted(scopes)) not in _keys:
        services = person.client.app.state.services  # type: ignore[attr-defined]  # set by `client_of`
        made = await create_api_key(
            services.unit_of_work(Origin(), None),
            services.clock,
            Principal(UserId(uuid.UUID(person.id)), frozenset()),
            name="script",
            scopes=list(scopes),
            expires_at=services.clock.now() + timedelta(days=1),
        )
        _keys[person.id, *sorted(scopes)] = made.key
    return _keys[person.id, *sorted(scopes)]
