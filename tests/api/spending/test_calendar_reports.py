from datetime import date, datetime, timedelta
from typing import Any

import pytest
import time_machine

from coffers.application.spending.calendar_reports import MAX_SPANS, MAX_WEEKS
from tests.people import Person
from tests.spending import MONDAY, enter, purse, report

pytestmark = pytest.mark.asyncio(loop_scope="module")


def spans(found: Any) -> list[tuple[str, str]]:
    return [(each["start_date"], each["in_base"]["spent"]) for each in found["spans"]]


async def test_every_month_is_there_also_the_empty_ones(eve: Person) -> None:
    account = await purse(eve)
    await enter(eve, account, "-1.00", date(2025, 12, 31))
    await enter(eve, account, "-2.00", date(2026, 2, 1))

    query = {"start_date": "2025-11-15", "end_date": "2026-02-10"}
    found = await report(eve, "over-time", interval="month", **query)

    assert spans(found) == [
        ("2025-11-01", "0.00"),
        ("2025-12-01", "1.00"),
        ("2026-01-01", "0.00"),
        ("2026-02-01", "2.00"),
    ]
    assert found["spans"][-1]["end_date"] == "2026-02-28"
    assert found["in_base"]["spent"] == "3.00"


async def test_weeks_begin_on_monday_also_over_the_turn_of_the_year(eve: Person) -> None:
    account = await purse(eve)
    await enter(eve, account, "-1.00", date(2026, 1, 4))  # a Sunday, of the week of 29 December
    await enter(eve, account, "-2.00", date(2026, 1, 5))

    found = await report(eve, "over-time", interval="week", end_date="2026-01-11")

    assert spans(found) == [("2025-12-29", "1.00"), ("2026-01-05", "2.00")]


async def test_by_itself_it_goes_from_the_first_entry_to_today(eve: Person) -> None:
    account = await purse(eve)
    await enter(eve, account, "-1.00")

    with time_machine.travel(datetime.fromisoformat("2026-03-04T12:00:00Z"), tick=True):
        found = await report(eve, "over-time", interval="day")

    assert spans(found) == [("2026-03-02", "1.00"), ("2026-03-03", "0.00"), ("2026-03-04", "0.00")]


async def test_without_entries_and_a_start_there_is_nothing_to_show(ada: Person) -> None:
    assert (await report(ada, "over-time"))["spans"] == []


async def test_an_answer_has_at_most_ten_years_of_days(ada: Person) -> None:
    fits, too_long = (str(MONDAY - timedelta(days=MAX_SPANS - more)) for more in (1, 0))
    query = {"interval": "day", "end_date": str(MONDAY)}

    answers = [
        await ada.get("/reports/over-time", params=query | {"start_date": first})
        for first in (fits, too_long)
    ]

    assert [answer.status_code for answer in answers] == [200, 422]


@pytest.mark.parametrize(
    ("zone", "at", "this_week"),
    [
        # Midnight between Sunday and Monday, half an hour before it and after it, where one lives.
        ("Pacific/Pago_Pago", "2026-03-09T10:30:00Z", "2026-03-02"),
        ("Pacific/Pago_Pago", "2026-03-09T11:30:00Z", "2026-03-09"),
        ("UTC", "2026-03-08T23:30:00Z", "2026-03-02"),
        ("UTC", "2026-03-09T00:30:00Z", "2026-03-09"),
        ("Pacific/Kiritimati", "2026-03-08T09:30:00Z", "2026-03-02"),
        ("Pacific/Kiritimati", "2026-03-08T10:30:00Z", "2026-03-09"),
    ],
)
async def test_this_week_is_the_week_where_the_user_lives(
    ada: Person, zone: str, at: str, this_week: str
) -> None:
    await ada.patch("/users/me", {"time_zone": zone})
    await enter(ada, await purse(ada), "-7.00", date(2026, 3, 9))

    with time_machine.travel(datetime.fromisoformat(at), tick=True):
        signed = await ada.client.post(
            "/sessions", json={"email": ada.email, "password": "correct horse battery"}
        )
        headers = {"Authorization": f"Bearer {signed.json()['access_token']}"}
        found = (await ada.client.get("/reports/week", headers=headers)).json()

    assert found["this_week"]["start_date"] == this_week
    is_next = this_week == "2026-03-09"
    assert found["this_week"]["in_base"]["spent"] == ("7.00" if is_next else "0.00")
    assert found["time_zone"] == zone


async def test_this_week_stands_beside_the_average_of_the_weeks_before(eve: Person) -> None:
    account = await purse(eve)
    today = datetime.now().astimezone().date()
    monday = today - timedelta(days=today.weekday())
    await enter(eve, account, "-15.00", monday)
    await enter(eve, account, "-10.00", monday - timedelta(days=1))
    await enter(eve, account, "-10.00", monday - timedelta(weeks=3))

    found = await report(eve, "week")

    assert found["this_week"]["by_currency"]["USD"]["spent"] == "15.00"
    # Three weeks since the first entry, one of them without any: 20 / 3.
    assert found["week_count"] == 3
    assert found["average_week"]["by_currency"]["USD"]["spent"] == "6.67"
    assert found["average_week"]["start_date"] == str(monday - timedelta(weeks=3))
    assert found["spent_change_percent"] == "124.89"


async def test_without_earlier_weeks_there_is_no_change(ada: Person) -> None:
    await enter(ada, await purse(ada), "-15.00", datetime.now().astimezone().date())

    found = await report(ada, "week", weeks=2)

    assert (found["week_count"], found["spent_change_percent"]) == (0, None)


async def test_an_average_is_of_at_most_a_year_of_weeks(ada: Person) -> None:
    answers = [await ada.get(f"/reports/week?weeks={MAX_WEEKS + more}") for more in (0, 1)]

    assert [answer.status_code for answer in answers] == [200, 422]
