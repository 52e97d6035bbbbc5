"""Where statements go, and what becomes of balances and positions there."""

from datetime import date, timedelta

import pytest

from tests.people import Person
from tests.statements import (
    DAY,
    Line,
    coffee,
    dumped,
    imported,
    ofx,
    only_account,
    open_account,
    portfolio,
    snapshots,
    upload,
    verdicts,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


def two_accounts() -> bytes:
    second = ofx(Line(name="Rent", amount="-700", id="r"), account="222", balance="70.00")
    body = second.decode().partition("<OFX>")[2].removesuffix("</OFX>")
    return ofx(coffee(id="c"), account="111", balance="11.00", more=body)


async def test_a_file_of_several_accounts_makes_them_all(eve: Person) -> None:
    plan = await imported(eve, two_accounts())

    accounts = (await eve.get("/accounts")).json()["accounts"]
    assert [one["transaction_count"] for one in plan["accounts"]] == [1, 1]
    assert sorted(one["balance_amount"] for one in accounts) == ["11.00", "70.00"]
    assert await verdicts(eve, two_accounts()) == {"duplicate": 2}


async def test_a_file_of_several_accounts_does_not_go_to_one(ada: Person) -> None:
    account_id = await open_account(ada)

    refused = await upload(ada, two_accounts(), account_id=account_id)

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "account_id"


async def test_a_file_goes_to_the_account_that_its_owner_names(ada: Person) -> None:
    account_id = await open_account(ada)

    plan = await imported(ada, ofx(coffee(id="a"), balance="8.00"), account_id=account_id)

    account = await only_account(ada)
    assert plan["accounts"][0]["name"] == "Wallet"
    assert (account["id"], account["balance_amount"]) == (account_id, "8.00")
    again = await verdicts(ada, ofx(coffee(id="a")), account_id=account_id)
    assert again == {"duplicate": 1}


async def test_a_file_in_another_currency_does_not_go_to_the_account(ada: Person) -> None:
    account_id = await open_account(ada)

    refused = await upload(ada, ofx(coffee(), currency="EUR"), account_id=account_id)

    assert refused.status_code == 422
    assert "EUR" in refused.json()["detail"]


async def test_one_number_in_two_currencies_is_two_accounts(ada: Person) -> None:
    await imported(ada, ofx(coffee(id="a"), balance="1.00"))

    await imported(ada, ofx(coffee(id="a"), balance="2.00", currency="EUR"))

    accounts = (await ada.get("/accounts")).json()["accounts"]
    told = sorted((one["currency"], one["balance_amount"]) for one in accounts)
    assert told == [("EUR", "2.00"), ("USD", "1.00")]
    for currency in ("USD", "EUR"):
        file = ofx(coffee(id="a"), currency=currency)
        assert await verdicts(ada, file) == {"duplicate": 1}


async def test_a_new_account_has_the_balance_of_its_statement_s_day(eve: Person) -> None:
    await imported(eve, ofx(coffee(), balance="25.00"))

    account = await only_account(eve)
    assert account["balance_amount"] == "25.00"
    assert account["last_synced_at"] == "2026-01-15T23:59:59Z"
    assert await snapshots(eve) == [("2026-01-15T23:59:59Z", "25.00")]


async def test_an_older_statement_adds_history_and_leaves_the_newer_balance(eve: Person) -> None:
    await imported(eve, ofx(coffee(id="b"), balance="25.00"))
    older = DAY - timedelta(days=31)

    plan = await imported(eve, ofx(coffee(id="a", day=older), balance="99.00", balance_day=older))

    assert plan["accounts"][0]["is_current"] is False
    assert (await only_account(eve))["balance_amount"] == "25.00"
    assert await snapshots(eve) == [
        ("2026-01-15T23:59:59Z", "25.00"),
        ("2025-12-15T23:59:59Z", "99.00"),
    ]


async def test_a_statement_leaves_what_an_account_opened_with_and_its_rows_count(
    ada: Person,
) -> None:
    account_id = await open_account(ada, opening_balance="100.00")

    await imported(ada, ofx(coffee(), balance="3.00"), account_id=account_id)

    account = await only_account(ada)
    assert (account["opening_balance"], account["balance_amount"]) == ("100.00", "96.50")


async def test_the_same_balance_again_is_no_second_snapshot(eve: Person) -> None:
    today = date.today()  # noqa: DTZ011 - whichever zone: it has not ended everywhere
    for day in (DAY, today):
        await imported(eve, ofx(coffee(id="a"), balance="25.00", balance_day=day))
        await imported(eve, ofx(coffee(id="a"), balance="25.00", balance_day=day))

    assert len(await snapshots(eve)) == 2


async def test_a_balance_of_the_future_is_of_now(ada: Person) -> None:
    await imported(ada, ofx(coffee(), balance="25.00", balance_day=date(2099, 1, 1)))

    ((captured_at, _),) = await snapshots(ada)
    assert captured_at < "2099"


@pytest.mark.parametrize(
    ("zone", "instant"),
    [
        ("Pacific/Kiritimati", "2026-01-15T09:59:59Z"),
        ("Pacific/Niue", "2026-01-16T10:59:59Z"),
    ],
)
async def test_a_day_ends_where_its_owner_lives(zone: str, instant: str, ada: Person) -> None:
    await ada.patch("/users/me", {"time_zone": zone})

    await imported(ada, ofx(coffee(), balance="25.00"))

    assert await snapshots(ada) == [(instant, "25.00")]


async def test_a_statement_without_a_balance_leaves_it(ada: Person) -> None:
    await imported(ada, ofx(coffee(id="a"), balance="25.00"))

    await imported(ada, ofx(coffee(id="b")))

    assert (await only_account(ada))["balance_amount"] == "25.00"
    assert len(await snapshots(ada)) == 1


async def test_positions_are_those_of_the_newest_statement_and_cash_what_they_leave(
    eve: Person,
) -> None:
    later = DAY + timedelta(days=5)
    await imported(eve, portfolio(("AAPL", "10", "1000.00"), balance_day=later))
    older = await imported(eve, portfolio(("MSFT", "5", "500.00")))

    held = (await eve.get("/holdings")).json()["holdings"]
    assert older["accounts"][0]["is_current"] is False
    assert [(one["symbol"], one["quantity"]) for one in held] == [("AAPL", "10.00000000")]
    kept = (await dumped(eve))["balance_snapshots"]
    worth = [(str(s["balance"]), str(s["holdings_value"]), str(s["cash_value"])) for s in kept]
    assert sorted(worth) == [("1100.00", "1000.00", "100.00"), ("600.00", "500.00", "100.00")]
