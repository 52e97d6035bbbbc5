"""Letters by SMTP (RFC 5321), in threads, because the standard library's client blocks."""

import asyncio
import smtplib
import ssl
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Final, Self
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID

from coffers.application.ports import Clock, Mail, Mailer, MailUndeliverable

#: How long one exchange with the server may take, and one whole delivery.
EXCHANGE_TIMEOUT_S: Final = 10.0
DELIVERY_TIMEOUT_S: Final = 45.0
DELIVERIES_AT_ONCE: Final = 4
_PORTS: Final = {"smtp": 25, "smtps": 465}
_FINAL: Final = 500


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Whom to hand letters to, and how to get in."""

    host: str
    port: int
    user: str | None = None
    password: str = ""
    #: TLS from the first byte, or after STARTTLS.
    is_tls: bool = False
    is_starttls: bool = False

    @classmethod
    def from_url(cls, url: str) -> Self:
        """From `smtp://user:password@host:port?starttls=1` or `smtps://…`; raises ValueError."""
        parts = urlsplit(url)
        options = parse_qs(parts.query)
        if parts.scheme not in _PORTS or not parts.hostname or set(options) - {"starttls"}:
            raise ValueError("COFFERS_SMTP_URL looks like smtp://user:password@host:587?starttls=1")
        return cls(
            host=parts.hostname,
            port=parts.port or _PORTS[parts.scheme],
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password or ""),
            is_tls=parts.scheme == "smtps",
            is_starttls=options.get("starttls", ["0"])[-1] in {"1", "true"},
        )


class SmtpMailer(Mailer):
    """One connection a letter. The letter's id is its Message-ID, so that a repetition shows."""

    def __init__(
        self, server: SmtpServer, *, sender: str, clock: Clock, trust: ssl.SSLContext | None = None
    ) -> None:
        self._server = server
        self._sender = sender
        self._clock = clock
        self._trust = trust or ssl.create_default_context()
        self._threads = ThreadPoolExecutor(DELIVERIES_AT_ONCE, thread_name_prefix="smtp")

    def close(self) -> None:
        """Wait for nothing that has not begun."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def send(self, mail: Mail, *, letter_id: UUID) -> None:
        """As the port says."""
        letter = compose(mail, letter_id, sender=self._sender)
        letter["Date"] = format_datetime(self._clock.now())
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(DELIVERY_TIMEOUT_S):
                await loop.run_in_executor(self._threads, self._deliver, letter)
        except smtplib.SMTPException as error:
            raise _refusal(error) from error
        except OSError as error:  # TimeoutError and all of TLS included
            detail = f"The mail server cannot be reached: {type(error).__name__}."
            raise MailUndeliverable(detail) from error

    def _deliver(self, letter: EmailMessage) -> None:
        server, connection = self._server, self._connect()
        try:
            if server.is_starttls:
                connection.starttls(context=self._trust)
            if server.user is not None:
                connection.login(server.user, server.password)
            connection.send_message(letter)
        finally:
            # A letter that was accepted is not sent again because of a bad farewell.
            with suppress(smtplib.SMTPException, OSError):
                connection.quit()
            connection.close()

    def _connect(self) -> smtplib.SMTP:
        address = (self._server.host, self._server.port)
        if self._server.is_tls:
            return smtplib.SMTP_SSL(*address, timeout=EXCHANGE_TIMEOUT_S, context=self._trust)
        return smtplib.SMTP(*address, timeout=EXCHANGE_TIMEOUT_S)


def compose(mail: Mail, letter_id: UUID, *, sender: str) -> EmailMessage:
    """The letter as it travels; raises MailUndeliverable for headers that cannot be."""
    letter = EmailMessage(policy=SMTP)
    try:
        letter["From"] = sender
        letter["To"] = mail.to
        letter["Subject"] = mail.subject
    except ValueError as error:
        raise MailUndeliverable("A header of the letter is not valid.", is_final=True) from error
    letter["Message-ID"] = f"<{letter_id}@{parseaddr(sender)[1].rpartition('@')[2]}>"
    letter["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers, please
    letter.set_content(mail.text)
    return letter


def _refusal(error: smtplib.SMTPException) -> MailUndeliverable:
    """The server's words may repeat the letter, so only its codes are told."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
        return MailUndeliverable(
            f"The mail server refused the recipient: {codes}.",
            is_final=all(code >= _FINAL for code in codes),
        )
    if isinstance(error, smtplib.SMTPDataError):
        detail = f"The mail server refused the letter: {error.smtp_code}."
        return MailUndeliverable(detail, is_final=error.smtp_code >= _FINAL)
    # Wrong credentials, sender or TLS: the operator will mend it, so the letter waits.
    code = getattr(error, "smtp_code", "no code")
    return MailUndeliverable(f"The mail server refused: {type(error).__name__}, {code}.")
