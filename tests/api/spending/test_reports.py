from datetime import date, timedelta
from typing import Any

import pytest

from tests.api.conftest import newcomer
from tests.people import Person
from tests.rates import keep_rate
from tests.spending import CATEGORY, MONDAY, amounts, enter, purse, report

pytestmark = pytest.mark.asyncio(loop_scope="module")

BUY = {"transaction_type": "trade", "symbol": "WINE", "quantity": "1"}


async def test_what_was_earned_and_spent_and_the_difference(eve: Person) -> None:
    account = await purse(eve)
    await enter(eve, account, "2500.00", category="salary")
    await enter(eve, account, "-10.50")
    await enter(eve, account, "-4.39", MONDAY + timedelta(days=1))
    await enter(eve, account, "-2.06", MONDAY - timedelta(days=400))

    found = await report(eve, "totals")

    # VECTORS, Rounding: 10.5 + 4.39 + 2.06 = 16.95.
    assert found["by_currency"] == {
        "USD": {
            "earned": "2500.00",
            "spent": "16.95",
            "difference": "2483.05",
            "savings_rate_percent": "99.32",
            "entry_count": 4,
        }
    }
    assert (found["start_date"], found["end_date"]) == (None, None)


async def test_the_ends_of_a_period_belong_to_it(eve: Person) -> None:
    account = await purse(eve)
    for day in range(5):
        await enter(eve, account, f"-{10**day}", MONDAY + timedelta(days=day))

    found = await report(eve, "totals", start_date="2026-03-03", end_date="2026-03-05")

    assert found["by_currency"]["USD"]["spent"] == "1110.00"


async def test_nothing_is_no_savings_rate(ada: Person) -> None:
    found = await report(ada, "totals")

    assert found["by_currency"] == {}
    assert found["in_base"] == {
        "earned": "0.00",
        "spent": "0.00",
        "difference": "0.00",
        "savings_rate_percent": None,
    }


async def test_a_refund_lessens_what_was_spent(eve: Person) -> None:
    account = await purse(eve)
    await enter(eve, account, "-50.00", category="clothing")
    await enter(eve, account, "20.00", category="clothing")

    found = await report(eve, "totals")

    assert amounts(found["by_currency"]["USD"]) == ("0.00", "30.00")


@pytest.mark.parametrize(
    ("said", "counted"),
    [
        ({"amount": "-9.00", "transaction_type": "expense"}, ("0.00", "9.00")),
        ({"amount": "-9.00", "transaction_type": "fee"}, ("0.00", "9.00")),
        ({"amount": "9.00", "transaction_type": "income"}, ("9.00", "0.00")),
        ({"amount": "-9.00", "transaction_type": "other"}, ("0.00", "9.00")),
        ({"amount": "9.00", "transaction_type": "other"}, ("9.00", "0.00")),
        ({"amount": "-9.00", **BUY, "category": "taxes"}, ("0.00", "9.00")),
        ({"amount": "9.00", "transaction_type": "other", "category": "pets"}, ("0.00", "-9.00")),
    ],
)
async def test_the_category_decides_what_counts_then_the_type_then_the_sign(
    ada: Person, said: dict[str, Any], counted: tuple[str, str]
) -> None:
    await enter(ada, await purse(ada), **said)

    found = await report(ada, "totals")

    assert amounts(found["by_currency"]["USD"]) == counted


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"status": "pending"}, "pending"),
        ({"status": "failed"}, "failed"),
        ({"status": "cancelled"}, "failed"),
        ({"is_ignored": True}, "ignored"),
        ({"is_ignored": True, "status": "pending"}, "ignored"),
        ({"is_transfer": True}, "transfers"),
        ({"transaction_type": "transfer"}, "neither"),
        (BUY, "neither"),
    ],
)
async def test_what_does_not_count_is_said(eve: Person, said: dict[str, Any], reason: str) -> None:
    await enter(eve, await purse(eve), "-9.00", **said)

    found = await report(eve, "totals")

    left_out = {name: count for name, count in found["left_out"].items() if count}
    assert (found["by_currency"], left_out) == ({}, {reason: 1})


async def test_what_is_pending_counts_when_asked_for(eve: Person) -> None:
    account = await purse(eve)
    await enter(eve, account, "-9.00", status="pending")
    await enter(eve, account, "-1.00")

    found = await report(eve, "totals", include_pending="true")

    assert found["by_currency"]["USD"]["spent"] == "10.00"
    assert (found["left_out"]["pending"], found["includes_pending"]) == (0, True)


async def test_each_currency_counts_for_itself_and_all_of_them_at_the_rates_of_their_days(
    eve: Person,
) -> None:
    await keep_rate(eve, "EUR", "USD", MONDAY, "1.20")
    await keep_rate(eve, "EUR", "USD", MONDAY + timedelta(days=1), "1.50")
    dollars, euros = await purse(eve), await purse(eve, "EUR")
    await enter(eve, dollars, "-1.00")
    await enter(eve, euros, "-10.00")
    await enter(eve, euros, "-100.01", MONDAY + timedelta(days=1))

    found = await report(eve, "totals")

    spent = {code: each["spent"] for code, each in found["by_currency"].items()}
    assert spent == {"EUR": "110.01", "USD": "1.00"}
    assert (found["base_currency"], found["missing_rates"]) == ("USD", [])
    assert found["in_base"]["spent"] == "163.02"  # 1 + 12 + 150.015


async def test_a_missing_rate_is_said_and_makes_no_total(eve: Person) -> None:
    gold = await purse(eve, "XAU")
    await enter(eve, await purse(eve), "-1.00", category="home")
    await enter(eve, gold, "-2", category="gifts")
    await enter(eve, gold, "-3", MONDAY + timedelta(days=9), category="gifts")

    found = await report(eve, "by-category")

    assert found["missing_rates"] == [
        {
            "currency": "XAU",
            "day_count": 2,
            "first_date": "2026-03-02",
            "last_date": "2026-03-11",
        }
    ]
    assert found["in_base"]["spent"] is None
    spent = {row["category"]: row["in_base"]["spent"] for row in found["categories"]}
    assert spent == {"home": "1.00", "gifts": None}


async def test_only_one_account_or_currency_if_asked(eve: Person) -> None:
    one, other, euros = await purse(eve), await purse(eve), await purse(eve, "EUR")
    await enter(eve, one, "-1.00")
    await enter(eve, other, "-2.00")
    await enter(eve, euros, "-4.00")

    of_one = await report(eve, "totals", account_id=str(one))
    of_euros = await report(eve, "totals", currency="EUR")

    assert of_one["by_currency"]["USD"]["spent"] == "1.00"
    assert list(of_euros["by_currency"]) == ["EUR"]


async def test_somebody_else_s_account_is_forbidden(ada: Person) -> None:
    mallory = await newcomer(ada.client, "mallory")
    account = await purse(ada)

    answer = await mallory.get("/reports/totals", params={"account_id": str(account)})

    assert answer.status_code == 403


async def test_a_split_counts_part_by_part(eve: Person) -> None:
    parts = [
        {"amount": "-60.00", "category_id": CATEGORY["supermarket"]},
        {"amount": "-30.005", "category_id": CATEGORY["pets"]},
        {"amount": "-9.995"},
    ]
    await enter(eve, await purse(eve), "-100.00", splits=parts, category="home")

    found = await report(eve, "by-category")

    spent = {row["category"]: row["by_currency"]["USD"]["spent"] for row in found["categories"]}
    assert spent == {"supermarket": "60.00", "pets": "30.005", None: "9.995"}
    assert found["by_currency"]["USD"]["spent"] == "100.00"


async def test_a_category_counts_with_those_below_it(eve: Person) -> None:
    account = await purse(eve)
    draft = {"name": "Bakery", "kind": "expense", "icon": "🥐"}
    made = await eve.post("/categories", draft | {"parent_id": CATEGORY["supermarket"]})
    await enter(eve, account, "-5.00", category_id=made.json()["id"])

    found = await report(eve, "by-category")

    parent, child = found["categories"]
    assert (parent["category"], child["category"]) == ("supermarket", "bakery")
    assert (parent["by_currency"], parent["in_base"]["spent"]) == ({}, "0.00")
    assert parent["with_children_by_currency"]["USD"]["spent"] == "5.00"
    assert parent["with_children_in_base"]["spent"] == "5.00"
    assert child["parent_id"] == CATEGORY["supermarket"]


async def test_parts_in_the_base_currency_add_up_to_the_whole(eve: Person) -> None:
    await keep_rate(eve, "EUR", "USD", MONDAY, "1.005")
    euros = await purse(eve, "EUR")
    for value in ("home", "pets", "taxes"):
        await enter(eve, euros, "-1.00", category=value)

    found = await report(eve, "by-category")

    assert found["in_base"]["spent"] == "3.02"  # 3.015
    assert sorted(row["in_base"]["spent"] for row in found["categories"]) == [
        "1.00",
        "1.01",
        "1.01",
    ]


async def test_by_merchant_by_account_and_by_tag(eve: Person) -> None:
    one, other = await purse(eve, name="One"), await purse(eve, name="Other")
    await enter(eve, one, "-1.00", merchant="Bakery", tags=["breakfast", "bread"])
    await enter(eve, one, "-2.00", merchant="Bakery", tags=["bread"])
    await enter(eve, other, "-4.00")

    merchants = (await report(eve, "by-merchant"))["merchants"]
    accounts = (await report(eve, "by-account"))["accounts"]
    by_tag = await report(eve, "by-tag")

    def spent(rows: list[Any], name: str) -> list[tuple[Any, str]]:
        return [(row[name], row["in_base"]["spent"]) for row in rows]

    assert spent(merchants, "merchant") == [("Bakery", "3.00"), (None, "4.00")]
    assert spent(accounts, "name") == [("One", "3.00"), ("Other", "4.00")]
    assert spent(by_tag["tags"], "tag") == [
        ("bread", "3.00"),
        ("breakfast", "1.00"),
        (None, "4.00"),
    ]
    assert by_tag["in_base"]["spent"] == "7.00"


async def test_what_one_has_is_in_nobody_else_s_report(eve: Person) -> None:
    mallory = await newcomer(eve.client, "mallory")
    await enter(eve, await purse(eve), "-9.00")

    assert (await report(mallory, "totals"))["by_currency"] == {}


async def test_a_range_that_ends_before_it_starts_is_refused(ada: Person) -> None:
    query = {"start_date": "2026-03-02", "end_date": str(date(2026, 3, 1))}

    answer = await ada.get("/reports/totals", params=query)

    assert answer.status_code == 400
