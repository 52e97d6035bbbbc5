import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from coffers.domain.linking.providers import (
    ProviderAnsweredNonsense,
    ProviderFailed,
    ProviderRateLimited,
    ProviderTimedOut,
)
from coffers.infrastructure.providers.breaker import FAILURES_TO_OPEN, REST_S
from coffers.infrastructure.providers.http import (
    DEFAULT_RETRY_AFTER_S,
    MAX_RETRY_AFTER_S,
    READ_ON_THE_LOOP_BYTES,
    HttpClient,
    HttpLimits,
    basic_auth,
)
from tests import provider_upstream
from tests.provider_conformance import StillClock
from tests.provider_upstream import Upstream, answering, serve
from tests.timing import SOON_S

QUICK = HttpLimits(backoff_s=0.001)


class Stopwatch:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


async def mirror(request: Request) -> Response:
    answer = JSONResponse({"headers": dict(request.headers), "query": str(request.url.query)})
    answer.set_cookie("session", "of-somebody-else")
    return answer


@pytest.fixture(scope="module")
def shared() -> Iterator[Upstream]:
    routes = [Route("/{path:path}", mirror, methods=["GET", "POST"])]
    with serve(Starlette(routes=routes)) as upstream:
        yield upstream


@pytest.fixture
def upstream(shared: Upstream) -> Upstream:
    shared.calm()
    return shared


def client(
    upstream: Upstream, limits: HttpLimits = QUICK, monotonic: Callable[[], float] = time.monotonic
) -> HttpClient:
    return HttpClient(
        StillClock(), listed_origins=[upstream.origin], limits=limits, monotonic=monotonic
    )


def as_it_is(answer: object) -> object:
    return answer


async def test_numbers_keep_every_digit(upstream: Upstream) -> None:
    upstream.strike(answering(b"[1.10, 123456789012345.6789, 1e-3, 12345678901234567890123]"))

    async with client(upstream) as http:
        told = await http.get(upstream.origin, as_it_is)

    assert told == [
        Decimal("1.10"),
        Decimal("123456789012345.6789"),
        Decimal("0.001"),
        12345678901234567890123,
    ]


async def test_a_large_answer_is_read_away_from_the_event_loop(upstream: Upstream) -> None:
    large = b"[" + b" " * READ_ON_THE_LOOP_BYTES + b"]"
    upstream.strike(answering(large))

    def running_loop(_: object) -> bool:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return False
        return True

    async with client(upstream) as http:
        assert await http.get(upstream.origin, running_loop) is False


async def test_nobody_s_cookie_goes_out_with_the_next_request(upstream: Upstream) -> None:
    async with client(upstream) as http:
        await http.get(upstream.origin, as_it_is)

        told = await http.get(upstream.origin, lambda answer: answer)

    assert "of-somebody-else" not in str(told)


async def test_proxies_of_the_environment_are_ignored(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")

    async with client(upstream) as http:
        assert await http.get(upstream.origin, as_it_is)


async def test_an_answer_of_exactly_the_limit_is_read_and_one_byte_more_is_not(
    upstream: Upstream,
) -> None:
    limits = HttpLimits(body_bytes=100)
    async with client(upstream, limits) as http:
        upstream.strike(answering(b"[" + b" " * 98 + b"]"))
        assert await http.get(upstream.origin, as_it_is) == []

        upstream.strike(answering(b"[" + b" " * 99 + b"]"))
        with pytest.raises(ProviderAnsweredNonsense):
            await http.get(upstream.origin, as_it_is)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "gzip, gzip", "zstd", "x"])
async def test_nothing_is_ever_inflated(upstream: Upstream, encoding: str) -> None:
    upstream.strike(answering(b"\x1f\x8b" + b"\0" * 492, Content_Encoding=encoding))

    async with client(upstream) as http:
        with pytest.raises(ProviderAnsweredNonsense):
            await http.get(upstream.origin, as_it_is)


async def test_the_deadline_covers_everything_together(upstream: Upstream) -> None:
    upstream.strike(provider_upstream.dripping(0.01))
    started = asyncio.get_running_loop().time()

    async with client(upstream, HttpLimits(deadline_s=0.2)) as http:
        with pytest.raises(ProviderTimedOut):
            await http.get(upstream.origin, as_it_is)

    assert asyncio.get_running_loop().time() - started < SOON_S


async def test_a_cancelled_call_is_cancelled_and_not_a_refusal(upstream: Upstream) -> None:
    upstream.strike(provider_upstream.hanging())

    async with client(upstream) as http:
        task = asyncio.create_task(http.get(upstream.origin, as_it_is))
        await asyncio.sleep(0.05)
        task.cancel()

        with pytest.raises(asyncio.CancelledError):
            await task


async def test_a_server_that_fails_is_asked_three_times(upstream: Upstream) -> None:
    upstream.strike(answering(status=503))

    async with client(upstream) as http:
        with pytest.raises(ProviderFailed):
            await http.get(upstream.origin, as_it_is)

    assert upstream.requests == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 429, 302])
async def test_an_answer_that_is_one_is_not_asked_for_again(
    upstream: Upstream, status: int
) -> None:
    upstream.strike(answering(status=status))

    async with client(upstream) as http:
        with pytest.raises(Exception):  # noqa: B017, PT011 - whichever, but once
            await http.get(upstream.origin, as_it_is)

    assert upstream.requests == 1


async def test_a_post_is_sent_exactly_once(upstream: Upstream) -> None:
    upstream.strike(answering(status=503))

    async with client(upstream) as http:
        assert (await http.post(upstream.origin, form={"a": "b"})).status == 503

    assert upstream.requests == 1


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        ("0", 1),
        ("3600", MAX_RETRY_AFTER_S),
        ("3601", MAX_RETRY_AFTER_S),
        ("9" * 400, MAX_RETRY_AFTER_S),
        ("-5", DEFAULT_RETRY_AFTER_S),
        ("1.5", DEFAULT_RETRY_AFTER_S),
        ("soon", DEFAULT_RETRY_AFTER_S),
        ("Tue, 30 Jun 2026 12:00:30 GMT", 30),
        ("Tue, 30 Jun 2026 11:00:00 GMT", 1),
        ("Fri, 31 Dec 9999 23:59:59 GMT", MAX_RETRY_AFTER_S),
        ("Tue, 30 Jun 2026 12:00:30", DEFAULT_RETRY_AFTER_S),
    ],
)
async def test_the_provider_s_patience_is_understood_within_bounds(
    upstream: Upstream, header: str, seconds: int
) -> None:
    upstream.strike(answering(status=429, Retry_After=header))

    async with client(upstream) as http:
        with pytest.raises(ProviderRateLimited) as refusal:
            await http.get(upstream.origin, as_it_is)

    assert refusal.value.retry_after_s == seconds


async def test_patience_that_is_not_told_is_a_minute(upstream: Upstream) -> None:
    upstream.strike(answering(status=429))

    async with client(upstream) as http:
        with pytest.raises(ProviderRateLimited) as refusal:
            await http.get(upstream.origin, as_it_is)

    assert refusal.value.retry_after_s == DEFAULT_RETRY_AFTER_S


async def test_a_server_that_keeps_failing_is_left_alone_for_half_a_minute(
    upstream: Upstream,
) -> None:
    upstream.strike(answering(status=500))
    watch = Stopwatch()
    async with client(upstream, HttpLimits(retries=0), monotonic=watch) as http:
        for _ in range(FAILURES_TO_OPEN + 1):
            with pytest.raises(ProviderFailed):
                await http.get(upstream.origin, as_it_is)
        assert upstream.requests == FAILURES_TO_OPEN

        watch.now_s += REST_S
        upstream.calm()

        assert await http.get(upstream.origin, as_it_is)


async def test_an_address_that_nobody_listens_at_is_a_failure() -> None:
    origin = "http://127.0.0.1:1"
    async with HttpClient(StillClock(), listed_origins=[origin], limits=QUICK) as http:
        with pytest.raises(ProviderFailed):
            await http.get(origin, as_it_is)


@pytest.mark.parametrize("url", ["http://[", "https://" + "a" * 70_000, "nonsense", "https://"])
async def test_an_address_that_is_none_is_a_failure(url: str) -> None:
    async with HttpClient(StillClock(), limits=QUICK) as http:
        with pytest.raises(ProviderFailed):
            await http.get(url, as_it_is)


async def test_neither_log_nor_refusal_tells_a_secret_of_address_or_header(
    upstream: Upstream, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    upstream.strike(answering(b"the-secret", status=500))

    async with client(upstream) as http:
        with pytest.raises(ProviderFailed) as refusal:
            await http.get(
                f"{upstream.origin}/the-secret?key=the-secret",
                as_it_is,
                headers=basic_auth("the-secret", "the-secret"),
            )

    assert "the-secret" not in caplog.text + refusal.value.detail
