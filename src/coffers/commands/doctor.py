"""`coffers doctor`: says in plain words what is wrong with this installation."""

import os
import shutil
import socket
import stat
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx
import redis.asyncio
from sqlalchemy.exc import DBAPIError

from coffers import migrations
from coffers.commands.terminal import load_settings, out, refuse, run_async
from coffers.domain.errors import DomainError
from coffers.domain.markets.rates import LOOK_BACK
from coffers.infrastructure.db.engines import open_engines
from coffers.infrastructure.db.inspections import inspect
from coffers.infrastructure.db.markets.rates import SqlExchangeRates
from coffers.infrastructure.db.reader import Reader
from coffers.infrastructure.markets.ecb_rates import BundledRates
from coffers.local_secrets import FILE
from coffers.service_lock import database_file, running_service
from coffers.settings import Environment, Settings, is_weak, unknown_variables

MIN_FREE_BYTES: Final = 500 * 1024 * 1024
CLOCKS_DIFFER: Final = timedelta(seconds=5)
TIMEOUT_S: Final = 3.0
#: What a service of ours says of itself.
ALIVE: Final = b'{"status":"alive"}'
#: Where to find what listens everywhere.
_ANY: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - nothing is bound here
_LOCAL: Final = {"localhost", "127.0.0.1", "::1"}


class Verdict(StrEnum):
    """How it stands. Only what is wrong makes the exit code 1."""

    FINE = "ok"
    NOTE = "note"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, and what there is to say."""

    verdict: Verdict
    subject: str
    words: str


Findings = Iterator[Finding]
_STYLES: Final = {Verdict.FINE: "green", Verdict.NOTE: "yellow", Verdict.WRONG: "red"}


def examine() -> None:
    """Look at everything that an installation needs; exit code 1 when something is wrong."""
    settings = load_settings()
    findings = [finding for look in _LOOKS for finding in look(settings)]
    findings += run_async(_look_outside(settings))
    for finding in findings:
        out.print(f"{finding.verdict:>5}", style=_STYLES[finding.verdict], end="  ")
        out.print(f"{finding.subject}: {finding.words}", highlight=False, markup=False)
    wrong = sum(finding.verdict is Verdict.WRONG for finding in findings)
    if wrong:
        refuse(f"{wrong} of these {'is' if wrong == 1 else 'are'} wrong.")


async def _look_outside(settings: Settings) -> list[Finding]:
    looks: list[Callable[[Settings], Awaitable[list[Finding]]]] = [_database, _redis]
    return [finding for look in looks for finding in await look(settings)]


def _variables(settings: Settings) -> Findings:
    unknown = unknown_variables(os.environ)
    for name, meant in unknown.items():
        hint = f"; {meant} is" if meant else ""
        yield Finding(Verdict.WRONG, "Settings", f"{name} is not a setting{hint}.")
    if not unknown:
        yield Finding(Verdict.FINE, "Settings", f"valid, for {settings.environment}.")


def _secrets(settings: Settings) -> Findings:
    for name in ("secret_key", "encryption_key"):
        given = getattr(settings, name)
        if given is not None and is_weak(given.get_secret_value()):
            words = f"COFFERS_{name.upper()} is weak: use at least 32 random characters."
            yield Finding(Verdict.WRONG, "Secrets", words)
    if settings.secret_key is not None and settings.encryption_key is not None:
        yield Finding(Verdict.FINE, "Secrets", "given by the environment.")
        return
    yield _secrets_file(settings.home / FILE)


def _secrets_file(path: Path) -> Finding:
    if not path.exists():
        return Finding(Verdict.NOTE, "Secrets", f"{path} will be made at the first start.")
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        words = f"others may read {path} (mode {mode:o}): chmod 600 {path}"
        return Finding(Verdict.WRONG, "Secrets", words)
    return Finding(Verdict.FINE, "Secrets", f"kept in {path}, for its owner only.")


def _disk(settings: Settings) -> Findings:
    folder = (database_file(settings) or settings.home).absolute().parent
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    words = f"{free // 1024**2} MiB free in {folder}."
    yield Finding(Verdict.FINE if free >= MIN_FREE_BYTES else Verdict.WRONG, "Disk", words)
    if not os.access(folder, os.W_OK):
        yield Finding(Verdict.WRONG, "Disk", f"{folder} cannot be written to.")


def _port(settings: Settings) -> Findings:
    running = running_service(settings)
    if running is not None:
        yield Finding(Verdict.FINE, "Service", f"runs as process {running}.")
        return
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            yield _taken(settings, error)
        else:
            yield Finding(Verdict.FINE, "Port", f"{settings.port} is free; the service is stopped.")


def _taken(settings: Settings, error: OSError) -> Finding:
    """Beside PostgreSQL no lock says who serves: whoever has the port is asked."""
    host = _ANY.get(settings.host, settings.host)
    url = httpx.URL(scheme="http", host=host, port=settings.port, path="/health/live")
    try:
        answer = httpx.get(url, timeout=TIMEOUT_S, trust_env=False)
    except httpx.HTTPError:
        answer = None
    if answer is not None and answer.content == ALIVE:
        return Finding(Verdict.FINE, "Service", f"answers on port {settings.port}.")
    words = f"cannot listen on {settings.host} port {settings.port}: {error.strerror}."
    return Finding(Verdict.WRONG, "Port", words)


def _mail(settings: Settings) -> Findings:
    if settings.smtp_url is None:
        words = f"no COFFERS_SMTP_URL: letters go to files in {settings.outbox.absolute()}."
        is_production = settings.environment is Environment.PRODUCTION
        yield Finding(Verdict.WRONG if is_production else Verdict.NOTE, "Mail", words)
        return
    address = urlsplit(settings.smtp_url.get_secret_value())
    host, port = address.hostname or "", address.port or 25
    try:
        socket.create_connection((host, port), TIMEOUT_S).close()
    except OSError as error:
        yield Finding(Verdict.WRONG, "Mail", f"{host} port {port} does not answer: {error}.")
    else:
        yield Finding(Verdict.FINE, "Mail", f"{host} port {port} answers.")


def _public_url(settings: Settings) -> Findings:
    url = urlsplit(settings.public_base_url)
    is_public = settings.environment is Environment.PRODUCTION
    if is_public and (url.hostname in _LOCAL or url.scheme != "https"):
        words = f"{settings.public_base_url} is no https address that others can reach."
        yield Finding(Verdict.WRONG, "Public address", words)
    else:
        yield Finding(Verdict.FINE, "Public address", settings.public_base_url)


_LOOKS: Final[list[Callable[[Settings], Findings]]] = [
    _variables, _secrets, _disk, _port, _mail, _public_url,
]  # fmt: skip


async def _database(settings: Settings) -> list[Finding]:
    file = database_file(settings)
    if file is not None and not file.exists():
        words = f"{file} will be made at the first start."
        return [Finding(Verdict.NOTE, "Database", words)]
    try:
        if not await migrations.is_current(settings.database):
            words = "lacks migrations of this version: run `coffers migrate`."
            return [Finding(Verdict.WRONG, "Database", words)]
        async with open_engines(settings.database) as engines:
            seen = await inspect(engines)
            newest = await SqlExchangeRates(Reader(engines), BundledRates()).last_published()
    except (DomainError, DBAPIError, OSError) as error:
        reason = getattr(error, "orig", None) or error
        return [Finding(Verdict.WRONG, "Database", f"does not answer: {reason}")]
    return [
        Finding(Verdict.FINE, "Database", "answers and has the newest schema."),
        _clock(seen.now, seen.newest_event),
        *_dead_jobs(seen.dead_jobs),
        _rates(newest),
    ]


def _clock(theirs: datetime | None, newest_event: datetime | None) -> Finding:
    ours = datetime.now(UTC)
    if theirs is not None and abs(theirs - ours) > CLOCKS_DIFFER:
        words = f"differs from the database's by {abs(theirs - ours).total_seconds():.0f} s."
        return Finding(Verdict.WRONG, "Clock", words)
    if newest_event is not None and newest_event - ours > CLOCKS_DIFFER:
        words = f"is behind: the newest event is of {newest_event:%Y-%m-%d %H:%M:%S}."
        return Finding(Verdict.WRONG, "Clock", words)
    return Finding(Verdict.FINE, "Clock", f"{ours:%Y-%m-%d %H:%M:%S} UTC.")


def _rates(newest: date) -> Finding:
    words = f"the newest published ones are of {newest}"
    if newest < datetime.now(UTC).date() - LOOK_BACK:
        words += (
            ": amounts of later days are not converted until `coffers rates load` adds them, "
            "or COFFERS_RATE_SOURCE_URL says where they are."
        )
        return Finding(Verdict.NOTE, "Exchange rates", words)
    return Finding(Verdict.FINE, "Exchange rates", f"{words}.")


def _dead_jobs(count: int) -> list[Finding]:
    words = f"{count} gave up after all attempts; the log says why (JobFailed)."
    return [Finding(Verdict.NOTE, "Jobs", words)] if count else []


async def _redis(settings: Settings) -> list[Finding]:
    if settings.redis_url is None:
        is_alone = settings.is_embedded
        words = "not used: limits and revocations are each process's own."
        return [] if is_alone else [Finding(Verdict.NOTE, "Redis", words)]
    client = redis.asyncio.Redis.from_url(
        settings.redis_url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S
    )
    try:
        async with client:
            policy = (await client.config_get("maxmemory-policy")).get("maxmemory-policy", "")
    except (redis.RedisError, OSError) as error:
        return [Finding(Verdict.WRONG, "Redis", f"does not answer: {error}")]
    if policy != "noeviction":
        words = f"may forget revocations: maxmemory-policy is {policy}, not noeviction."
        return [Finding(Verdict.WRONG, "Redis", words)]
    return [Finding(Verdict.FINE, "Redis", "answers and forgets nothing.")]
