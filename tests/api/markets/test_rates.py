from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from coffers.presentation.api.markets.rates import MAX_RATES
from tests.api.conftest import newcomer
from tests.people import Person
from tests.rates import keep_rate

pytestmark = pytest.mark.asyncio(loop_scope="module")

MONDAY = date(2026, 3, 2)


def rate(**changes: str) -> dict[str, str]:
    pair = {"base_currency": "EUR", "quote_currency": "XAU"}
    return pair | {"date": str(MONDAY), "rate": "0.0004"} | changes


async def looked_up(person: Person, **query: str) -> Any:
    answer = await person.get("/exchange-rates", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_rate_comes_with_its_day_its_source_and_the_bank_s_name(eve: Person) -> None:
    found = await looked_up(eve, base="EUR", quote="USD", date="2015-02-15")

    assert found["exchange_rates"] == [
        {"date": "2015-02-15", "rate": "1.1381", "rate_date": "2015-02-13", "source": "ECB"}
    ]
    assert found["attribution"].startswith("European Central Bank")
    assert found["published_until"] >= "2026-10-30"


async def test_a_range_names_the_days_without_a_rate(eve: Person) -> None:
    await keep_rate(eve, "EUR", "XAU", MONDAY, "0.0004")

    found = await looked_up(
        eve, base="XAU", quote="EUR", start_date="2026-03-01", end_date="2026-03-10"
    )

    rates = [each["rate"] for each in found["exchange_rates"]]
    assert rates == [None, *["2500"] * 8, None]
    assert (found["total_count"], found["missing_count"]) == (10, 2)


async def test_one_s_own_rate_takes_precedence_and_is_nobody_else_s(eve: Person) -> None:
    mallory = await newcomer(eve.client, "mallory")
    await keep_rate(eve, "EUR", "USD", MONDAY, "9")

    mine = await looked_up(eve, base="EUR", quote="USD", date=str(MONDAY))
    theirs = await looked_up(mallory, base="EUR", quote="USD", date=str(MONDAY))

    assert mine["exchange_rates"][0]["source"] == "own"
    assert theirs["exchange_rates"][0]["source"] == "ECB"


async def test_a_rate_of_the_same_pair_and_day_takes_the_other_s_place(eve: Person) -> None:
    await keep_rate(eve, "EUR", "XAU", MONDAY, "0.0004")
    await keep_rate(eve, "EUR", "XAU", MONDAY, "0.0005")

    listed = (await eve.get("/exchange-rates/own")).json()

    assert [each["rate"] for each in listed["exchange_rates"]] == ["0.0005"]
    assert listed["total_count"] == 1


async def test_one_s_own_rates_are_listed_by_pair_and_day(eve: Person) -> None:
    drafts = [rate(), rate(date="2026-03-03"), rate(quote_currency="XAG")]
    await eve.post("/exchange-rates", {"exchange_rates": drafts})

    query = {"base": "EUR", "quote": "XAU", "start_date": "2026-03-03", "end_date": "2026-03-03"}
    listed = (await eve.get("/exchange-rates/own", params=query)).json()["exchange_rates"]

    assert [(each["quote_currency"], each["date"]) for each in listed] == [("XAU", "2026-03-03")]


async def test_a_forgotten_rate_is_unknown_again(eve: Person) -> None:
    await keep_rate(eve, "EUR", "XAU", MONDAY, "0.0004")
    (kept,) = (await eve.get("/exchange-rates/own")).json()["exchange_rates"]

    gone = await eve.delete(f"/exchange-rates/own/{kept['id']}")

    assert gone.status_code == 204
    found = await looked_up(eve, base="EUR", quote="XAU", date=str(MONDAY))
    assert found["exchange_rates"][0]["rate"] is None


@pytest.mark.parametrize(
    "wrong",
    [
        rate(rate="0"),
        rate(rate="-1"),
        rate(quote_currency="EUR"),
        rate(date=str(datetime.now(UTC).date() + timedelta(days=2))),
        rate(rate="1e5"),
        rate(base_currency="eur"),
    ],
)
async def test_what_cannot_be_a_rate_is_refused(ada: Person, wrong: dict[str, str]) -> None:
    answer = await ada.post("/exchange-rates", {"exchange_rates": [wrong]})

    assert answer.status_code == 422


async def test_two_rates_of_one_pair_and_day_in_one_request_are_refused(ada: Person) -> None:
    answer = await ada.post("/exchange-rates", {"exchange_rates": [rate(), rate(rate="2")]})

    assert answer.status_code == 422


async def test_a_request_holds_at_most_a_thousand_rates(ada: Person) -> None:
    days = [str(MONDAY - timedelta(days=number)) for number in range(MAX_RATES + 1)]
    drafts = [rate(date=day) for day in days]

    fits = await ada.post("/exchange-rates", {"exchange_rates": drafts[:-1]})
    too_many = await ada.post("/exchange-rates", {"exchange_rates": drafts})

    assert (fits.status_code, too_many.status_code) == (201, 422)


async def test_an_answer_covers_at_most_ten_years(ada: Person) -> None:
    query = {"base": "EUR", "quote": "USD", "end_date": "2026-03-02"}
    fits, too_long = (str(MONDAY - timedelta(days=3_659 + more)) for more in (0, 1))

    answers = [
        await ada.get("/exchange-rates", params=query | {"start_date": day})
        for day in (fits, too_long)
    ]

    assert [answer.status_code for answer in answers] == [200, 422]
