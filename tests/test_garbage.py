"""What a request leaves behind: nothing that anybody would have to look for."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.people import Person

REQUESTS = 20
#: What background work may leave in the meantime; a ring in every request is some 900.
FEW = 10 * REQUESTS


async def asked(person: Person, path: str) -> int:
    """One request, without a client that leaves things of its own behind; its status."""
    headers = [(name.lower().encode(), value.encode()) for name, value in person.headers.items()]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": f"/api/v1{path}",
        "raw_path": f"/api/v1{path}".encode(),
        "root_path": "",
        "query_string": b"",
        "headers": headers,
        "client": ("127.0.0.1", 40000),
        "server": ("test", 80),
    }
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    app: Any = person.client.app  # type: ignore[attr-defined]  # set by `client_of`
    await app(scope, receive, send)
    return int(sent[0]["status"])


@contextmanager
def without_looking() -> Iterator[None]:
    """Inside, garbage stays."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("path", "status"), [("/users/me", 200), ("/holdings", 200), ("/accounts/none", 422)]
)
async def test_requests_leave_no_garbage(ada: Person, path: str, status: int) -> None:
    await asked(ada, path)
    await asked(ada, path)

    with without_looking():
        answers = [await asked(ada, path) for _ in range(REQUESTS)]
        garbage = gc.collect()

    assert set(answers) == {status}
    assert garbage < FEW
