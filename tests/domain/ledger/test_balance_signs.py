from dataclasses import replace
from decimal import Decimal

import pytest

from coffers.domain.ledger.accounts import AccountType
from coffers.domain.ledger.balance_signs import BalanceSign, signed
from coffers.domain.ledger.statements import Owed, ReportedAccount, ReportedStatement

CARD = AccountType.CREDIT_CARD


def told(balance: str | None, *, owed: Owed | None = None, vary: bool = True) -> ReportedStatement:
    amount = None if balance is None else Decimal(balance)
    account = ReportedAccount("1", "Card", CARD, "USD", amount)
    return ReportedStatement(account, (), None, None, None, signs_vary=vary, owed=owed)


def read(statement: ReportedStatement, account_type: AccountType = CARD) -> tuple[str, str]:
    as_read, sign = signed(statement, account_type)
    return str(as_read.account.balance), str(sign)


@pytest.mark.parametrize("balance", ["-50.25", "0", "0.00"])
def test_a_debt_below_zero_is_read_as_the_format_has_it(balance: str) -> None:
    assert read(told(balance)) == (balance, "owed_is_negative")


def test_a_balance_above_zero_is_left_out_where_banks_differ() -> None:
    assert read(told("50.25")) == ("None", "unclear")


@pytest.mark.parametrize(
    ("balance", "owed", "expected"),
    [
        ("50.25", Owed.POSITIVE, "-50.25"),
        ("-3.00", Owed.POSITIVE, "3.00"),
        ("0.00", Owed.POSITIVE, "0.00"),
        ("50.25", Owed.NEGATIVE, "50.25"),
        ("-3.00", Owed.NEGATIVE, "-3.00"),
    ],
)
def test_the_owner_s_word_decides(balance: str, owed: Owed, expected: str) -> None:
    assert read(told(balance, owed=owed)) == (expected, f"owed_is_{owed.value}")


def test_a_format_that_names_the_side_is_believed() -> None:
    assert read(told("50.25", vary=False)) == ("50.25", "owed_is_negative")


@pytest.mark.parametrize("account_type", [AccountType.CHECKING, AccountType.BROKERAGE])
def test_other_accounts_have_no_such_question(account_type: AccountType) -> None:
    assert read(told("50.25", owed=Owed.POSITIVE), account_type) == ("50.25", "None")


def test_without_a_balance_there_is_no_question_either() -> None:
    assert read(told(None, owed=Owed.POSITIVE)) == ("None", "None")


def test_more_digits_than_a_calculation_has_by_default_are_kept() -> None:
    long = "123456789012345678.123456789012345678"

    assert read(told(long, owed=Owed.POSITIVE)) == (f"-{long}", "owed_is_positive")


def test_nothing_else_of_the_statement_is_touched() -> None:
    statement = told("50.25")

    as_read, sign = signed(statement, CARD)

    assert sign is BalanceSign.UNCLEAR
    assert replace(as_read, account=statement.account) == statement
