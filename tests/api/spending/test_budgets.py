import asyncio
import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from coffers.application.spending.budget_checks import CHECK
from coffers.background import KINDS
from coffers.domain.ids import UserId, new_id
from coffers.domain.jobs import Job
from coffers.domain.spending.budgets import MAX_BUDGETS, MAX_THRESHOLDS
from coffers.infrastructure.db.jobs import jobs
from coffers.infrastructure.db.live.events import events
from coffers.infrastructure.db.spending import budgets as table
from tests.api.conftest import newcomer
from tests.people import Person
from tests.rates import keep_rate
from tests.rows import event_names, rows
from tests.spending import CATEGORY, MONDAY, enter, purse

pytestmark = pytest.mark.asyncio(loop_scope="module")

FOOD = {
    "name": "Food",
    "amount": "310.00",
    "currency": "USD",
    "period": "month",
    "starts_on": "2026-03-01",
}


async def keep(person: Person, **changes: Any) -> str:
    answer = await person.post("/budgets", FOOD | changes)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def progress(person: Person, budget_id: str, on: date) -> Any:
    answer = await person.get(f"/budgets/{budget_id}/progress", params={"date": str(on)})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def look(person: Person) -> None:
    """What a worker does with the job that follows a change."""
    services = person.client.app.state.services  # type: ignore[attr-defined]  # set by `client_of`
    user_id = UserId(UUID(person.id))
    job = Job(new_id(), CHECK, {}, datetime.now(UTC), user_id)
    await KINDS[CHECK].run(services, job)


@pytest.mark.parametrize("zone", ["Pacific/Pago_Pago", "Pacific/Kiritimati"])
async def test_a_budget_begins_with_the_period_that_it_is_now_where_its_owner_is(
    ada: Person, zone: str
) -> None:
    await ada.patch("/users/me", {"time_zone": zone})
    today = datetime.now(ZoneInfo(zone)).date()
    draft = {name: value for name, value in FOOD.items() if name != "starts_on"}

    begun = [
        (await ada.post("/budgets", draft | more)).json()["starts_on"]
        for more in (
            {"period": "week"},
            {"period": "month"},
            {"period": "custom", "length_days": 10},
        )
    ]

    monday = today - timedelta(days=today.weekday())
    assert begun == [str(monday), str(today.replace(day=1)), str(today)]


async def test_a_budget_is_kept_read_changed_and_deleted(eve: Person) -> None:
    made = await eve.post("/budgets", FOOD | {"thresholds": [100, 80, 80]})
    where = made.headers["location"].removeprefix("/api/v1")

    read = await eve.get(where)
    changed = await eve.patch(where, {"amount": "400"}, headers={"If-Match": read.headers["etag"]})
    stale = await eve.patch(where, {"amount": "5"}, headers={"If-Match": read.headers["etag"]})
    gone = await eve.delete(where)

    assert read.json() == made.json()
    assert read.json()["thresholds"] == [80, 100]
    assert changed.json()["amount"] == "400.00"
    assert (stale.status_code, gone.status_code) == (412, 204)
    assert (await eve.get("/budgets")).json() == {"budgets": [], "total_count": 0}


async def test_progress_says_what_is_spent_left_expected_and_projected(eve: Person) -> None:
    account = await purse(eve)
    budget = await keep(eve, category_ids=[CATEGORY["supermarket"]])
    await enter(eve, account, "-150.00", date(2026, 3, 2), category="supermarket")
    await enter(eve, account, "-50.00", date(2026, 3, 10), category="supermarket")
    await enter(eve, account, "-7.00", date(2026, 3, 11), category="supermarket")
    await enter(eve, account, "-99.00", date(2026, 3, 5), category="home")
    await enter(eve, account, "-99.00", date(2026, 2, 28), category="supermarket")

    found = await progress(eve, budget, date(2026, 3, 10))

    assert (found["period_start"], found["period_end"]) == ("2026-03-01", "2026-03-31")
    assert (found["spent"], found["remaining"]) == ("200.00", "110.00")
    assert (found["expected_by_now"], found["projected"]) == ("100.00", "620.00")
    assert (found["days_elapsed"], found["days_total"]) == (10, 31)
    assert (found["spent_percent"], found["is_ahead_of_pace"]) == ("64.52", True)


async def test_a_category_s_children_belong_to_its_budget_and_parts_of_splits_too(
    eve: Person,
) -> None:
    draft = {"name": "Bakery", "kind": "expense", "icon": "🥐"}
    child = await eve.post("/categories", draft | {"parent_id": CATEGORY["supermarket"]})
    budget = await keep(eve, category_ids=[CATEGORY["supermarket"]])
    parts = [{"amount": "-4.00", "category_id": child.json()["id"]}, {"amount": "-6.00"}]
    await enter(eve, await purse(eve), "-10.00", splits=parts)

    found = await progress(eve, budget, MONDAY)

    assert found["spent"] == "4.00"


async def test_without_categories_everything_spent_counts_and_income_does_not(eve: Person) -> None:
    account = await purse(eve)
    budget = await keep(eve)
    await enter(eve, account, "-10.00")
    await enter(eve, account, "1000.00")

    assert (await progress(eve, budget, MONDAY))["spent"] == "10.00"


@pytest.mark.parametrize(
    ("period", "more", "spent"),
    [
        ("week", {}, "1.00"),
        ("month", {}, "11.00"),
        ("quarter", {}, "111.00"),
        ("year", {}, "111.00"),
        ("custom", {"length_days": 10, "starts_on": "2026-02-25"}, "11.00"),
    ],
)
async def test_each_period_counts_its_own_days(
    ada: Person, period: str, more: dict[str, Any], spent: str
) -> None:
    account = await purse(ada)
    budget = await keep(ada, period=period, **{"starts_on": "2026-01-01"} | more)
    await enter(ada, account, "-1.00", date(2026, 3, 2))
    await enter(ada, account, "-10.00", date(2026, 3, 1))
    await enter(ada, account, "-100.00", date(2026, 1, 31))

    assert (await progress(ada, budget, MONDAY))["spent"] == spent


async def test_a_rollover_carries_on_what_was_left_and_what_was_too_much(eve: Person) -> None:
    account = await purse(eve)
    budget = await keep(eve, amount="100.00", has_rollover=True, starts_on="2026-01-15")
    await enter(eve, account, "-70.00", date(2026, 1, 2))
    await enter(eve, account, "-150.00", date(2026, 2, 2))
    await enter(eve, account, "-30.00", date(2026, 3, 2))

    found = await progress(eve, budget, date(2026, 3, 31))

    assert (found["rolled_over"], found["available"]) == ("-20.00", "80.00")
    assert found["remaining"] == "50.00"


async def test_foreign_expenses_count_at_the_rate_of_their_day_or_there_is_no_total(
    eve: Person,
) -> None:
    euros = await purse(eve, "EUR")
    budget = await keep(eve)
    await keep_rate(eve, "EUR", "USD", MONDAY, "1.105")
    await enter(eve, euros, "-3.00")

    known = await progress(eve, budget, MONDAY)
    await enter(eve, await purse(eve, "XAU"), "-1")
    unknown = await progress(eve, budget, MONDAY)

    assert (known["spent"], known["missing_currencies"]) == ("3.32", [])
    assert (unknown["spent"], unknown["missing_currencies"]) == (None, ["XAU"])


async def test_before_it_begins_a_budget_has_no_progress(ada: Person) -> None:
    budget = await keep(ada)

    answer = await ada.get(f"/budgets/{budget}/progress", params={"date": "2026-02-28"})

    assert answer.status_code == 422


async def test_the_envelopes_of_a_month_and_what_is_in_none_of_them(eve: Person) -> None:
    account = await purse(eve)
    await keep(eve, category_ids=[CATEGORY["supermarket"]])
    await keep(eve, name="Pets", amount="20.00", category_ids=[CATEGORY["pets"]])
    await keep(eve, name="Yearly", period="year")
    await keep(eve, name="Later", starts_on="2026-04-01")
    await enter(eve, account, "-5.00", category="supermarket")
    await enter(eve, account, "-6.00", category="home")
    await enter(eve, account, "-7.00")

    found = (await eve.get("/budgets/envelopes", params={"month": "2026-03"})).json()

    assert [(each["name"], each["remaining"]) for each in found["envelopes"]] == [
        ("Food", "305.00"),
        ("Pets", "20.00"),
    ]
    assert found["budgeted_by_currency"] == {"USD": "330.00"}
    assert (found["spent_outside"], found["base_currency"]) == ("13.00", "USD")


async def test_every_threshold_is_told_once_for_its_period(eve: Person) -> None:
    account, today = await purse(eve), datetime.now(UTC).date()
    await keep(eve, amount="100.00", thresholds=[50, 80, 100], starts_on=str(today))
    await enter(eve, account, "-85.00", today)

    await look(eve)
    await look(eve)
    first = (await event_names(eve.client, eve.id)).count("BudgetThresholdReached")
    await enter(eve, account, "-15.00", today)
    await look(eve)

    names = await event_names(eve.client, eve.id)
    assert (first, names.count("BudgetThresholdReached")) == (2, 3)


async def test_however_many_look_at_once_a_threshold_is_told_once(eve: Person) -> None:
    account, today = await purse(eve), datetime.now(UTC).date()
    await keep(eve, amount="100.00", thresholds=[50, 80], starts_on=str(today))
    await enter(eve, account, "-85.00", today)

    await asyncio.gather(*(look(eve) for _ in range(5)))

    assert (await event_names(eve.client, eve.id)).count("BudgetThresholdReached") == 2


async def test_an_entry_asks_for_a_look_at_the_thresholds_once(eve: Person) -> None:
    account = await purse(eve)
    for _ in range(3):
        await enter(eve, account, "-1.00")

    hers = (jobs.c.kind == CHECK) & jobs.c.dedupe_key.contains(eve.id)
    waiting = await rows(eve.client, select(jobs.c.dedupe_key).where(hers))
    assert [row.dedupe_key for row in waiting] == [f"{CHECK}:{eve.id}"]


async def test_the_event_says_how_it_stood(ada: Person) -> None:
    account, today = await purse(ada), datetime.now(UTC).date()
    await keep(ada, amount="100.00", thresholds=[80], starts_on=str(today - timedelta(days=40)))
    await enter(ada, account, "-85.00", today)

    await look(ada)

    hers = (events.c.user_id == UUID(ada.id)) & (events.c.name == "BudgetThresholdReached")
    told = await rows(ada.client, select(events.c.details).where(hers))
    details = json.loads(told[0].details)
    assert details.pop("period_start") <= str(today) <= details.pop("period_end")
    assert details == {
        "name": "Food",
        "threshold_percent": 80,
        "spent": "85.00",
        "available": "100.00",
        "currency": "USD",
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": "0"},
        {"period": "custom"},
        {"length_days": 7},
        {"thresholds": [0]},
        {"thresholds": list(range(1, MAX_THRESHOLDS + 2))},
        {"category_ids": [CATEGORY["salary"]]},
        {"category_ids": [str(new_id())]},
        {"currency": "ZZZ"},
    ],
)
async def test_what_no_budget_can_be_is_refused(ada: Person, wrong: dict[str, Any]) -> None:
    answer = await ada.post("/budgets", FOOD | wrong)

    assert answer.status_code == 422


async def test_there_are_at_most_so_many_budgets(
    ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "MAX_BUDGETS", 3)
    for _ in range(3):
        await keep(ada)

    answer = await ada.post("/budgets", FOOD)

    assert MAX_BUDGETS == 200
    assert answer.status_code == 422
    assert answer.json()["detail"] == "At most 3 budgets."


async def test_somebody_else_s_budget_is_forbidden(ada: Person) -> None:
    mallory = await newcomer(ada.client, "mallory")
    budget = await keep(ada)

    assert (await mallory.get(f"/budgets/{budget}/progress")).status_code == 403
