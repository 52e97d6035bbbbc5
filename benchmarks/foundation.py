"""What the foundation costs: a read with everything on, routing, and sign-ins beside it."""

import asyncio
import tempfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import httpx
import psutil  # type: ignore[import-untyped]  # ships no types
from rich.console import Console
from rich.table import Table
from sqlalchemy import update
from tests import servers

from benchmarks.load import Load, load, on_a_core_of_its_own
from benchmarks.servers import MANY, serving, serving_floor
from coffers import migrations
from coffers.infrastructure.db.engines import open_engines
from coffers.infrastructure.db.identity.users import users
from coffers.presentation.limits import POLICIES

ROUNDS: Final = 5
SECONDS: Final = 2.0
SIGN_INS: Final = 12
#: A session as old as Redis itself may have been revoked before: its row is asked, too.
REDIS_IS_OLDER_BY_S: Final = 2.5
CREDENTIALS: Final = {"email": "ada@example.com", "password": "correct horse battery"}
NO_LIMITS: Final = {f"COFFERS_LIMITS__{name}": "100000000/100000000" for name in POLICIES}


@dataclass(frozen=True)
class Target:
    """Something to load: what it is called, where it is, and what to send along."""

    name: str
    url: str
    headers: Mapping[str, str]
    process: psutil.Process


@dataclass(frozen=True)
class Round:
    """One target under load, and what its process spent on each request, in microseconds."""

    load: Load
    cpu_us: float


@dataclass(frozen=True)
class SetUp:
    """A way to run Coffers: the environment of its process, and the floor with its driver."""

    name: str
    env: Mapping[str, str]
    database_url: str
    floor: str
    floor_database: str


def run(console: Console) -> None:
    """Measure on both set-ups and print the tables."""
    for open_set_up in (embedded, production):
        with open_set_up() as set_up:
            compare_reading(console, set_up)
            measure_sign_ins(console, set_up)
    with embedded() as set_up:
        compare_routes(console, set_up)


@contextmanager
def embedded() -> Iterator[SetUp]:
    """SQLite in a folder, everything in one process."""
    with tempfile.TemporaryDirectory() as home:
        path = Path(home) / "coffers.sqlite3"
        env = NO_LIMITS | {"COFFERS_HOME": home}
        url = f"sqlite+aiosqlite:///{path}"
        asyncio.run(migrations.upgrade(url))
        yield SetUp("SQLite", env, url, "benchmarks.floors:on_sqlite", str(path))


@contextmanager
def production() -> Iterator[SetUp]:
    """PostgreSQL and Valkey."""
    with servers.PostgresServer() as postgres, servers.ValkeyServer() as valkey:
        url = postgres.create_database(f"bench_{uuid.uuid4().hex}")
        asyncio.run(migrations.upgrade(url))
        with tempfile.TemporaryDirectory() as home:
            env = NO_LIMITS | {
                "COFFERS_HOME": home,
                "COFFERS_DATABASE_URL": url,
                "COFFERS_REDIS_URL": valkey.url,
            }
            plain = url.replace("+asyncpg", "")
            yield SetUp("PostgreSQL + Valkey", env, url, "benchmarks.floors:on_postgres", plain)


def compare_reading(console: Console, set_up: SetUp) -> None:
    """GET /users/me against a bare ASGI answer and a bare route with the same query."""
    with ExitStack() as running:
        service = running.enter_context(serving("coffers", "/health/live", set_up.env))
        base = service.removesuffix("/health/live")
        user_id, token = asyncio.run(signed_in(base, set_up.database_url))
        floor = {"FLOOR_DATABASE": set_up.floor_database, "FLOOR_USER": user_id}
        hello = running.enter_context(serving_floor("benchmarks.floors:hello", "/"))
        bare = running.enter_context(serving_floor(set_up.floor, "/profile", floor))
        bearer = {"Authorization": f"Bearer {token}"}
        targets = [
            Target("bare ASGI", hello, {}, hello.process),
            Target("bare FastAPI, same query", bare, {}, bare.process),
            Target("GET /api/v1/users/me", f"{base}/api/v1/users/me", bearer, service.process),
        ]
        rounds = asyncio.run(_interleaved(targets))
    console.print(_table(f"Reading a profile, {set_up.name}", targets, rounds))


def compare_routes(console: Console, set_up: SetUp) -> None:
    """The last of a hundred routes against the first."""
    with serving("many", "/api/v1/probes/000/x", set_up.env) as first:
        last = first.replace("/000/", f"/{MANY - 1:03}/")
        targets = [
            Target("the first route", first, {}, first.process),
            Target(f"the last of {MANY}", last, {}, first.process),
        ]
        rounds = asyncio.run(_interleaved(targets))
    console.print(_table("Finding a route", targets, rounds))


def measure_sign_ins(console: Console, set_up: SetUp) -> None:
    """How long the event loop keeps others waiting while a dozen people sign in at once."""
    with serving("watched", "/lag", set_up.env) as lag:
        base = lag.removesuffix("/lag")
        idle, busy, work, slowest = asyncio.run(_sign_ins(base))
    console.print(
        f"{set_up.name}: {SIGN_INS} people sign in at once, the slowest in {slowest:.0f} ms; "
        f"event loop late by at most {busy:.1f} ms (idle {idle:.1f} ms), "
        f"of its own work by {work:.1f} ms.\n"
    )


async def _sign_ins(base: str) -> tuple[float, float, float, float]:
    async with httpx.AsyncClient(base_url=base, timeout=30) as client:

        async def sign_in() -> float:
            answer = await client.post("/api/v1/sessions", json=CREDENTIALS)
            answer.raise_for_status()
            return answer.elapsed.total_seconds() * 1000

        async def longest() -> tuple[float, float]:
            late, work = (await client.get("/lag")).text.split()
            return float(late), float(work)

        await sign_in()
        await longest()
        await asyncio.sleep(1)
        idle, _ = await longest()
        busy, slowest = [], 0.0
        for _ in range(ROUNDS):
            slowest = max(slowest, *await asyncio.gather(*(sign_in() for _ in range(SIGN_INS))))
            busy.append(await longest())
        late, work = zip(*busy, strict=True)
        return idle, median(late), median(work), slowest


async def signed_in(base: str, database_url: str) -> tuple[str, str]:
    """Somebody registered, confirmed behind the API's back, and signed in: id and token."""
    async with httpx.AsyncClient(base_url=f"{base}/api/v1", timeout=30) as client:
        made = await client.post("/users", json=CREDENTIALS)
        made.raise_for_status()
        async with open_engines(database_url) as engines, engines.write.begin() as connection:
            await connection.execute(update(users).values(is_verified=True))
        await asyncio.sleep(REDIS_IS_OLDER_BY_S)
        pair = await client.post("/sessions", json=CREDENTIALS)
        pair.raise_for_status()
        return made.json()["id"], pair.json()["access_token"]


async def _interleaved(targets: Sequence[Target]) -> dict[str, list[Round]]:
    """Round by round, so that what else the machine does strikes all alike."""
    rounds: dict[str, list[Round]] = {target.name: [] for target in targets}
    with on_a_core_of_its_own():
        for target in targets:
            await _measured(target, SECONDS / 2)
        for _ in range(ROUNDS):
            for target in targets:
                rounds[target.name].append(await _measured(target, SECONDS))
    return rounds


async def _measured(target: Target, seconds: float) -> Round:
    before = target.process.cpu_times()
    measured = await load(target.url, seconds=seconds, headers=target.headers)
    after = target.process.cpu_times()
    spent_s = after.user + after.system - before.user - before.system
    return Round(measured, spent_s * 1_000_000 / len(measured.times_ms))


def _table(title: str, targets: Sequence[Target], rounds: Mapping[str, Sequence[Round]]) -> Table:
    """The last target as a ratio to each of the others: the median over the rounds."""
    table = Table(title=title, title_justify="left")
    columns = ("", "requests/s", "p50 ms", "p99 ms", "p99 / p50", "CPU µs", "last / this", "by CPU")
    for column in columns:
        table.add_column(column, justify="right" if column else "left")
    last = rounds[targets[-1].name]
    for target in targets:
        own = rounds[target.name]
        pairs = list(zip(last, own, strict=True))
        row = [
            f"{median(one.load.rate for one in own):.0f}",
            f"{median(one.load.percentile(50) for one in own):.2f}",
            f"{median(one.load.percentile(99) for one in own):.2f}",
            f"{median(one.load.percentile(99) / one.load.percentile(50) for one in own):.2f}",
            f"{median(one.cpu_us for one in own):.0f}",
            f"{median(mine.load.rate / other.load.rate for mine, other in pairs):.2f}",
            f"{median(other.cpu_us / mine.cpu_us for mine, other in pairs):.2f}",
        ]
        table.add_row(target.name, *row)
    return table
