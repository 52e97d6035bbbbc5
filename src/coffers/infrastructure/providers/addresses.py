"""Where outbound HTTP may go: public addresses over TLS, and origins that the operator lists."""

import asyncio
import functools
import socket
import ssl
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from ipaddress import IPv6Address, ip_address
from typing import Final

import httpcore
import httpx

from coffers.domain.linking.providers import ProviderFailed

DEFAULT_PORTS: Final = {"http": 80, "https": 443}
MAX_CONNECTIONS: Final = 100
KEEP_ALIVE_S: Final = 5.0

Resolver = Callable[[str, int], Awaitable[Sequence[str]]]


class AddressRefused(ProviderFailed):
    """Not ours to call: neither listed nor a public address by TLS."""


def origin_of(url: httpx.URL) -> str:
    """Scheme, host and port in one spelling: `https://api.example.com:443`."""
    port = url.port or DEFAULT_PORTS.get(url.scheme, 0)
    return f"{url.scheme}://{url.raw_host.decode('ascii')}:{port}"


def is_public(address: str) -> bool:
    """Whether it is an ordinary address of the internet.

    Addresses that carry another one inside (IPv4-mapped, NAT64, 6to4, Teredo) are not: what they
    lead to depends on the network that we stand in.
    """
    place = ip_address(address)
    if isinstance(place, IPv6Address) and (place.sixtofour or place.is_site_local):
        return False
    return place.is_global and not (place.is_multicast or place.is_reserved)


async def resolve(host: str, port: int) -> list[str]:
    """Every address of the host, in the system's order of preference."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class PinnedBackend(httpcore.AsyncNetworkBackend):
    """Connects to the very addresses that were checked, so that a second look-up has no say.

    One address that is not public refuses the host: the answer of a name server that mixes inside
    and outside is an attack or a mistake.
    """

    def __init__(
        self,
        resolver: Resolver = resolve,
        backend: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        self._resolve = resolver
        self._backend = backend or httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's signature
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Open a connection to the first checked address that answers; raises AddressRefused."""
        failure: Exception = httpcore.ConnectError("The name has no address.")
        for address in await self._checked(host, port):
            try:
                return await self._backend.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    async def _checked(self, host: str, port: int) -> Sequence[str]:
        try:
            addresses = await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError("The name cannot be resolved.") from error
        if not all(map(is_public, addresses)):
            raise AddressRefused(f"{host} is not a public address; it is not called.")
        return addresses


class PinnedTransport(httpx.AsyncHTTPTransport):
    """The ordinary transport over a PinnedBackend."""

    def __init__(self, backend: PinnedBackend) -> None:
        super().__init__(verify=tls_context(), trust_env=False)
        # httpx passes every option on to the pool except this one, and offers no other way in.
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls_context(),
            max_connections=MAX_CONNECTIONS,
            keepalive_expiry=KEEP_ALIVE_S,
            network_backend=backend,
        )


class GuardedTransport(httpx.AsyncBaseTransport):
    """Listed origins are called as they are; all others by TLS and only at public addresses."""

    def __init__(self, listed_origins: Collection[str], backend: PinnedBackend) -> None:
        self._listed = frozenset(origin_of(httpx.URL(origin)) for origin in listed_origins)
        self._inside = httpx.AsyncHTTPTransport(verify=tls_context(), trust_env=False)
        self._outside = PinnedTransport(backend)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send it by the way that its origin deserves; raises AddressRefused."""
        if origin_of(request.url) in self._listed:
            return await self._inside.handle_async_request(request)
        if request.url.scheme != "https":
            raise AddressRefused(f"{request.url.host} is called by https only.")
        return await self._outside.handle_async_request(request)

    async def aclose(self) -> None:
        """Close both ways."""
        await self._inside.aclose()
        await self._outside.aclose()


@functools.cache
def tls_context() -> ssl.SSLContext:
    """Certificates are verified; made once, because reading the authorities takes a while."""
    return httpx.create_ssl_context(trust_env=False)
