"""Statements of cards and loans, whose banks differ in the sign of what is owed."""

from typing import Any

import pytest

from tests.people import Person
from tests.statements import (
    application_of,
    coffee,
    imported,
    ofx,
    only_account,
    open_account,
    planned,
    reversal_of,
    snapshots,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")


def card(balance: str) -> bytes:
    """One purchase, and the balance after it as this bank writes it."""
    return (
        "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nENCODING:UTF-8\n\n"
        "<OFX><CREDITCARDMSGSRSV1><CCSTMTTRNRS><CCSTMTRS><CURDEF>USD"
        "<CCACCTFROM><ACCTID>4111</CCACCTFROM><BANKTRANLIST><DTSTART>20240101<DTEND>20240131"
        "<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20240115<TRNAMT>-50.25<FITID>1<NAME>Shoes</STMTTRN>"
        f"</BANKTRANLIST><LEDGERBAL><BALAMT>{balance}<DTASOF>20240131</LEDGERBAL>"
        "</CCSTMTRS></CCSTMTTRNRS></CREDITCARDMSGSRSV1></OFX>"
    ).encode()


def told_of(plan: dict[str, Any]) -> tuple[Any, ...]:
    (account,) = plan["accounts"]
    fields = ("balance", "reported_balance", "balance_sign", "is_current")
    return tuple(account[field] for field in fields)


async def test_a_debt_below_zero_is_stored_as_it_is(ada: Person) -> None:
    plan = await imported(ada, card("-50.25"))

    assert told_of(plan) == ("-50.25", "-50.25", "owed_is_negative", True)
    assert (await only_account(ada))["balance_amount"] == "-50.25"


async def test_a_debt_above_zero_is_turned_when_its_owner_says_so(ada: Person) -> None:
    plan = await imported(ada, card("50.25"), owed="positive")

    assert told_of(plan) == ("-50.25", "50.25", "owed_is_positive", True)
    assert (await only_account(ada))["balance_amount"] == "-50.25"
    assert [balance for _, balance in await snapshots(ada)] == ["-50.25"]
    worth = (await ada.get("/net-worth")).json()
    assert "-50.25" in str(worth)


async def test_money_in_credit_stays_above_zero_when_its_owner_says_so(ada: Person) -> None:
    await imported(ada, card("50.25"), owed="negative")

    assert (await only_account(ada))["balance_amount"] == "50.25"


async def test_an_unclear_balance_is_shown_and_left_out(ada: Person) -> None:
    plan = await imported(ada, card("50.25"))

    assert told_of(plan) == (None, "50.25", "unclear", False)
    assert (await only_account(ada))["balance_amount"] is None
    assert await snapshots(ada) == []
    assert (await ada.get("/transactions")).json()["total_count"] == 1


async def test_it_can_be_told_later_and_taken_back(ada: Person) -> None:
    await imported(ada, card("50.25"))

    plan = await imported(ada, card("50.25"), owed="positive")

    assert plan["counts"]["duplicate"] == 1
    assert (await only_account(ada))["balance_amount"] == "-50.25"
    assert (await reversal_of(ada, plan)).status_code == 201
    assert (await only_account(ada))["balance_amount"] is None


@pytest.mark.parametrize(
    ("account_type", "expected"), [("loan", (None, "9.00", "unclear")), ("checking", ("9.00",) * 2)]
)
async def test_the_account_that_it_goes_to_decides_whether_there_is_a_question(
    ada: Person, account_type: str, expected: tuple[str | None, ...]
) -> None:
    account_id = await open_account(ada, account_type=account_type)

    plan = await planned(ada, ofx(coffee(), balance="9.00"), account_id=account_id)

    assert told_of(plan)[: len(expected)] == expected


async def test_a_plan_is_stale_when_its_account_became_a_loan_meanwhile(ada: Person) -> None:
    account_id = await open_account(ada)
    plan = await planned(ada, ofx(coffee(), balance="9.00"), account_id=account_id)
    await ada.patch(f"/accounts/{account_id}", {"account_type": "loan"})

    answer = await application_of(ada, plan)

    assert answer.status_code == 409
    assert answer.json()["type"].endswith("plan_stale")
