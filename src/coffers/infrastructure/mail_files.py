"""Letters as files, for an installation without a mail server: whoever runs it reads them there."""

import asyncio
import os
from pathlib import Path
from typing import Final
from uuid import UUID

import structlog

from coffers.application.ports import Mail, Mailer

#: Kept; beyond, the oldest go.
MAX_LETTERS: Final = 1_000

log = structlog.get_logger("coffers.mail")


class OutboxFileMailer(Mailer):
    """One readable file a letter, named by the letter's id, which its owner alone can read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, mail: Mail, *, letter_id: UUID) -> None:
        """As the port says; a letter that is there already is left alone."""
        path = self._folder / f"{letter_id}.txt"
        if await asyncio.to_thread(self._write, path, mail):
            log.info("a letter arrived", subject=mail.subject, file=str(path))

    def _write(self, path: Path, mail: Mail) -> bool:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if path.exists():
            return False
        text = f"To: {mail.to}\nSubject: {mail.subject}\n\n{mail.text}"
        # Whole or not at all: a half-written letter would pass for a delivered one.
        draft = path.with_suffix(f".{os.getpid()}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        self._make_durable()
        self._forget_oldest()
        return True

    def _make_durable(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _forget_oldest(self) -> None:
        # Ids begin with the instant of their making, so names sort by age.
        letters = sorted(self._folder.glob("*.txt"))
        for letter in letters[:-MAX_LETTERS]:
            letter.unlink(missing_ok=True)
