from datetime import date
from decimal import Decimal

import pytest

from coffers.domain.ledger.accounts import AccountType
from coffers.domain.ledger.statements import ReportedStatement, ReportedTransaction
from coffers.infrastructure.statements.parse import parse_statements
from tests.infrastructure.statements.refusals import code_of, codes_of

BANK = "!Type:Bank\n"


def parsed(text: str, *, day_first: bool | None = None) -> list[ReportedStatement]:
    return parse_statements(
        text.encode(), file_name="a.qif", default_currency="GBP", day_first=day_first
    )


def only(text: str) -> ReportedTransaction:
    (statement,) = parsed(text)
    (movement,) = statement.transactions
    return movement


def test_a_bank_record_tells_date_amount_and_words() -> None:
    movement = only(f"{BANK}D1/31/2024\nT-1,234.50\nPLandlord\nMRent of January\nCX\n^\n")

    assert movement.transaction_date == date(2024, 1, 31)
    assert movement.amount == Decimal("-1234.50")
    assert movement.description == "Landlord Rent of January"
    assert movement.currency == "GBP"
    assert movement.provider_transaction_id is None
    assert movement.raw == "D1/31/2024|T-1,234.50|PLandlord|MRent of January|CX"
    assert movement.row == 2


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("Bank", AccountType.CHECKING),
        ("Cash", AccountType.CASH),
        ("CCard", AccountType.CREDIT_CARD),
        ("Oth A", AccountType.OTHER),
        ("Oth L", AccountType.LOAN),
        ("Invst", AccountType.BROKERAGE),
    ],
)
def test_each_type_of_account_is_known(kind: str, expected: AccountType) -> None:
    (statement,) = parsed(f"!Type:{kind} \nD1/31/2024\nT1\nNCash\n^\n")

    assert statement.account.account_type is expected
    assert statement.account.balance is None
    assert statement.holdings is None


def test_accounts_are_named_by_the_records_before_them() -> None:
    text = (
        "!Option:AutoSwitch\n!Account\nNGiro\nTBank\n^\nNCard\nTCCard\n^\n!Clear:AutoSwitch\n"
        "!Account\nNGiro\nTBank\n^\n!Type:Bank\nD1/31/2024\nT1\n^\n"
        "!Type:Cat\nNFood\nE\n^\n"
        "!Account\nNCard\nTCCard\n^\n!Type:CCard\nD1/30/2024\nT-2\n^\nD1/29/2024\nT-3\n^\n"
    )

    giro, card = parsed(text)

    assert [one.account.name for one in (giro, card)] == ["Giro", "Card"]
    assert [len(one.transactions) for one in (giro, card)] == [1, 2]


@pytest.mark.parametrize(
    ("lines", "subtype"),
    [
        ("T-20\nN1001\nPBaker", "check"),
        ("T-20\nNATM", "atm"),
        ("T20\nNDEP", "deposit"),
        ("T-20\nNXFER", "transfer_out"),
        ("T-20\nL[Savings]", "transfer_out"),
        ("T20\nL[Savings]", "transfer_in"),
        ("T20\nPOpening Balance\nL[Giro]", "adjustment"),
        ("T20\nPInterest paid", "interest"),
        ("T20\nPDividend", "dividend"),
        ("T-20\nPBaker\nLFood", "payment"),
    ],
)
def test_number_category_and_words_tell_the_kind(lines: str, subtype: str) -> None:
    assert only(f"{BANK}D1/31/2024\n{lines}\n^\n").subtype == subtype


def test_a_split_record_counts_its_total_once() -> None:
    movement = only(f"{BANK}D1/31/2024\nT-30\nPShop\nSFood\n$-20\nSBooks\n$-10\n^\n")

    assert movement.amount == Decimal(-30)


def test_dates_that_only_fit_one_order_are_read_in_it() -> None:
    records = "D3/4/2024\nT1\n^\nD{}\nT2\n^\n"

    british = parsed(BANK + records.format("31/1/2024"))
    american = parsed(BANK + records.format("1/31/2024"))

    assert british[0].transactions[0].transaction_date == date(2024, 4, 3)
    assert american[0].transactions[0].transaction_date == date(2024, 3, 4)


def test_dates_that_fit_both_orders_must_be_told_apart() -> None:
    text = f"{BANK}D3/4/2024\nT1\n^\n"

    assert codes_of(lambda: parsed(text)) == [(0, "D", "ambiguous_dates")]
    assert parsed(text, day_first=True)[0].transactions[0].transaction_date == date(2024, 4, 3)
    assert parsed(text, day_first=False)[0].transactions[0].transaction_date == date(2024, 3, 4)


def test_amounts_with_commas_are_read_as_the_file_means_them() -> None:
    (statement,) = parsed(f"{BANK}D31.1.2024\nT-3,65\n^\nD30.1.2024\nT1.000\n^\n")

    assert [one.amount for one in statement.transactions] == [Decimal("-3.65"), Decimal(1000)]


def investments(*records: str) -> list[ReportedTransaction]:
    securities = "!Type:Security\nNAcme Corp\nSACME\nTStock\n^\n"
    (statement,) = parsed(
        f"{securities}!Type:Invst\n" + "".join(f"D1/31/2024\n{record}\n^\n" for record in records)
    )
    return list(statement.transactions)


TRADE = "YAcme Corp\nI25.00\nQ10\nO5.00\nT{}"


@pytest.mark.parametrize(
    ("action", "subtype", "amount", "quantity"),
    [
        ("Buy", "buy", "-255", "10"),
        ("Sell", "sell", "255", "-10"),
        ("ShtSell", "short_sell", "255", "-10"),
        ("CvrShrt", "buy_to_cover", "-255", "10"),
        ("ShrsIn", "transfer_in", "0", "10"),
        ("ShrsOut", "transfer_out", "0", "-10"),
        ("Exercise", "exercise", "-255", "-10"),
        ("Expire", "expiration", "0", "-10"),
        ("StkSplit", "split", "0", None),
        ("Vest", "journal", "0", None),
    ],
)
def test_securities_move_as_the_action_says(
    action: str, subtype: str, amount: str, quantity: str | None
) -> None:
    (movement,) = investments(f"N{action}\n{TRADE.format('255')}")

    assert (movement.subtype, movement.amount) == (subtype, Decimal(amount))
    assert movement.quantity == (None if quantity is None else Decimal(quantity))
    assert (movement.symbol, movement.security_name) == ("ACME", "Acme Corp")
    assert movement.commission == Decimal("5.00")


@pytest.mark.parametrize(
    ("action", "subtype", "amount"),
    [
        ("Div", "dividend", "7"),
        ("IntInc", "interest", "7"),
        ("CGLong", "capital_gain", "7"),
        ("CGShort", "capital_gain", "7"),
        ("RtrnCap", "return_of_capital", "7"),
        ("MiscInc", "distribution", "7"),
        ("MiscExp", "other_fee", "-7"),
        ("MargInt", "margin_interest", "-7"),
        ("XIn", "transfer_in", "7"),
        ("XOut", "transfer_out", "-7"),
        ("Contrib", "deposit", "7"),
        ("Cash", "deposit", "7"),
    ],
)
def test_money_moves_as_the_action_says(action: str, subtype: str, amount: str) -> None:
    (movement,) = investments(f"N{action}\nYUnknown Inc\nT7")

    assert (movement.subtype, movement.amount) == (subtype, Decimal(amount))
    assert (movement.symbol, movement.security_name) == (None, "Unknown Inc")


@pytest.mark.parametrize(
    ("action", "subtype"),
    [
        ("ReinvDiv", "dividend"),
        ("ReinvInt", "interest"),
        ("ReinvLg", "capital_gain"),
        ("ReinvSh", "capital_gain"),
    ],
)
def test_a_reinvestment_is_income_and_a_purchase(action: str, subtype: str) -> None:
    income, purchase = investments(f"N{action}\n{TRADE.format('14.47')}")

    assert (income.subtype, income.amount, income.quantity) == (subtype, Decimal("14.47"), None)
    assert (purchase.subtype, purchase.amount) == ("buy", Decimal("-14.47"))
    assert purchase.quantity == Decimal(10)
    assert income.raw != purchase.raw


@pytest.mark.parametrize(
    ("action", "subtype", "transfer"),
    [
        ("BuyX", "buy", "transfer_in"),
        ("SellX", "sell", "transfer_out"),
        ("DivX", "dividend", "transfer_out"),
    ],
)
def test_what_settles_with_another_account_leaves_the_cash_alone(
    action: str, subtype: str, transfer: str
) -> None:
    own, other = investments(f"N{action}\n{TRADE.format('255')}\nL[Giro]\n$255")

    assert (own.subtype, other.subtype) == (subtype, transfer)
    assert own.amount + other.amount == 0
    assert other.quantity is None


def test_a_reminder_is_no_movement() -> None:
    assert investments("NReminder\nMCall the broker", "NDiv\nT1")[0].subtype == "dividend"


def test_an_unknown_action_is_refused() -> None:
    assert codes_of(lambda: investments("NVanish\nT1")) == [(7, "N", "unknown_action")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{BANK}D2/30/2024\nT1\n^\n", [(2, "D", "not_a_date")]),
        (f"{BANK}D1/31/2024\nT$120\n^\n", [(2, "T", "not_a_number")]),
        (f"{BANK}D1/31/2024\n^\n", [(2, "T", "missing")]),
        (f"{BANK}T1\n^\n", [(2, "D", "missing")]),
        (f"{BANK}D1/31/2024\nT1\nPa\x01b\n^\n", [(2, "row", "control_character")]),
        (f"{BANK}D1/31/2024\nT1\n", [(2, "row", "truncated")]),
        ("!Type:Cat\nNFood\n^\n", [(0, "file", "no_statement")]),
    ],
)
def test_what_cannot_be_read_is_told_by_the_line_of_its_record(
    text: str, expected: list[tuple[int, str, str]]
) -> None:
    assert codes_of(lambda: parsed(text)) == expected


def test_the_currency_must_be_told() -> None:
    def parse(currency: str | None) -> object:
        text = f"{BANK}D1/31/2024\nT1\n^\n".encode()
        return parse_statements(text, file_name="a.qif", default_currency=currency)

    assert code_of(lambda: parse(None)) == "currency_missing"
    assert code_of(lambda: parse("???")) == "not_a_currency"
