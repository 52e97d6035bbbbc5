from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
import pytest_asyncio

from coffers.domain import paging
from coffers.domain.ledger.snapshots import SnapshotSource
from coffers.infrastructure.db.ledger import snapshots
from tests.api.conftest import newcomer
from tests.ledgers import NOON, ledger_of, reported_account
from tests.people import Person, settle

pytestmark = pytest.mark.asyncio(loop_scope="module")

BALANCES = ("20000", "22500", "0", "-10", "-5")
#: Every other one by hand, by the scheduler.
SOURCES = (SnapshotSource.MANUAL_SYNC, SnapshotSource.SCHEDULED_SYNC)


class Holder(Person):
    """Somebody with one account that was looked at on five days."""

    account: str

    async def history(self, first: int, last: int, **more: str) -> Any:
        start, end = NOON + timedelta(days=first), NOON + timedelta(days=last)
        query = {"start_date": f"{start:%FT%TZ}", "end_date": f"{end:%FT%TZ}"} | more
        answer = await self.get(f"/accounts/{self.account}/balance-history", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def recent(self, **query: str) -> Any:
        answer = await self.get(f"/accounts/{self.account}/balance-snapshots", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def eve(either: httpx.AsyncClient) -> Holder:
    """Her, on each engine in turn."""
    person = await settle(either, "eve")
    async with ledger_of(person) as ledger:
        account = await ledger.account()
        for day, balance in enumerate(BALANCES):
            at = NOON + timedelta(days=day)
            await ledger.snapshot(account, at, balance, source=SOURCES[day % 2])
    holder = Holder(**vars(person))
    object.__setattr__(holder, "account", str(account.id))
    return holder


def changes(answer: Any) -> list[tuple[str | None, float | None]]:
    return [(row["change_amount"], row["change_percent"]) for row in answer["snapshots"]]


async def test_a_history_is_oldest_first_each_compared_with_the_one_before(eve: Holder) -> None:
    answer = await eve.history(0, 4)

    assert [row["balance"] for row in answer["snapshots"]] == [f"{each}.00" for each in BALANCES]
    assert changes(answer) == [
        (None, None),
        ("2500.00", 12.5),
        ("-22500.00", -100.0),
        ("-10.00", None),
        ("5.00", 50.0),
    ]


async def test_the_range_includes_both_ends_and_hides_no_predecessor(eve: Holder) -> None:
    answer = await eve.history(1, 2)

    assert changes(answer) == [("2500.00", 12.5), ("-22500.00", -100.0)]
    assert (answer["start_balance"], answer["end_balance"]) == ("22500.00", "0.00")
    assert (answer["total_change_amount"], answer["total_change_percent"]) == ("-22500.00", -100.0)


async def test_a_filter_hides_no_predecessor_either(eve: Holder) -> None:
    history = await eve.history(0, 4, source="scheduled_sync")
    recent = await eve.recent(source="scheduled_sync")

    assert changes(history) == [("2500.00", 12.5), ("-10.00", None)]
    assert changes(recent) == [("-10.00", None), ("2500.00", 12.5)]
    assert history["total_count"] == recent["total_count"] == 2


async def test_recent_snapshots_are_newest_first_and_start_with_the_oldest_shown(
    eve: Holder,
) -> None:
    answer = await eve.recent(limit="2")

    assert [row["balance"] for row in answer["snapshots"]] == ["-5.00", "-10.00"]
    assert changes(answer) == [("5.00", 50.0), ("-10.00", None)]
    assert (answer["start_balance"], answer["end_balance"]) == ("-10.00", "-5.00")
    assert (answer["total_change_amount"], answer["total_change_percent"]) == ("5.00", 50.0)
    assert answer["total_count"] == len(BALANCES)


async def test_the_latest_snapshot_is_compared_with_the_one_before(eve: Holder) -> None:
    answer = (await eve.get("/balance-snapshots")).json()

    assert changes(answer) == [("5.00", 50.0)]
    assert answer["total_balance_by_currency"] == {"USD": "-5.00"}


async def test_snapshots_of_one_instant_keep_their_order(either: httpx.AsyncClient) -> None:
    eve = await newcomer(either, "eve")
    async with ledger_of(eve) as ledger:
        other = await ledger.account("a2")
        ids = await ledger.snapshots(other, [(NOON, "1"), (NOON, "2"), (NOON, "3")])
    eve_s = {"start_date": "2026-03-02T12:00:00Z", "end_date": "2026-03-02T12:00:00Z"}

    history = (await eve.get(f"/accounts/{other.id}/balance-history", params=eve_s)).json()

    assert [row["id"] for row in history["snapshots"]] == sorted(map(str, ids))
    assert history["snapshots"][0]["change_amount"] is None


async def test_a_change_of_currency_is_not_a_change_of_balance(ada: Person) -> None:
    async with ledger_of(ada) as ledger:
        dollars = await ledger.account()
        await ledger.snapshot(dollars, NOON, "100")
        euros = await ledger.account(currency="EUR", balance=Decimal(90))
        await ledger.snapshot(euros, NOON + timedelta(days=1), "90")

    (latest,) = (await ada.get("/balance-snapshots")).json()["snapshots"]

    assert (latest["balance"], latest["change_amount"]) == ("90.00", None)


async def test_an_account_without_snapshots_has_an_empty_history(ada: Person) -> None:
    async with ledger_of(ada) as ledger:
        account = await ledger.account(currency="EUR")

    answer = (await ada.get(f"/accounts/{account.id}/balance-snapshots")).json()

    assert answer == {
        "snapshots": [],
        "total_count": 0,
        "start_balance": None,
        "end_balance": None,
        "total_change_amount": None,
        "total_change_percent": None,
        "currency": "EUR",
    }


REFUSED = {
    "start_date=2026-03-02T12:00:00Z&end_date=2026-03-02T11:59:59Z": 400,
    "start_date=2026-03-02T12:00:00Z": 422,
    "start_date=2026-03-02&end_date=2026-03-03": 422,
    "start_date=2026-03-02T12:00:00&end_date=2026-03-03T12:00:00": 422,
    "start_date=1772452800&end_date=1772456400": 422,
    "start_date=yesterday&end_date=2026-03-03T12:00:00Z": 422,
    "start_date=2026-03-02T12:00:00Z&end_date=2026-03-03T12:00:00Z&source=guess": 422,
}


async def test_a_range_that_cannot_be_meant_is_refused(ada: Person) -> None:
    async with ledger_of(ada) as ledger:
        account = await ledger.account()
    path = f"/accounts/{account.id}/balance-history"

    answers = [await ada.get(f"{path}?{query}") for query in REFUSED]

    assert [answer.status_code for answer in answers] == list(REFUSED.values())


async def test_more_snapshots_than_one_answer_takes_need_a_shorter_range(
    eve: Holder, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert paging.MAX_UNPAGED == 10_000
    monkeypatch.setattr(snapshots, "MAX_UNPAGED", len(BALANCES) - 1)
    path = f"/accounts/{eve.account}/balance-history"
    year = {"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-12-31T00:00:00Z"}
    _forget_statements()

    answer = await eve.get(path, params=year)

    _forget_statements()
    assert answer.status_code == 422
    assert "shorter range" in answer.json()["detail"]


async def test_an_inactive_account_s_snapshot_is_shown_but_not_totalled(ada: Person) -> None:
    async with ledger_of(ada) as ledger:
        for number in ("a1", "a2"):
            await ledger.snapshot(await ledger.account(number), NOON, "10")
        async with ledger.uow() as uow:
            await uow.accounts.replace_reported(
                ledger.origin, [reported_account("a1")], now=NOON, seal=lambda *_: b""
            )
            await uow.commit()

    answer = (await ada.get("/balance-snapshots")).json()

    assert answer["total_count"] == 2
    assert answer["total_balance_by_currency"] == {"USD": "10.00"}


def _forget_statements() -> None:
    snapshots._history.cache_clear()
    snapshots._whole_history.cache_clear()
