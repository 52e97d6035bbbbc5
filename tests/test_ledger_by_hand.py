"""Many hands in one ledger at once: every balance is the sum of its entries, and nothing is lost.

A real service on each engine; `TORTURE=1` makes the campaign long, `BY_HAND_SEED` repeats one.
"""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from coffers.application.live.audit_log import verify_audit_log
from coffers.domain.ids import new_id
from coffers.wiring import open_services
from tests.conftest import settings_for
from tests.nursery import ForkedService
from tests.people import Person, sign_up
from tests.programs import NO_TLS
from tests.purses import FOOD, MEALS, Row, a_purse, an_entry, told_of
from tests.service_processes import Service

pytestmark = pytest.mark.torture

STEPS: Final = 1_000 if os.environ.get("TORTURE") else 150
AT_ONCE: Final = 20
SEED: Final = int(os.environ.get("BY_HAND_SEED", "0")) or random.SystemRandom().getrandbits(32)
FIRST: Final = date(2026, 1, 1)
DAYS: Final = 60
#: Of the steps, those on entries that everybody edits, moves and deletes at the same time.
FOUGHT_OVER: Final = 0.3
COUNTING: Final = {"pending", "settled"}
#: A database that is busy with the same rows, or has no connection left: asked again.
BUSY: Final = 503


@pytest.fixture
def service(database_url: str, tmp_path: Path) -> Iterator[Service]:
    with ForkedService(tmp_path, database_url=database_url) as service:
        yield service


@asynccontextmanager
async def somebody(service: Service, database_url: str) -> AsyncIterator[Person]:
    limits = httpx.Limits(max_connections=AT_ONCE)
    async with httpx.AsyncClient(
        base_url=service.api, timeout=60, verify=NO_TLS, limits=limits
    ) as client:
        yield await sign_up(client, "ada", database_url=database_url)


@dataclass
class Hand:
    """Somebody's program among others; `own` is what it was told of entries that are its alone."""

    person: Person
    purses: list[str]
    chance: random.Random
    public: list[str]
    own: dict[str, Row] = field(default_factory=dict)
    made: int = 0

    async def work(self, steps: int) -> None:
        for _ in range(steps):
            if self.public and self.chance.random() < FOUGHT_OVER:
                await self._fight(self.chance.choice(self.public))
            elif not self.own or self.chance.random() < 0.4:
                await self._create()
            else:
                await self._change(self.chance.choice(list(self.own)))

    async def _create(self) -> None:
        entry = an_entry(self.chance.choice(self.purses), self._amount()) | self._facts()
        made = await self._ask("POST", "/transactions", entry)
        assert made.status_code == 201, made.text
        self.made += 1
        row = made.json()
        if self.chance.random() < FOUGHT_OVER:
            self.public.append(row["id"])
        else:
            self.own[row["id"]] = row

    async def _change(self, entry_id: str) -> None:
        if self.chance.random() < 0.2:
            gone = await self._ask("DELETE", f"/transactions/{entry_id}")
            # Asked again after a 503, it may be gone already.
            assert gone.status_code in {204, 404}, gone.text
            del self.own[entry_id]
            return
        changes = self._edit(Decimal(self.own[entry_id]["amount_value"]))
        answer = await self._ask("PATCH", f"/transactions/{entry_id}", changes)
        assert answer.status_code == 200, answer.text
        self.own[entry_id] = answer.json()

    async def _fight(self, entry_id: str) -> None:
        path = f"/transactions/{entry_id}"
        if self.chance.random() < 0.1:
            answer = await self._ask("DELETE", path)
        else:
            answer = await self._ask("PATCH", path, self._edit(Decimal(1)))
        # Gone, or split by somebody in the meantime: 404 and 422 are what it should be told.
        assert answer.status_code in {200, 204, 404, 422}, answer.text

    def _edit(self, amount: Decimal) -> Row:
        half = (amount / 2).quantize(Decimal("0.01"))
        parts = [
            {"amount": str(half), "category_id": FOOD},
            {"amount": str(amount - half), "category_id": MEALS},
        ]
        edits: list[Row] = [
            {"amount": self._amount(), "splits": None},
            {"account_id": self.chance.choice(self.purses)},
            {"account_id": self.chance.choice(self.purses), **self._facts()},
            {"splits": parts} if abs(amount) > 1 else {"notes": "small"},
            {"tags": [str(self.chance.randrange(9))], "merchant": "Joe's"},
        ]
        return self.chance.choice(edits)

    def _facts(self) -> Row:
        day = FIRST + timedelta(days=self.chance.randrange(DAYS))
        status = self.chance.choice(["settled", "settled", "pending", "cancelled"])
        return {"transaction_date": str(day), "status": status}

    def _amount(self) -> str:
        cents = self.chance.choice([-1, 1]) * self.chance.randrange(1, 1_000_000)
        return str(Decimal(cents).scaleb(-self.chance.choice([2, 2, 3])))

    async def _ask(self, method: str, path: str, body: Row | None = None) -> httpx.Response:
        headers = {"Idempotency-Key": str(new_id())} if method == "POST" else {}
        for _ in range(20):
            answer = await self.person.request(method, path, json=body, headers=headers)
            if answer.status_code != BUSY and not _still_runs(answer):
                return answer
            await asyncio.sleep(0.1 * self.chance.random())
        raise AssertionError(answer.text)


def _still_runs(answer: httpx.Response) -> bool:
    return answer.status_code == 409 and "request_still_running" in answer.text


async def test_every_balance_is_the_sum_of_its_entries_at_every_date_and_nothing_is_lost(
    service: Service, database_url: str, tmp_path: Path
) -> None:
    print(f"BY_HAND_SEED={SEED}")  # noqa: T201 - what repeats it
    async with somebody(service, database_url) as ada:
        purses = [await a_purse(ada, opening) for opening in ("100.00", "0.00", "-7.125")]
        public: list[str] = []
        hands = [Hand(ada, purses, random.Random(SEED + n), public) for n in range(AT_ONCE)]

        await asyncio.gather(*(hand.work(STEPS // AT_ONCE) for hand in hands))

        rows = await _all_rows(ada)
        for purse in purses:
            await _check_sums(ada, purse, [row for row in rows if row["account_id"] == purse])
        own = {row_id: row for hand in hands for row_id, row in hand.own.items()}
        mine = {row["id"]: _word(row) for row in rows if row["id"] not in set(public)}
        assert mine == {row_id: _word(row) for row_id, row in own.items()}
        names = await told_of(ada)
        assert names.count("TransactionAdded") == sum(hand.made for hand in hands)
        assert names.count("TransactionDeleted") == names.count("TransactionAdded") - len(rows)
    await _check_chain(database_url, tmp_path)


async def _check_sums(ada: Person, purse: str, rows: list[Row]) -> None:
    path = f"/accounts/{purse}"
    account = (await ada.get(path)).json()
    days = (await ada.get(f"{path}/daily-balances{_span()}")).json()["balances"]
    (last,) = (await ada.get(f"{path}/balance-snapshots?limit=1")).json()["snapshots"]
    balance, counting = Decimal(account["opening_balance"]), _counting(rows)
    for day in days:
        balance += sum(counting.get(day["date"], ()))
        assert Decimal(day["balance"]) == balance, day
    assert Decimal(account["balance_amount"]) == balance == Decimal(last["balance"])
    for row in rows:
        parts = [Decimal(part["amount_value"]) for part in row["splits"]]
        assert not parts or sum(parts) == Decimal(row["amount_value"])


def _counting(rows: list[Row]) -> dict[str, list[Decimal]]:
    found: dict[str, list[Decimal]] = {}
    for row in rows:
        if row["status"] in COUNTING:
            found.setdefault(row["transaction_date"], []).append(Decimal(row["amount_value"]))
    return found


def _span() -> str:
    return f"?start_date={FIRST}&end_date={FIRST + timedelta(days=DAYS + 60)}"


def _word(row: Row) -> Row:
    """All that its program said of it; transfers are found by the service itself."""
    ours = {"transfer_id", "updated_at"}
    return {name: value for name, value in row.items() if name not in ours}


async def _all_rows(ada: Person) -> list[Row]:
    rows: list[Row] = []
    query: dict[str, Any] = {"limit": 100}
    while query.get("cursor", "") is not None:
        page = (await ada.get("/transactions", params=query)).json()
        rows += page["transactions"]
        query["cursor"] = page["next_cursor"]
    assert len({row["id"] for row in rows}) == len(rows) == page["total_count"]
    return rows


async def _check_chain(database_url: str, home: Path) -> None:
    async with open_services(settings_for(database_url, home / "beside")) as services:
        verified = await verify_audit_log(services.audit_logs, services.clock)
    assert verified.is_intact
