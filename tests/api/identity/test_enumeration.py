"""Nobody learns from the outside who has an account: not by body, status, headers or time."""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from sqlalchemy import Engine, event

from tests.conftest import running, settings_for
from tests.people import Person, sign_up
from tests.rows import set_user

KNOWN, UNKNOWN = "ada@example.com", "eve@example.com"
ROUNDS: Final = 8
#: So many times at most: a missing hash shows in all of them, a busy machine does not.
TRIES: Final = 5
#: How far apart two medians may lie. A missing hash would be a factor of five or more.
TOLERANCE: Final = 1.35
#: For answers of a few milliseconds, of which a busy machine may lose some.
SLACK_S: Final = 0.003

ATTEMPTS: Final = {
    "signing in": ("/sessions", {"password": "a wrong password"}),
    "asking for a verification": ("/email-verification-tokens", {}),
    "asking for a reset": ("/password-reset-tokens", {}),
}
VARYING: Final = {"x-trace-id", "x-ratelimit-reset", "x-ratelimit-remaining", "ratelimit"}


@pytest.fixture
async def real(sqlite_url: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """The application with passwords as slow as in production."""
    slow = settings_for(
        sqlite_url, tmp_path, argon2_time_cost=2, argon2_memory_kib=19_456, smtp_url=None
    )
    async with running(slow) as client:
        await sign_up(client, "ada")
        yield client


async def ask(client: httpx.AsyncClient, what: str, email: str) -> httpx.Response:
    path, more = ATTEMPTS[what]
    return await client.post(path, json={"email": email} | more)


@pytest.mark.parametrize("what", ATTEMPTS)
async def test_known_and_unknown_addresses_take_the_same_time(
    real: httpx.AsyncClient, what: str
) -> None:
    seconds: dict[str, list[float]] = {KNOWN: [], UNKNOWN: []}
    for _ in range(TRIES):
        await _measure(real, what, seconds)
        # Of the processor, which is what differs when a hash is missing and nobody else disturbs;
        # that both ask the database the same, of either engine, is the next test. The least of
        # each: the rest only adds to it.
        known, unknown = min(seconds[KNOWN]), min(seconds[UNKNOWN])
        if abs(known - unknown) <= max(SLACK_S, min(known, unknown) * (TOLERANCE - 1)):
            return

    pytest.fail(f"{known} {unknown}")


async def _measure(real: httpx.AsyncClient, what: str, seconds: dict[str, list[float]]) -> None:
    for number in range(ROUNDS):
        # Never locked, and never in the same order: neither favours one of the two.
        await set_user(real, KNOWN, failed_sign_ins=0)
        for email in (KNOWN, UNKNOWN) if number % 2 else (UNKNOWN, KNOWN):
            began = time.process_time()
            await ask(real, what, email)
            seconds[email].append(time.process_time() - began)


@pytest.mark.parametrize("what", ATTEMPTS)
async def test_known_and_unknown_addresses_cost_the_same_statements(
    database_url: str, tmp_path: Path, what: str
) -> None:
    async with running(settings_for(database_url, tmp_path)) as client:
        await sign_up(client, "ada")
        kinds = {}

        for email in (KNOWN, UNKNOWN):
            with counted() as statements:
                await ask(client, what, email)
            kinds[email] = [statement.split()[0] for statement in statements]

    assert kinds[KNOWN] == kinds[UNKNOWN]
    assert len(kinds[KNOWN]) > 2


@pytest.mark.parametrize("what", ATTEMPTS)
async def test_known_and_unknown_addresses_get_the_same_answer(
    client: httpx.AsyncClient, ada: Person, what: str
) -> None:
    answers = [await ask(client, what, email) for email in (ada.email, UNKNOWN)]

    bodies = [answer.json() | {"trace_id": ""} for answer in answers]
    headers = [
        {name: value for name, value in answer.headers.items() if name not in VARYING}
        for answer in answers
    ]
    assert answers[0].status_code == answers[1].status_code
    assert bodies[0] == bodies[1]
    assert headers[0] == headers[1]


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that are run inside, but for those of the watch over ended sessions."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:  # Any: as declared
        if "session watch" not in statement:
            statements.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(Engine, "before_cursor_execute", note)
