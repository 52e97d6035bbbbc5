"""What every request passes: trace ids, addresses, limits of the body, headers, other origins."""

import gzip
import ipaddress
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from coffers.presentation import admission
from coffers.presentation.addresses import MAX_HOPS, counted_as
from coffers.presentation.middleware import MAX_BODY
from coffers.settings import Settings
from tests.conftest import running, settings_for
from tests.people import PASSWORD, Person

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGE = "https://app.example.org"


async def seen_address(settings: Settings, forwarded: list[str], peer: str = "127.0.0.1") -> str:
    """The address that a session remembers of whoever signed in."""
    async with running(settings) as client:
        transport = client._transport
        assert isinstance(transport, httpx.ASGITransport)
        transport.client = (peer, 40_000)
        scope: dict[str, Any] = {}
        app = client.app  # type: ignore[attr-defined]  # set by `running`

        async def watched(seen: Any, receive: Any, send: Any) -> None:
            await app(seen, receive, send)
            scope.update(seen)

        transport.app = watched
        headers = [("X-Forwarded-For", line) for line in forwarded]
        await client.get("http://test/health/live", headers=headers)
        return str(scope["client_address"])


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ([], "127.0.0.1"),
        (["203.0.113.9"], "203.0.113.9"),
        (["198.51.100.1, 203.0.113.9"], "203.0.113.9"),
        (["198.51.100.1", "203.0.113.9"], "203.0.113.9"),
        (["203.0.113.9, 10.1.2.3, 10.1.2.4"], "203.0.113.9"),
        (["198.51.100.1, spoofed, 10.1.2.3"], "10.1.2.3"),
        (["203.0.113.9:4711"], "203.0.113.9"),
        (["[2001:db8::9]:4711"], "2001:db8::9"),
        (["::ffff:203.0.113.9"], "203.0.113.9"),
        (["10.1.2.3"], "10.1.2.3"),
        (["203.0.113.9" + ", 10.1.2.3" * MAX_HOPS], "10.1.2.3"),
    ],
)
async def test_behind_trusted_proxies_the_caller_is_the_last_address_that_is_not_theirs(
    settings: Settings, forwarded: list[str], address: str
) -> None:
    trusting = settings.model_copy(
        update={
            "trusted_proxies": [
                ipaddress.ip_network("127.0.0.0/8"),
                ipaddress.ip_network("10.0.0.0/8"),
            ]
        }
    )

    assert await seen_address(trusting, forwarded) == address


async def test_nobody_else_may_say_where_a_request_comes_from(settings: Settings) -> None:
    trusting = settings.model_copy(update={"trusted_proxies": [ipaddress.ip_network("10.0.0.0/8")]})

    assert await seen_address(settings, ["203.0.113.9"]) == "127.0.0.1"
    assert await seen_address(trusting, ["203.0.113.9"], peer="192.0.2.1") == "192.0.2.1"


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("account:ada@example.com", "account:ada@example.com"),
        ("unknown", "unknown"),
    ],
)
async def test_all_addresses_of_an_ipv6_customer_count_as_one(address: str, counted: str) -> None:
    assert counted_as(address) == counted


async def test_rotating_ipv6_addresses_gains_nothing(sqlite_url: str, tmp_path: Path) -> None:
    few = settings_for(
        sqlite_url, tmp_path, trusted_proxies="127.0.0.1", limits={"AUTH_LOGIN": "2/1"}
    )
    async with running(few) as client:
        statuses = [
            (
                await client.post(
                    "/sessions",
                    json={"email": f"user{number}@example.com", "password": PASSWORD},
                    headers={"X-Forwarded-For": f"2001:db8:1:2::{number}"},
                )
            ).status_code
            for number in range(1, 4)
        ]

    assert statuses == [401, 401, 429]


async def test_a_trace_id_is_taken_over_into_answers_and_problems(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/users/me", headers={"X-Trace-Id": "my-trace/1"})

    assert answer.headers["x-trace-id"] == "my-trace/1"
    assert answer.json()["trace_id"] == "my-trace/1"


@pytest.mark.parametrize("sent", ["", "x" * 65, "two words", "tab\tbed", "ümlaut", None])
async def test_a_trace_id_that_is_none_is_replaced(
    client: httpx.AsyncClient, sent: str | None
) -> None:
    headers = {} if sent is None else {b"X-Trace-Id": sent.encode("latin-1")}

    answer = await client.get("/users/me", headers=headers)

    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["x-trace-id"])
    assert answer.json()["trace_id"] == answer.headers["x-trace-id"]


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/api/v1/users/me/",
        "/api/v1/",
        "/api/v1//users/me",
        "/health/live/",
        "/api/v1/users/me%2F",
        "/api/v1/users/%00",
        "/%ff",
        "/" + "a" * 5000,
    ],
)
async def test_an_unknown_path_is_a_problem_and_a_trailing_slash_makes_one(
    client: httpx.AsyncClient, path: str
) -> None:
    answer = await client.get(f"http://test{path}")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"].endswith("/errors/not_found")


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
async def test_a_method_that_a_path_does_not_know_is_405_and_the_known_ones_are_named(
    client: httpx.AsyncClient, method: str
) -> None:
    answer = await client.request(method, "/users/me")

    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, PATCH"
    assert answer.json()["type"].endswith("/errors/method_not_allowed")


async def test_head_is_get_without_the_body(client: httpx.AsyncClient, ada: Person) -> None:
    got = await ada.get("/users/me")

    head = await ada.request("HEAD", "/users/me")

    assert head.status_code == 200
    assert head.content == b""
    for name in ("content-length", "content-type", "etag"):
        assert head.headers[name] == got.headers[name]


async def test_every_answer_says_what_browsers_and_caches_may_do(
    client: httpx.AsyncClient,
) -> None:
    for path in ("/users/me", "http://test/health/live", "http://test/docs"):
        answer = await client.get(path)

        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "cache-control" in answer.headers


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("text/plain", b"{}", 415),
        ("application/x-www-form-urlencoded", b"email=a", 415),
        ("application/json; charset=utf-8", b"{}", 422),
        ("application/json; charset=UTF8", b"{}", 422),
        ("application/json; charset=latin-1", b"{}", 415),
        ("APPLICATION/JSON", b"{}", 422),
        (None, b"{}", 415),
    ],
)
async def test_a_body_of_another_media_type_is_refused(
    client: httpx.AsyncClient, content_type: str | None, body: bytes, status: int
) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type}

    answer = await client.post("/users", content=body, headers=headers)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_packed_body_is_refused_as_such(client: httpx.AsyncClient) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}

    answer = await client.post("/users", content=gzip.compress(b"{}"), headers=headers)

    assert answer.status_code == 415
    assert "without `Content-Encoding`" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{\n "email": "a",}', "double quotes, line 2, column 15."),
        (b'{"email": "\xe4"}', "is not UTF-8: byte 12"),
        (b"[" * 100_000, "nested deeper than 32 levels"),
        (b"{}", "see `errors`"),
    ],
)
async def test_a_body_that_is_no_json_is_told_where(
    client: httpx.AsyncClient, body: bytes, words: str
) -> None:
    headers = {"Content-Type": "application/json"}

    answer = await client.post("/users", content=body, headers=headers)

    assert words in answer.json()["detail"]


async def test_a_body_that_is_no_object_is_told_what_to_send(client: httpx.AsyncClient) -> None:
    (flaw,) = (await client.post("/users", json=["ada"])).json()["errors"]

    assert flaw["message"] == "Send a JSON object."


async def test_a_body_beyond_the_limit_is_413_however_it_comes(
    client: httpx.AsyncClient,
) -> None:
    async def pieces() -> Any:
        for _ in range(MAX_BODY // 65_536 + 1):
            yield b" " * 65_536

    json = {"Content-Type": "application/json"}
    announced = await client.post("/users", content=b" " * (MAX_BODY + 1), headers=json)
    chunked = await client.post("/users", content=pieces(), headers=json)

    for answer in (announced, chunked):
        assert answer.status_code == 413
        assert answer.json()["type"].endswith("/errors/body_too_large")


async def test_an_accident_of_ours_is_a_problem_without_its_details(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret inner workings")

    monkeypatch.setattr(admission, "_check_query", broken)
    answer = await client.post("/sessions", json={})

    assert answer.status_code == 500
    assert answer.json()["type"].endswith("/errors/internal_error")
    assert "inner workings" not in answer.text


async def test_other_origins_are_told_nothing_unless_they_are_listed(
    settings: Settings, client: httpx.AsyncClient
) -> None:
    preflight = {"Origin": PAGE, "Access-Control-Request-Method": "GET"}
    refused = await client.options("/users/me", headers=preflight)
    listing = settings.model_copy(update={"cors_origins": [PAGE]})
    async with running(listing) as listed:
        allowed = await listed.options("/users/me", headers=preflight)
        answer = await listed.get("/users/me", headers={"Origin": PAGE})
        foreign = await listed.get("/users/me", headers={"Origin": "https://evil.example"})
        foreign_preflight = await listed.options(
            "/users/me", headers=preflight | {"Origin": "https://evil.example"}
        )

    assert refused.status_code == 405
    assert "access-control-allow-origin" not in refused.headers
    assert allowed.status_code == 204
    assert allowed.headers["access-control-allow-origin"] == PAGE
    assert "Authorization" in allowed.headers["access-control-allow-headers"]
    assert answer.status_code == 401
    assert answer.headers["access-control-allow-origin"] == PAGE
    assert "ETag" in answer.headers["access-control-expose-headers"]
    assert "access-control-allow-origin" not in foreign.headers
    assert foreign_preflight.status_code == 405
