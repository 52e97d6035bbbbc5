"""Certificates are verified for the name that was asked for, whatever address it is pinned to."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import httpcore
import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from coffers.domain.linking.providers import ProviderFailed
from coffers.infrastructure.providers import addresses
from coffers.infrastructure.providers.addresses import PinnedBackend
from coffers.infrastructure.providers.http import HttpClient, HttpLimits
from tests.provider_conformance import StillClock

NAME: Final = "bank.example"
ANSWER: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n"
    b"Connection: close\r\n\r\n[]"
)


class Detour(httpcore.AsyncNetworkBackend):
    """Leads every connection to a port of this machine."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def connect_tcp(
        self,
        host: str,
        port: int,  # noqa: ARG002 - the library's signature
        timeout: float | None = None,  # noqa: ASYNC109 - the signature of httpcore
        local_address: str | None = None,  # noqa: ARG002 - the signature of httpcore
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002 - the signature of httpcore
    ) -> httpcore.AsyncNetworkStream:
        assert host == "8.8.8.8"
        return await httpcore.AnyIOBackend().connect_tcp("127.0.0.1", self._port, timeout)


async def public(_: str, __: int) -> list[str]:
    return ["8.8.8.8"]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of NAME, signed by itself, with its key in the same file."""
    key, today = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
async def port(certificate: Path) -> AsyncIterator[int]:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(ANSWER)
        await writer.drain()
        writer.close()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def call(url: str, port: int) -> object:
    backend = PinnedBackend(public, Detour(port))
    async with HttpClient(StillClock(), limits=HttpLimits(retries=0), backend=backend) as http:
        return await http.get(url, lambda answer: answer)


async def test_a_certificate_that_nobody_vouches_for_is_refused(port: int) -> None:
    with pytest.raises(ProviderFailed) as refusal:
        await call(f"https://{NAME}/", port)

    assert isinstance(refusal.value.__cause__, httpx.ConnectError)
    assert "CERTIFICATE_VERIFY_FAILED" in str(refusal.value.__cause__)


async def test_a_certificate_counts_for_its_own_name_only(
    port: int, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusting = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(addresses, "tls_context", lambda: trusting)

    assert await call(f"https://{NAME}/", port) == []
    with pytest.raises(ProviderFailed):
        await call("https://another.example/", port)
