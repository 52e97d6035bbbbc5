"""The ledger's big reads, with everything on, against the same bytes from the raw driver."""

import asyncio
import random
import statistics
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

import redis
from tests.ledgers import ledger_at, position

from benchmarks.foundation import SetUp, embedded, production, signed_in
from benchmarks.load import Load, load, on_a_core_of_its_own
from benchmarks.servers import serving, serving_floor
from coffers.domain.ids import UserId

HOLDINGS: Final = 100
SNAPSHOTS: Final = 3_650
ROUNDS: Final = 5
SECONDS: Final = 1.5
_FIRST: Final = datetime(2016, 1, 1, 10, tzinfo=UTC)
_RANGE: Final = "start_date=2016-01-01T00:00:00Z&end_date=2026-12-31T00:00:00Z"


@dataclass(frozen=True)
class Stand:
    """Coffers and its floor, side by side on one database."""

    base: str
    floor: str
    account_id: UUID
    headers: Mapping[str, str]

    @property
    def holdings(self) -> str:
        """A list of a hundred positions."""
        return f"{self.base}/api/v1/holdings"

    @property
    def history(self) -> str:
        """A history of ten years, day by day."""
        return f"{self.base}/api/v1/accounts/{self.account_id}/balance-history?{_RANGE}"


def measure() -> dict[str, float]:
    """Ratios of one run: requests to the floor's, p99 to p50, /health/live busy to idle."""
    ratios: dict[str, float] = {}
    for open_set_up in (embedded, production):
        with open_set_up() as set_up, _stand(set_up) as stand:
            ratios |= {f"{set_up.name}: {name}": each for name, each in _ratios(stand).items()}
    return ratios


@contextmanager
def _stand(set_up: SetUp) -> Iterator[Stand]:
    with ExitStack() as running:
        served = running.enter_context(serving("coffers", "/health/live", set_up.env))
        base = served.removesuffix("/health/live")
        user_id, token = asyncio.run(signed_in(base, set_up.database_url))
        account_id = asyncio.run(_fill(set_up.database_url, UserId(UUID(user_id))))
        env = {
            "FLOOR_DATABASE": set_up.floor_database,
            "FLOOR_USER": user_id,
            "FLOOR_ACCOUNT": str(account_id),
        }
        factory = f"benchmarks.ledger_floors:{set_up.floor.rpartition(':')[2]}"
        floor = running.enter_context(serving_floor(factory, "/holdings", env))
        bearer = {"Authorization": f"Bearer {token}"}
        stand = Stand(base, floor.removesuffix("/holdings"), account_id, bearer)
        _grow_up(set_up.env)
        _check_same_bytes(stand)
        yield stand


def _grow_up(env: Mapping[str, str]) -> None:
    """Let Valkey be an hour old, as it is nearly always.

    While it is younger than a session, that session's row is asked at each request.
    """
    if url := env.get("COFFERS_REDIS_URL"):
        with redis.Redis.from_url(url) as valkey:
            valkey.set("coffers:born", int(time.time()) - 3600)


async def _fill(database_url: str, user_id: UserId) -> UUID:
    """A hundred positions in one account, and its balance on each day of ten years."""
    chance = random.Random(1)
    async with ledger_at(database_url, user_id) as ledger:
        account = await ledger.account()
        cents = [Decimal(chance.randint(100, 9_999_999)).scaleb(-2) for _ in range(2 * HOLDINGS)]
        rows = [
            position(f"SYM{number:03}", cost_basis=basis, market_value=value)
            for number, (basis, value) in enumerate(zip(cents[::2], cents[1::2], strict=True))
        ]
        await ledger.hold(account, *rows)
        balance = Decimal(100_000)
        days = []
        for day in range(SNAPSHOTS):
            balance += Decimal(chance.randint(-100_000, 110_000)).scaleb(-2)
            days.append((_FIRST + timedelta(days=day), f"{balance:.2f}"))
        parts = {"holdings": Decimal("22000.00"), "cash": Decimal("3000.00")}
        await ledger.snapshots(account, days, available=Decimal("24500.00"), **parts)
    return account.id


def _check_same_bytes(stand: Stand) -> None:
    for ours, floor in ((stand.holdings, "/holdings"), (stand.history, "/history")):
        if _get(ours, stand.headers) != _get(stand.floor + floor, {}):
            raise AssertionError(f"{ours} and its floor answer different bytes.")


def _get(url: str, headers: Mapping[str, str]) -> bytes:
    request = urllib.request.Request(url, headers=dict(headers))  # noqa: S310 - our own loopback
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - likewise
        body: bytes = answer.read()
    return body


def _ratios(stand: Stand) -> dict[str, float]:
    holdings, tail = asyncio.run(_compare(stand, stand.holdings, "/holdings"))
    history, _ = asyncio.run(_compare(stand, stand.history, "/history"))
    return {
        "GET /holdings, 100 rows, requests / floor (at least 1.0)": holdings,
        "GET /holdings, p99 / p50 (at most 2.5)": tail,
        "balance-history, 3650 rows, requests / floor (at least 0.9)": history,
        "/health/live beside histories, p50 / idle p50 (at most 3)": asyncio.run(_beside(stand)),
    }


async def _compare(stand: Stand, url: str, path: str) -> tuple[float, float]:
    """The median of the rounds, so that a noisy neighbour spoils a round, not the answer."""
    rates, tails = [], []
    with on_a_core_of_its_own():
        for _ in range(ROUNDS):
            ours = await load(url, seconds=SECONDS, headers=stand.headers)
            floor = await load(stand.floor + path, seconds=SECONDS)
            rates.append(ours.rate / floor.rate)
            tails.append(ours.percentile(99) / ours.percentile(50))
    return statistics.median(rates), statistics.median(tails)


async def _beside(stand: Stand) -> float:
    live = f"{stand.base}/health/live"
    ratios = []
    for _ in range(ROUNDS):
        idle = await load(live, seconds=SECONDS / 2, connections=1)
        beside: Load
        beside, _others = await asyncio.gather(
            load(live, seconds=SECONDS, connections=1),
            load(stand.history, seconds=SECONDS, headers=stand.headers, connections=1),
        )
        ratios.append(beside.percentile(50) / idle.percentile(50))
    return statistics.median(ratios)


if __name__ == "__main__":
    for name, ratio in measure().items():
        print(f"{name}: {ratio:.2f}")
