from collections.abc import Iterable

import httpcore
import httpx
import pytest

from coffers.domain.linking.providers import ProviderFailed
from coffers.infrastructure.providers.addresses import (
    AddressRefused,
    PinnedBackend,
    is_public,
    origin_of,
    tls_context,
)
from coffers.infrastructure.providers.http import HttpClient, HttpLimits
from tests.provider_conformance import StillClock
from tests.provider_upstream import answering, serve

ONCE = HttpLimits(retries=0)


class FakeNames:
    """Answers each look-up with the next list of addresses, and remembers the questions."""

    def __init__(self, *answers: list[str]) -> None:
        self.asked: list[str] = []
        self._answers = list(answers)

    async def __call__(self, host: str, _: int) -> list[str]:
        self.asked.append(host)
        return self._answers.pop(0)


class FakeNetwork(httpcore.AsyncNetworkBackend):
    """Refuses every connection, and remembers where it would have led."""

    def __init__(self) -> None:
        self.called: list[tuple[str, int]] = []

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109, ARG002 - the library's signature
        local_address: str | None = None,  # noqa: ARG002 - the signature of httpcore
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002 - the signature of httpcore
    ) -> httpcore.AsyncNetworkStream:
        self.called.append((host, port))
        raise httpcore.ConnectError


async def call(
    url: str, names: FakeNames, network: FakeNetwork, listed: tuple[str, ...] = ()
) -> None:
    async with HttpClient(
        StillClock(),
        limits=ONCE,
        listed_origins=listed,
        backend=PinnedBackend(names, network),
    ) as http:
        await http.get(url, lambda answer: answer)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254"),
        *("0.0.0.0", "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1"),  # noqa: S104 - addresses to refuse
        *("255.255.255.255", "::", "::1", "fc00::1", "fd12::1", "fe80::1", "fe80::1%eth0"),
        *("fec0::1", "ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8"),
        *("::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::a00:1", "2002:7f00:1::", "2001:0:1::1"),
    ],
)
async def test_an_address_that_is_not_public_is_never_called(address: str) -> None:
    network = FakeNetwork()

    with pytest.raises(AddressRefused):
        await call("https://bank.example/", FakeNames([address]), network)

    assert not network.called


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.215.14", "2606:4700:4700::1111"])
def test_ordinary_addresses_of_the_internet_are_public(address: str) -> None:
    assert is_public(address)


async def test_one_inner_address_among_others_refuses_the_name() -> None:
    network = FakeNetwork()

    with pytest.raises(AddressRefused):
        await call("https://bank.example/", FakeNames(["8.8.8.8", "10.0.0.1"]), network)

    assert not network.called


async def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    names, network = FakeNames(["8.8.8.8", "1.1.1.1"], ["127.0.0.1"]), FakeNetwork()

    with pytest.raises(ProviderFailed):
        await call("https://rebinding.example/", names, network)

    assert names.asked == ["rebinding.example"]
    assert network.called == [("8.8.8.8", 443), ("1.1.1.1", 443)]


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://localhost/",
        "https://[::1]/",
        "https://127.1/",
        "https://0x7f000001/",
        "https://2130706433/",
        "https://example.com\\@127.0.0.1/",
        "https://example.com@127.0.0.1/",
    ],
)
async def test_no_way_of_writing_leads_to_this_machine(url: str) -> None:
    async with HttpClient(StillClock(), limits=ONCE) as http:
        with pytest.raises(AddressRefused):
            await http.get(url, lambda answer: answer)


@pytest.mark.parametrize("url", ["http://bank.example/", "ftp://bank.example/", "file:///etc/x"])
async def test_without_tls_nothing_is_called_that_is_not_listed(url: str) -> None:
    names = FakeNames()

    with pytest.raises(AddressRefused):
        await call(url, names, FakeNetwork())

    assert not names.asked


async def test_a_listed_origin_is_that_scheme_host_and_port_and_no_other() -> None:
    with serve(answering_nothing) as upstream:
        upstream.strike(answering(b"[]"))
        listed = (upstream.origin,)

        await call(upstream.origin, FakeNames(), FakeNetwork(), listed)
        with pytest.raises(AddressRefused):
            await call(upstream.origin.replace("http:", "https:"), inside(), FakeNetwork(), listed)
        with pytest.raises(AddressRefused):
            await call("http://127.0.0.1:1", FakeNames(), FakeNetwork(), listed)


async def test_a_name_that_cannot_be_resolved_is_a_failure() -> None:
    async with HttpClient(StillClock(), limits=ONCE) as http:
        with pytest.raises(ProviderFailed) as refusal:
            await http.get("https://no-such-name.invalid/", lambda answer: answer)

    assert type(refusal.value) is ProviderFailed


async def test_a_name_without_addresses_is_a_failure() -> None:
    with pytest.raises(ProviderFailed):
        await call("https://bank.example/", FakeNames([]), FakeNetwork())


def test_an_origin_is_spelt_in_one_way() -> None:
    assert origin_of(httpx.URL("https://API.example.com/x?y")) == "https://api.example.com:443"
    assert origin_of(httpx.URL("http://127.0.0.1:8080/")) == "http://127.0.0.1:8080"


def test_certificates_are_verified() -> None:
    assert tls_context().check_hostname
    assert tls_context().verify_mode.name == "CERT_REQUIRED"


def inside() -> FakeNames:
    return FakeNames(["127.0.0.1"])


async def answering_nothing(*_: object) -> None:
    raise AssertionError
