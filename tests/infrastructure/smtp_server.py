"""A mail server on loopback that remembers letters, and refuses what a test tells it to."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class FakeSmtp:
    """What it was told, and what it answers to these verbs instead of consent."""

    answers: dict[str, str] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    letters: list[EmailMessage] = field(default_factory=list)
    log_ins: list[str] = field(default_factory=list)
    verbs: list[str] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 test\r\n")
        try:
            while line := await reader.readline():
                verb = line.decode().split()[0].upper()
                self.verbs.append(verb)
                await self._answer(verb, line, reader, writer)
                if verb == "QUIT":
                    break
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(
        self, verb: str, line: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        answer = self.answers.get(verb)
        if answer == "silence":
            await asyncio.sleep(3600)
        if answer is not None:
            writer.write(answer.encode() + b"\r\n")
        elif verb == "EHLO":
            offers = b"250-STARTTLS\r\n" if self.tls else b""
            writer.write(b"250-test\r\n" + offers + b"250-AUTH PLAIN\r\n250 8BITMIME\r\n")
        elif verb == "STARTTLS" and self.tls:
            writer.write(b"220 go\r\n")
            await writer.drain()
            await writer.start_tls(self.tls)
        elif verb == "AUTH":
            self.log_ins.append(base64.b64decode(line.split()[2]).decode())
            writer.write(b"235 welcome\r\n")
        elif verb == "DATA":
            writer.write(b"354 go on\r\n")
            text = await reader.readuntil(b"\r\n.\r\n")
            self.letters.append(message_from_bytes(text[:-3], policy=policy.default))
            writer.write(self.answers.get("ACCEPTED", "250 kept").encode() + b"\r\n")
        elif verb == "QUIT":
            writer.write(b"221 bye\r\n")
        else:
            writer.write(b"250 ok\r\n")
        await writer.drain()


@asynccontextmanager
async def smtp_server(
    answers: dict[str, str] | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[FakeSmtp]:
    fake = FakeSmtp(answers or {}, tls)
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.ensure_future(fake.serve(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    fake.port = server.sockets[0].getsockname()[1]
    try:
        yield fake
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context for `localhost`, and one of a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    client = ssl.create_default_context(
        cadata=made.public_bytes(serialization.Encoding.PEM).decode()
    )
    return server, client
