"""Whose address a request comes from, when proxies stand in between."""

import functools
import ipaddress
from collections.abc import Sequence
from typing import Final

from starlette.types import Scope

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: Proxies that a request may have passed.
MAX_HOPS: Final = 20
#: What one customer gets of IPv6: all of it counts as one address.
_IPV6_CUSTOMER: Final = 64


class Proxies:
    """The networks whose `X-Forwarded-For` is believed; nobody else's is."""

    def __init__(self, trusted: Sequence[Network]) -> None:
        self._trusted = trusted

    def client_of(self, scope: Scope) -> str:
        """The caller's address: the peer's, or behind trusted proxies the last that is not theirs.

        What is not an address ends the search, since nobody knows who wrote it.
        """
        client = scope.get("client")
        if not client:
            return "unknown"
        if not self._trusted:
            return _written(client[0])
        peer = parsed(client[0])
        if peer is None:
            return "unknown"
        if self._is_trusted(peer):
            for hop in reversed(_forwarded(scope)[-MAX_HOPS:]):
                address = parsed(hop)
                if address is None:
                    break
                peer = address
                if not self._is_trusted(peer):
                    break
        return str(peer)

    def _is_trusted(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)


def _forwarded(scope: Scope) -> list[str]:
    """All hops of all such headers, in their order."""
    lines = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    return [hop.strip() for line in lines for hop in line.decode("latin-1").split(",")]


@functools.lru_cache(maxsize=4096)
def parsed(text: str) -> Address | None:
    """The address, without port, brackets or zone; IPv4 written as IPv6 is IPv4."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


@functools.lru_cache(maxsize=4096)
def _written(text: str) -> str:
    return str(parsed(text) or "unknown")


@functools.lru_cache(maxsize=4096)
def counted_as(text: str) -> str:
    """What of an address rate limits count: the network of an IPv6 customer, else all of it."""
    address = parsed(text)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, _IPV6_CUSTOMER), strict=False))
    return text
