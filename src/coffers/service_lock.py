"""One service process at a time on one SQLite database; commands may work beside it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url

from coffers.settings import Settings


class ServiceRuns(Exception):
    """Another service process has this database."""

    def __init__(self, holder: str, path: Path) -> None:
        super().__init__(
            f"Another Coffers service (process {holder}) has the database {path}: "
            "stop it first, or give this one another COFFERS_HOME."
        )
        self.holder = holder


@contextmanager
def only_service(settings: Settings) -> Iterator[None]:
    """Inside, this process is the service; raises ServiceRuns. On PostgreSQL there may be many.

    The lock is the kernel's: it ends with the process, however that ends.
    """
    path = database_file(settings)
    if path is None:
        yield
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(_lock_of(path), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            who = os.read(descriptor, 20).decode(errors="replace").strip() or "unknown"
            raise ServiceRuns(who, path) from error
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def running_service(settings: Settings) -> str | None:
    """The process that serves this database, as the lock has it; None when none does."""
    try:
        with only_service(settings):
            return None
    except ServiceRuns as running:
        return running.holder


def serving_since(settings: Settings) -> float | None:
    """When the process that serves this database began, in epoch seconds; None when none does."""
    path = database_file(settings)
    if path is None or running_service(settings) is None:
        return None
    return _lock_of(path).stat().st_mtime


def database_file(settings: Settings) -> Path | None:
    """The SQLite file; None for PostgreSQL."""
    if not settings.is_embedded:
        return None
    name = make_url(settings.database).database
    return Path(name) if name and name != ":memory:" else None


def _lock_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.lock")
