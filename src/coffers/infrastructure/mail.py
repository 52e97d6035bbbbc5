"""The mailer that fits the installation."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from coffers.application.ports import Clock, Mailer
from coffers.infrastructure.mail_files import OutboxFileMailer
from coffers.infrastructure.mail_smtp import SmtpMailer, SmtpServer


@asynccontextmanager
async def open_mailer(
    smtp_url: str | None, *, sender: str, outbox: Path, clock: Clock
) -> AsyncIterator[Mailer]:
    """By SMTP where there is a server, else into an outbox of files; raises ValueError."""
    if smtp_url is None:
        yield OutboxFileMailer(outbox)
        return
    mailer = SmtpMailer(SmtpServer.from_url(smtp_url), sender=sender, clock=clock)
    try:
        yield mailer
    finally:
        mailer.close()
