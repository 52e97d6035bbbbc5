"""Outbound HTTP: the one client through which this service talks to the servers of others."""

import asyncio
import logging
import math
import random
import time
from base64 import b64encode
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from typing import Final, Self, TypeVar

import httpx
import msgspec

from coffers.application.ports import Clock
from coffers.domain.linking.providers import (
    ProviderAnsweredNonsense,
    ProviderFailed,
    ProviderRateLimited,
    ProviderRefusedCredentials,
    ProviderTimedOut,
)
from coffers.infrastructure.providers.addresses import GuardedTransport, PinnedBackend, origin_of
from coffers.infrastructure.providers.breaker import CircuitBreaker

MAX_RETRY_AFTER_S: Final = 3600
DEFAULT_RETRY_AFTER_S: Final = 60
#: Reading a smaller answer takes less time than handing it to a thread is worth.
READ_ON_THE_LOOP_BYTES: Final = 64 * 1024

T = TypeVar("T")
_JSON: Final = msgspec.json.Decoder(float_hook=Decimal)


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """What one call may take. `deadline_s` covers it whole: names, retries, pauses, body."""

    deadline_s: float = 20.0
    connect_s: float = 10.0
    body_bytes: int = 16 * 1024 * 1024
    retries: int = 2
    backoff_s: float = 0.25


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whole. `host` may be shown to people; the rest of an address may not."""

    host: str
    status: int
    headers: Mapping[str, str]
    content: bytes


class HttpClient:
    """Bounded in time and size, without redirects, cookies, proxies or compression.

    Refusals name the host and the status, never an address, a header or a body.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        listed_origins: Collection[str] = (),
        limits: HttpLimits | None = None,
        backend: PinnedBackend | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._limits = limits or HttpLimits()
        self._breaker = CircuitBreaker(monotonic)
        self._client = httpx.AsyncClient(
            transport=GuardedTransport(listed_origins, backend or PinnedBackend()),
            # Answers to one user must not leave a cookie that goes out with the next one's request.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            # "identity": nothing is ever inflated, so nothing can be inflated without end.
            headers={"User-Agent": "coffers", "Accept-Encoding": "identity"},
            timeout=httpx.Timeout(self._limits.deadline_s, connect=self._limits.connect_s),
            trust_env=False,
        )
        # Their lines print whole addresses and headers, and with them claim tokens and keys.
        for name in ("httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.WARNING)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.aclose()

    async def get(
        self,
        url: str,
        read: Callable[[object], T],
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> T:
        """Get JSON and what `read` makes of it; tried again when the server fails."""
        request = self._request("GET", url, params=params, headers=headers)
        answer = self.accepted(await self._send(request, attempts=1 + self._limits.retries))
        if len(answer.content) <= READ_ON_THE_LOOP_BYTES:
            return read(json_of(answer))
        return await asyncio.to_thread(lambda: read(json_of(answer)))

    async def fetch(
        self,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Get whatever comes back; tried again when the server fails."""
        request = self._request("GET", url, params=params, headers=headers)
        return await self._send(request, attempts=1 + self._limits.retries)

    async def post(
        self,
        url: str,
        *,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Post a form, exactly once, and answer whatever comes back."""
        return await self._send(self._request("POST", url, form=form, headers=headers), attempts=1)

    def accepted(self, answer: Answer) -> Answer:
        """Pass on an answer of success; raises the refusal that any other status means."""
        if HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
            return answer
        says = f"{answer.host} answered {answer.status}."
        if answer.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
            raise ProviderRefusedCredentials(says)
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            raise ProviderRateLimited(says, retry_after_s=self._retry_after_s(answer))
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise ProviderFailed(says)
        raise ProviderAnsweredNonsense(f"{says} Redirects are not followed.")

    def _request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Request:
        try:
            return self._client.build_request(
                method, url, params=params, data=form, headers=headers
            )
        except httpx.InvalidURL as error:
            raise ProviderFailed("The provider's address is not one.") from error

    async def _send(self, request: httpx.Request, *, attempts: int) -> Answer:
        origin, host = origin_of(request.url), request.url.host
        self._breaker.admit(origin)
        try:
            async with asyncio.timeout(self._limits.deadline_s):
                answer = await self._persist(request, attempts)
        except (TimeoutError, httpx.TimeoutException) as error:
            self._breaker.failed(origin)
            raise ProviderTimedOut(f"{host} did not answer in time.") from error
        except httpx.HTTPError as error:
            self._breaker.failed(origin)
            raise ProviderFailed(f"{host} cannot be reached.") from error
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self._breaker.failed(origin)
        else:
            self._breaker.succeeded(origin)
        return answer

    async def _persist(self, request: httpx.Request, attempts: int) -> Answer:
        for attempt in range(1, attempts):
            try:
                answer = await self._once(request)
            except httpx.TransportError:
                pass
            else:
                if answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                    return answer
            pause_s = self._limits.backoff_s * 2**attempt
            await asyncio.sleep(random.uniform(pause_s / 2, pause_s))  # noqa: S311 - no secret
        return await self._once(request)

    async def _once(self, request: httpx.Request) -> Answer:
        response = await self._client.send(request, stream=True)
        try:
            content = await self._body(response)
        finally:
            await response.aclose()
        return Answer(request.url.host, response.status_code, response.headers, content)

    async def _body(self, response: httpx.Response) -> bytes:
        host = response.request.url.host
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise ProviderAnsweredNonsense(f"{host} answered in an encoding not asked for.")
        content = bytearray()
        async for chunk in response.aiter_raw():
            content += chunk
            if len(content) > self._limits.body_bytes:
                raise ProviderAnsweredNonsense(f"{host} answered more than is ever read.")
        return bytes(content)

    def _retry_after_s(self, answer: Answer) -> int:
        asked = answer.headers.get("Retry-After", "")
        if asked.isascii() and asked.isdecimal():
            seconds = float(asked[: len(str(MAX_RETRY_AFTER_S)) + 1])
        else:
            seconds = self._seconds_until(asked)
        return max(1, min(MAX_RETRY_AFTER_S, math.ceil(seconds)))

    def _seconds_until(self, http_date: str) -> float:
        try:
            return (parsedate_to_datetime(http_date) - self._clock.now()).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return DEFAULT_RETRY_AFTER_S


def json_of(answer: Answer) -> object:
    """Decode JSON: floats as Decimal; raises ProviderAnsweredNonsense for anything else."""
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise ProviderAnsweredNonsense(f"{answer.host} did not answer in JSON.")
    try:
        return _JSON.decode(answer.content)
    except (ValueError, RecursionError) as error:
        raise ProviderAnsweredNonsense(f"{answer.host} answered broken JSON.") from error


def basic_auth(user: str, password: str) -> dict[str, str]:
    """Write the header of HTTP Basic authentication (RFC 7617)."""
    return {"Authorization": "Basic " + b64encode(f"{user}:{password}".encode()).decode("ascii")}


def bearer_auth(token: str) -> dict[str, str]:
    """Write the header of a bearer token (RFC 6750)."""
    return {"Authorization": f"Bearer {token}"}
