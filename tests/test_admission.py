"""What every endpoint has in common: limits, methods, strict input, conditional requests.

Made from the registry; no test here lists a route.
"""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from coffers.domain.errors import PreconditionFailed
from coffers.presentation.admission import CHANGING
from coffers.presentation.limits import ADDRESS, POLICIES
from coffers.presentation.promises import answers_conditionally
from coffers.presentation.route import Route
from coffers.presentation.routes import ROUTES
from tests.conftest import FEW, client_of, running, settings_for
from tests.examples import body_for, path_for
from tests.promises import LIMIT_HEADERS, promises
from tests.route_cases import (
    anybody_for,
    bare,
    call,
    nowhere,
    per,
    send,
    some_address,
    somebody_for,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"}
LIMITED = [route for route in ROUTES if route.policy not in {None, ADDRESS}]
#: One route of each path.
PATHS = list({route.full_path: route for route in ROUTES}.values())
JSON_BODIED = [route for route in ROUTES if route.body == "application/json"]


@per(LIMITED)
async def test_every_limit_runs_out(route: Route, tight: httpx.AsyncClient) -> None:
    app = tight.app  # type: ignore[attr-defined]  # set by `client_of`
    async with client_of(app, some_address()) as client:
        person = await somebody_for(client, route)
        is_later = route.policy is not None and route.policy.scope.is_later
        path = await path_for(route, person) if is_later else nowhere(route)

        body = await body_for(route, person)
        answers = [await send(route, person, path, body) for _ in range(FEW + 1)]

    refused = answers[-1]
    assert refused.status_code == 429
    assert answers[0].status_code != 429
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert refused.headers["x-ratelimit-remaining"] == "0"
    assert refused.headers["x-ratelimit-limit"] == str(FEW)
    assert route.policy is not None
    assert refused.headers["ratelimit-policy"].startswith(f'"{route.policy.name}";q={FEW};w=')


async def test_an_address_has_so_many_requests_whatever_they_ask(
    fresh_sqlite: Callable[[], str], tmp_path: Path
) -> None:
    limits = dict.fromkeys(POLICIES, "100000") | {"ADDRESS": "3/1"}
    paths = ("/no/such/path", "/users/me", "/tokens", "/no/such/path")
    pages = ("/errors/not_found", "/.well-known/jwks.json", "/docs", "/openapi.json")
    async with running(settings_for(fresh_sqlite(), tmp_path, limits=limits)) as client:
        answers = [await client.get(path) for path in paths]
        later = [await client.get(f"http://test{page}") for page in pages]
        alive = [await client.get("http://test/health/live") for _ in paths]

    assert [answer.status_code for answer in answers] == [404, 401, 405, 429]
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["2", "1", "0", "0"]
    assert {answer.status_code for answer in later} == {429}
    assert {answer.status_code for answer in alive} == {200}
    assert not any(name in alive[0].headers for name in LIMIT_HEADERS)


async def test_a_method_that_a_path_does_not_know_is_refused_with_those_that_it_does(
    service: httpx.AsyncClient,
) -> None:
    for route in PATHS:
        path = bare(nowhere(route))
        whole = (
            str(httpx.URL("http://test/api/v1/").join(path).path)
            if route.is_root
            else ("/api/v1" + path)
        )
        known = {p.route.method for p in promises() if p.pattern.match(whole)}
        known |= {"HEAD"} if "GET" in known else set()

        for method in METHODS - known:
            answer = await service.request(method, path)
            assert answer.status_code == 405, route.path
            assert set(answer.headers["allow"].split(", ")) == known, route.path


async def test_a_path_with_a_slash_at_its_end_is_another_path(service: httpx.AsyncClient) -> None:
    for route in ROUTES:
        answer = await service.request(route.method, bare(nowhere(route)) + "/")

        assert answer.status_code == 404, route.path
        assert answer.json()["type"].endswith("/errors/not_found"), route.path


@per([route for route in ROUTES if route.method == "GET"])
async def test_head_answers_as_get_does_without_its_body(
    route: Route, service: httpx.AsyncClient
) -> None:
    person = await somebody_for(service, route)
    path = await path_for(route, person)

    answer = await person.request("HEAD", path)

    assert answer.status_code == route.status
    assert not answer.content


@per([route for route in ROUTES if route.body is not None])
async def test_a_body_of_another_type_is_refused(route: Route, service: httpx.AsyncClient) -> None:
    person = await anybody_for(service, route)

    answer = await person.request(
        route.method, nowhere(route), content=b"x", headers={"Content-Type": "text/plain"}
    )

    assert answer.status_code == 415


@per(JSON_BODIED)
async def test_a_body_that_is_not_strict_json_is_refused(
    route: Route, service: httpx.AsyncClient
) -> None:
    person = await anybody_for(service, route)
    headers = {"Content-Type": "application/json"}

    for content in (b"{", b'{"a": NaN}', b'{"a": 1, "a": 2}', b'"\\ud800"', b"\xff"):
        answer = await person.request(
            route.method, nowhere(route), content=content, headers=headers
        )
        assert answer.status_code == 400
        assert answer.json()["type"].endswith("/errors/malformed_json")


@per(JSON_BODIED)
async def test_a_field_that_nobody_knows_is_refused(
    route: Route, service: httpx.AsyncClient
) -> None:
    person = await anybody_for(service, route)
    body = await body_for(route, person) | {"hunter2": 1}

    answer = await person.request(route.method, nowhere(route), json=body)

    assert answer.status_code == 422
    assert ("body", "extra_forbidden") in {
        (flaw["field"], flaw["code"]) for flaw in answer.json()["errors"]
    }
    assert "hunter2" not in answer.text


@per([route for route in ROUTES if not route.takes_any_query])
async def test_a_query_parameter_that_nobody_knows_is_refused(
    route: Route, service: httpx.AsyncClient
) -> None:
    person = await anybody_for(service, route)

    answer = await call(route, person, bare(nowhere(route)) + "?surprise=1")

    assert answer.status_code == 422
    assert answer.json()["type"].endswith("/errors/query_invalid")


async def test_a_filter_that_comes_twice_is_not_silently_left_out(
    service: httpx.AsyncClient,
) -> None:
    person = await anybody_for(service, next(each for each in ROUTES if each.path == "/accounts"))

    answer = await person.get("/accounts?account_type=cash&account_type=ira")

    assert answer.status_code == 422
    assert answer.json()["type"].endswith("/errors/query_invalid")


@per([route for route in ROUTES if route.method in CHANGING and not route.has_versions])
async def test_a_version_of_what_has_none_is_never_the_present_one(
    route: Route, service: httpx.AsyncClient
) -> None:
    person = await anybody_for(service, route)

    answer = await call(route, person, bare(nowhere(route)), headers={"If-Match": '"1"'})

    assert answer.status_code == 412


async def test_a_body_longer_than_the_limit_is_refused_before_it_is_read(
    service: httpx.AsyncClient,
) -> None:
    for route in ROUTES:
        # More than the largest file that any route takes.
        headers = {"Content-Length": str(1 << 32)}

        answer = await service.request(route.method, nowhere(route), headers=headers, content=b"")

        assert answer.status_code == 413, route.path


@per([route for route in ROUTES if answers_conditionally(route)])
async def test_a_reader_who_has_this_version_is_spared_the_answer(
    route: Route, service: httpx.AsyncClient
) -> None:
    person = await somebody_for(service, route)
    path = await path_for(route, person)
    etag = (await call(route, person, path)).headers["etag"]

    for known in (etag, f'"other", W/{etag}', "*"):
        answer = await call(route, person, path, headers={"If-None-Match": known})
        assert answer.status_code == 304
        assert answer.headers["etag"] == etag
        assert not answer.content
    assert (
        await call(route, person, path, headers={"If-None-Match": '"999999"'})
    ).status_code == 200


@per([r for r in ROUTES if any(issubclass(kind, PreconditionFailed) for kind in r.refusals)])
async def test_a_writer_who_has_another_version_is_refused(
    route: Route, service: httpx.AsyncClient
) -> None:
    person = await somebody_for(service, route)
    path = await path_for(route, person)

    for stale in ('"999999"', "nonsense", 'W/"1"', '""', '"1", "2"'):
        answer = await call(route, person, path, headers={"If-Match": stale})
        assert answer.status_code == 412, stale
    assert (await call(route, person, path, headers={"If-Match": "*"})).status_code == route.status
