"""Requests made up from the description, at the real service on both engines.

No answer is a server error, an undocumented status, or of another form than described. A seed is
printed with each failure; `FUZZ_SEED` repeats it, and `TORTURE=1` makes the campaign long.
"""

import asyncio
import importlib
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cache
from random import SystemRandom
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from starlette.routing import compile_path

from coffers.presentation.event_streams import EVENT_STREAM_TYPE
from coffers.presentation.limits import POLICIES
from coffers.presentation.route import Route
from coffers.presentation.routes import ROUTES
from tests.conftest import ENGINES
from tests.examples import path_for
from tests.nursery import ForkedService
from tests.people import Person, sign_up
from tests.programs import NO_TLS
from tests.service_processes import Service

IS_TORTURE = "TORTURE" in os.environ
REQUESTS = 300 if IS_TORTURE else 3
SEED = int(os.environ.get("FUZZ_SEED", "0")) or SystemRandom().randrange(1, 10**9)
TIMEOUT_S = 30
#: More would meet the limits of what one person may have.
ROUTES_EACH = 20
NO_LIMITS = {f"limits__{name.lower()}": "1000000/1000000" for name in POLICIES}

#: A stream has no end that a request could be checked at.
FUZZED = [route for route in ROUTES if route.produces != EVENT_STREAM_TYPE]
#: Each on both engines in the campaign; beside other tests, on one and the next in turn.
CASES = [
    pytest.param(engine, route, id=f"{engine} {route.method} {route.path}")
    for number, engine in enumerate(ENGINES)
    for place, route in enumerate(FUZZED)
    if IS_TORTURE or place % len(ENGINES) == number
]


@dataclass(frozen=True)
class Target:
    """The running service, and where its database is."""

    service: Service
    database_url: str
    known: list[Person] = field(default_factory=list)

    def client(self) -> httpx.AsyncClient:
        client = httpx.AsyncClient(base_url=self.service.api, timeout=TIMEOUT_S, verify=NO_TLS)
        state = SimpleNamespace(settings=SimpleNamespace(database=self.database_url))
        client.app = SimpleNamespace(state=state)  # type: ignore[attr-defined]  # as `sign_up` asks
        return client


@pytest.fixture(scope="module")
def target_on(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Target]]:
    """The service on an engine, started when it is first wanted."""
    with ExitStack() as running:

        @cache
        def target(engine: str) -> Target:
            name = "fresh_sqlite" if engine == "sqlite" else "fresh_postgres"
            fresh: Callable[[], str] = request.getfixturevalue(name)
            url = fresh()
            service = ForkedService(
                tmp_path_factory.mktemp("fuzzed"), database_url=url, **NO_LIMITS
            )
            return Target(running.enter_context(service), url)

        yield target


@pytest.mark.torture
@pytest.mark.parametrize(("engine", "route"), CASES)
def test_no_request_gets_an_answer_that_is_not_promised(
    engine: str, route: Route, target_on: Callable[[str], Target]
) -> None:
    target = target_on(engine)
    person, ids = asyncio.run(prepared(route, target))
    # It takes a second to load, which every worker would wait for.
    fuzzing = importlib.import_module("tests.fuzzing")

    try:
        fuzzing.ask(
            route, target.service.origin, person.access_token, ids, count=REQUESTS, start=SEED
        )
    except Exception as failure:
        failure.add_note(f"FUZZ_SEED={SEED}")
        raise


async def administrator(target: Target, client: httpx.AsyncClient) -> Person:
    """The same for some routes; another where a request ended their session or took their role."""
    if len(target.known) % ROUTES_EACH:
        person = replace(target.known[-1], client=client)
        if "admin" in (await person.get("/users/me")).json().get("roles", []):
            target.known.append(person)
            return person
    target.known.append(
        await sign_up(client, f"fuzzer-{SystemRandom().randrange(10**12)}", "admin")
    )
    return target.known[-1]


async def prepared(route: Route, target: Target) -> tuple[Person, dict[str, Any]]:
    """An administrator, and the ids of something of theirs that the route speaks of."""
    async with target.client() as client:
        person = await administrator(target, client)
        try:
            path = await path_for(route, person)
        except Exception:  # noqa: BLE001 - what needs a provider or the inside has made-up ids only
            return person, {}
    whole = httpx.URL(path).path if route.is_root else f"/api/v1{path.partition('?')[0]}"
    matched = compile_path(route.full_path)[0].match(whole)
    return person, matched.groupdict() if matched else {}
