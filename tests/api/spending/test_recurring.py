"""Recurring payments over HTTP: found, awaited, missed, and as their owner says."""

import asyncio
import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import select, update

from coffers.application.spending import recurring_detection
from coffers.application.spending.recurring_detection import DETECTION, tell_missed
from coffers.application.spending.transfer_matching import MATCHING, enqueue_matching
from coffers.domain.ledger.accounts import AccountType
from coffers.domain.live.events import Origin
from coffers.domain.spending.cadences import add_months
from coffers.infrastructure.db.ledger.accounts import accounts
from coffers.infrastructure.db.live.events import events
from coffers.infrastructure.db.spending import recurring
from coffers.infrastructure.db.spending.recurring import recurring_series
from tests.api.conftest import newcomer
from tests.conftest import settings_for
from tests.ledgers import ledger_of, reported_account
from tests.people import Person, sign_up
from tests.recurring_examples import monthly, pay, this_day
from tests.rows import rows, write
from tests.scripted import Script, ScriptedBank, connect, running_with, sync_all
from tests.spendings import forget_work, ids_of, moved, work_through

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def payer(either: httpx.AsyncClient) -> Person:
    """Somebody on each engine in turn."""
    await forget_work(either)
    return await newcomer(either, "payer")


async def detected(person: Person) -> list[dict[str, Any]]:
    answer = await person.post("/recurring/detections")
    assert answer.status_code == 201, answer.text
    return await listed(person)


async def listed(person: Person, **query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await person.get("/recurring", params=query)).json()["recurring"]
    return found


async def told(person: Person, name: str) -> list[dict[str, Any]]:
    """The details of the person's events of this name."""
    mine = (events.c.user_id == UUID(person.id)) & (events.c.name == name)
    found = await rows(person.client, select(events.c.details).where(mine))
    return [json.loads(row.details) for row in found]


async def test_a_subscription_is_found_with_its_evidence(payer: Person) -> None:
    async with ledger_of(payer) as ledger:
        giro = await pay(ledger, *monthly("Netflix.com", "-12.99", "-12.99", "-12.99"))

    (found,) = await detected(payer)

    ids = await ids_of(payer, giro)
    assert (found["kind"], found["cadence"], found["state"]) == (
        "subscription",
        "monthly",
        "detected",
    )
    assert (found["amount"], found["is_fixed"], found["confidence"]) == ("-12.99", True, "1.00")
    assert set(found["evidence_transaction_ids"]) == set(ids.values())
    assert found["expected_on"] == str(add_months(this_day(10), 1))
    assert len(found["reasons"]) == 3
    shown = await payer.get(f"/recurring/{found['id']}")
    assert shown.json() == found
    assert shown.headers["ETag"] == '"1"'


async def test_two_payments_are_no_series_and_three_are(payer: Person) -> None:
    async with ledger_of(payer) as ledger:
        await pay(ledger, *monthly("Gym", "-30.00", "-30.00"))
        none = await detected(payer)
        await pay(ledger, *monthly("Gym", "-30.00", "-30.00", "-30.00"))
    found = await detected(payer)

    assert (none, [each["name"][:3] for each in found]) == ([], ["Gym"])


async def test_two_payments_a_year_apart_are_one(payer: Person) -> None:
    last = this_day(20)
    async with ledger_of(payer) as ledger:
        await pay(
            ledger,
            moved("one", "-120.00", add_months(last, -12), description="Insurance 2025"),
            moved("two", "-120.00", last, description="Insurance 2026"),
        )

    (found,) = await detected(payer)

    assert (found["cadence"], found["expected_on"]) == ("yearly", str(add_months(last, 12)))


async def test_amounts_that_vary_are_a_bill_with_its_range(payer: Person) -> None:
    async with ledger_of(payer) as ledger:
        await pay(ledger, *monthly("City power", "-61.10", "-58.00", "-66.45", "-60.00"))

    (found,) = await detected(payer)

    assert (found["kind"], found["is_fixed"], found["amount"]) == ("bill", False, "-61.10")
    assert (found["amount_smallest"], found["amount_largest"]) == ("-58.00", "-66.45")


async def test_wages_are_a_salary(payer: Person) -> None:
    async with ledger_of(payer) as ledger:
        await pay(ledger, *monthly("ACME Payroll", "2000.00", "2000.00", "2000.00"))

    (found,) = await detected(payer)

    assert (found["kind"], found["amount"]) == ("salary", "2000.00")


async def test_two_subscriptions_of_one_merchant_are_told_apart_by_their_amounts(
    payer: Person,
) -> None:
    async with ledger_of(payer) as ledger:
        small = monthly("Apple", *["-0.99"] * 4)
        large = [
            moved(f"large-{n}", "-9.99", row.transaction_date, description=row.description)
            for n, row in enumerate(small)
        ]
        await pay(ledger, *small, *large)

    found = await detected(payer)

    assert sorted(each["amount"] for each in found) == ["-0.99", "-9.99"]


async def test_legs_of_transfers_and_what_is_ignored_or_pending_recur_not(payer: Person) -> None:
    async with ledger_of(payer) as ledger:
        giro = await pay(ledger, *monthly("To savings", "-50.00", "-50.00", "-50.00"))
        saved = monthly("From giro", "50.00", "50.00", "50.00")
        await pay(ledger, *saved, number="savings")
        async with ledger.uow() as uow:
            days = [row.transaction_date for row in saved]
            await enqueue_matching(uow, ledger.user_id, now=ledger.now, days=days)
            await uow.commit()
    await work_through(payer.client, MATCHING)

    assert len((await payer.get("/transfers?status=confirmed")).json()["transfers"]) == 3
    assert await detected(payer) == []
    assert giro is not None


async def test_a_new_price_is_told_once(payer: Person) -> None:
    async with ledger_of(payer) as ledger:
        await pay(ledger, *monthly("Music", *["-9.99"] * 4, last=this_day(40)))
        await detected(payer)
        await pay(ledger, moved("dear", "-11.99", this_day(10), description="Music 77"))

    (found,) = await detected(payer)
    await detected(payer)

    assert (found["amount"], found["previous_amount"]) == ("-11.99", "-9.99")
    changes = await told(payer, "RecurringPriceChanged")
    assert len(changes) == 1
    assert (changes[0]["amount"], changes[0]["previous_amount"]) == ("-11.99", "-9.99")


async def test_what_is_dismissed_stays_dismissed(payer: Person) -> None:
    async with ledger_of(payer) as ledger:
        await pay(ledger, *monthly("Coffee", "-3.00", "-3.00", "-3.00", last=this_day(40)))
        (found,) = await detected(payer)

        done = await payer.patch(f"/recurring/{found['id']}", {"state": "dismissed"})
        await pay(ledger, moved("more", "-3.00", this_day(10), description="Coffee"))
        (after,) = await detected(payer)

    assert done.json()["state"] == "dismissed"
    assert (after["id"], after["state"]) == (found["id"], "dismissed")
    assert (await payer.get("/recurring/upcoming")).json()["upcoming"] == []


async def test_what_its_owner_said_stands_after_the_next_look(payer: Person) -> None:
    async with ledger_of(payer) as ledger:
        await pay(ledger, *monthly("XZQ 9", "-3.00", "-3.00", "-3.00", last=this_day(40)))
        (found,) = await detected(payer)
        health = "01900000-0000-7000-8000-00000000000a"
        said = {"name": "Gym", "kind": "bill", "category_id": health, "state": "confirmed"}
        edited = await payer.patch(f"/recurring/{found['id']}", said)
        await pay(ledger, moved("more", "-3.00", this_day(10), description="XZQ 9"))

    (after,) = await detected(payer)

    assert edited.status_code == 200, edited.text
    assert {name: after[name] for name in said} == said
    assert after["occurrences"] == 4


async def test_an_unknown_category_is_refused(payer: Person) -> None:
    async with ledger_of(payer) as ledger:
        await pay(ledger, *monthly("Gym", "-3.00", "-3.00", "-3.00"))
    (found,) = await detected(payer)

    nobody = {"category_id": "0198c0de-5f00-7a10-8b3c-2f9d6e4a1b7c"}
    refused = await payer.patch(f"/recurring/{found['id']}", nobody)

    assert refused.status_code == 422


async def test_what_lost_its_evidence_is_forgotten_unless_its_owner_confirmed_it(
    payer: Person,
) -> None:
    async with ledger_of(payer) as ledger:
        await pay(ledger, *monthly("One", "-3.00", "-3.00", "-3.00"))
        await pay(ledger, *monthly("Two", "-4.00", "-4.00", "-4.00"))
        found = {each["name"][:3]: each for each in await detected(payer)}
        await payer.patch(f"/recurring/{found['Two']['id']}", {"state": "confirmed"})
        await pay(
            ledger,
            *monthly("One", "-3.00", "-300.00", "-3000.00"),
            *monthly("Two", "-4.00", "-400.00", "-4000.00"),
        )

    (left,) = await detected(payer)

    assert (left["id"], left["occurrences"]) == (found["Two"]["id"], 0)
    assert (left["is_active"], left["evidence_transaction_ids"]) == (False, [])


async def test_a_payment_that_does_not_come_is_missed_once(payer: Person) -> None:
    """The last one was due on the day its grace ended yesterday."""
    last = add_months(this_day(6), -1)
    async with ledger_of(payer) as ledger:
        await pay(ledger, *monthly("Rent", *["-700.00"] * 3, last=last))
    # The account is one that is kept by hand: nothing waits to be synced.
    await write(payer.client, update(accounts).values(connection_id=None, source="manual"))
    (found,) = await detected(payer)
    await _await_again(payer, add_months(last, 1))

    for _ in range(3):
        await _look_for_missed(payer)

    missed = await told(payer, "RecurringPaymentMissed")
    (after,) = await listed(payer)
    assert [each["expected_on"] for each in missed] == [str(add_months(last, 1))]
    assert after["missed_count"] == 1
    assert after["expected_on"] > found["last_on"]


async def test_an_account_that_was_not_synced_since_misses_nothing(payer: Person) -> None:
    last = add_months(this_day(6), -1)
    async with ledger_of(payer) as ledger:
        await pay(ledger, *monthly("Rent", *["-700.00"] * 3, last=last))
    await detected(payer)
    await _await_again(payer, add_months(last, 1))

    await _look_for_missed(payer)

    assert await told(payer, "RecurringPaymentMissed") == []


async def _await_again(person: Person, day: date) -> None:
    """As if it had been known before that day."""
    values = {"expected_on": day, "missed_count": 0, "missed_on": None}
    await write(person.client, update(recurring_series).values(values))


async def _look_for_missed(person: Person) -> None:
    services = person.client.app.state.services  # type: ignore[attr-defined]  # set by `running`
    uow = services.unit_of_work(Origin(), None)
    await tell_missed(uow, services.recurring_lookups, services.clock)


async def test_what_ended_long_ago_is_shown_as_ended_and_not_missed(payer: Person) -> None:
    async with ledger_of(payer) as ledger:
        await pay(ledger, *monthly("Old gym", *["-30.00"] * 5, last=this_day(400)))

    (found,) = await detected(payer)
    await _look_for_missed(payer)

    assert (found["is_active"], found["expected_on"]) == (False, None)
    assert await told(payer, "RecurringPaymentMissed") == []
    assert await listed(payer, active_only="true") == []


async def test_upcoming_payments_are_listed_day_by_day(payer: Person) -> None:
    async with ledger_of(payer) as ledger:
        await pay(ledger, *monthly("Music", *["-9.99"] * 3, last=this_day(10)))

    await detected(payer)
    upcoming = (await payer.get("/recurring/upcoming?days=60")).json()

    first = add_months(this_day(10), 1)
    days = [each["expected_on"] for each in upcoming["upcoming"]]
    assert days[0] == str(first)
    assert len(days) == 2
    assert upcoming["total_count"] == 2
    assert upcoming["end_date"] == str(this_day() + timedelta(days=60))


@pytest.mark.parametrize("path", ["/recurring/upcoming", "/cash-flow-forecast"])
async def test_nobody_looks_further_ahead_than_a_year(payer: Person, path: str) -> None:
    allowed = await payer.get(f"{path}?days=366")
    refused = await payer.get(f"{path}?days=367")

    assert (allowed.status_code, refused.status_code) == (200, 422)


async def test_a_sync_is_followed_by_a_look_for_recurring_payments(
    database_url: str, tmp_path: Path
) -> None:
    script = Script()
    kind = AccountType.CHECKING
    script.accounts.append(reported_account("giro", name="giro", account_type=kind))
    script.pages["giro"] = [monthly("Music", "-9.99", "-9.99", "-9.99")]
    async with running_with(settings_for(database_url, tmp_path), ScriptedBank(script)) as client:
        holder = await sign_up(client, "holder")
        await sync_all(holder, await connect(holder))
        await work_through(client, MATCHING, DETECTION)

        (found,) = await listed(holder)
        assert found["name"].startswith("Music")


async def test_the_forecast_moves_known_balances_by_what_is_expected(payer: Person) -> None:
    async with ledger_of(payer) as ledger:
        giro = await pay(
            ledger,
            *monthly("Rent", *["-700.00"] * 3),
            *monthly("Payroll", *["2000.00"] * 3, last=this_day(5)),
        )
        card = await ledger.account("card", account_type=AccountType.CREDIT_CARD)
        await ledger.move(card, *monthly("Music", "-9.99", "-9.99", "-9.99"))
        silent = await ledger.account(
            "silent", account_type=AccountType.SAVINGS, balance=None, currency="EUR"
        )
        start = Decimal("25000.00")
    await detected(payer)

    forecast = (await payer.get("/cash-flow-forecast?days=60")).json()

    (dollars,) = forecast["currencies"]
    assert (dollars["currency"], dollars["starting_balance"]) == ("USD", str(start))
    assert dollars["account_ids"] == [str(giro.id)]
    assert len(dollars["days"]) == 61
    moved_by = sum(Decimal(item["amount"]) for item in dollars["items"])
    assert Decimal(dollars["ending_balance"]) == start + moved_by
    assert Decimal(dollars["expected_in"]) + Decimal(dollars["expected_out"]) == moved_by
    assert len(dollars["items"]) == 4
    assert forecast["account_ids_without_balance"] == [str(silent.id)]
    assert {item["account_id"] for item in forecast["items_left_out"]} == {str(card.id)}


async def test_without_a_known_balance_the_forecast_says_so(payer: Person) -> None:
    async with ledger_of(payer) as ledger:
        account = await ledger.account("giro", account_type=AccountType.CHECKING, balance=None)
        await ledger.move(account, *monthly("Rent", "-7.00", "-7.00", "-7.00"))
    await detected(payer)

    (dollars,) = (await payer.get("/cash-flow-forecast?days=30")).json()["currencies"]

    assert dollars["starting_balance"] is None
    assert dollars["ending_balance"] is None
    assert {day["balance"] for day in dollars["days"]} == {None}
    assert dollars["expected_out"] == "-7.00"


async def test_of_too_many_movements_the_newest_are_looked_at(
    payer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recurring_detection, "MAX_MOVEMENTS", 3)
    monkeypatch.setattr(recurring, "PAGE", 2)
    async with ledger_of(payer) as ledger:
        await pay(ledger, *monthly("Gym", "-3.00", "-3.00", "-3.00"))
        all_of_them = (await payer.post("/recurring/detections")).json()
        await pay(ledger, *monthly("Gym", "-3.00", "-3.00", "-3.00", "-3.00"))
    newest = (await payer.post("/recurring/detections")).json()

    assert (all_of_them["movements_count"], all_of_them["is_whole"]) == (3, True)
    assert (newest["movements_count"], newest["is_whole"]) == (3, False)
    assert [each["occurrences"] for each in await listed(payer)] == [3]


async def test_no_more_series_are_kept_than_there_is_room_for(
    payer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recurring_detection, "MAX_SERIES", 1)
    async with ledger_of(payer) as ledger:
        await pay(ledger, *monthly("Gym", "-3.00", "-3.00", "-3.00", last=this_day(12)))
        await pay(ledger, *monthly("Pool", "-4.00", "-4.00", "-4.00"))

    (kept,) = await detected(payer)

    assert kept["name"].startswith("Pool")


async def test_many_looks_at_once_find_each_series_once(payer: Person) -> None:
    async with ledger_of(payer) as ledger:
        await pay(ledger, *monthly("Gym", "-3.00", "-3.00", "-3.00"))

    answers = await asyncio.gather(*(payer.post("/recurring/detections") for _ in range(10)))

    assert {answer.status_code for answer in answers} == {201}
    assert len(await listed(payer)) == 1
    assert len(await told(payer, "RecurringDetected")) == 1
