"""The sign of what is owed: in the ledger below zero, in files as their bank likes it."""

from dataclasses import replace
from enum import StrEnum
from typing import NamedTuple

from coffers.domain.ledger.accounts import CREDIT_TYPES, AccountType
from coffers.domain.ledger.statements import Owed, ReportedStatement
from coffers.domain.money import EXACT


class BalanceSign(StrEnum):
    """How a file's balance of a credit account was read. An unclear one is not stored."""

    OWED_IS_NEGATIVE = "owed_is_negative"
    OWED_IS_POSITIVE = "owed_is_positive"
    UNCLEAR = "unclear"


class Signed(NamedTuple):
    """A statement with the ledger's sign; `sign` is None where there is no question."""

    statement: ReportedStatement
    sign: BalanceSign | None


def signed(statement: ReportedStatement, account_type: AccountType) -> Signed:
    """The statement as an account of this type has it: below zero when money is owed.

    The owner's word decides, then the format's. Where banks are known to disobey the format, a
    balance above zero may be a debt as well as money in credit: nothing in a single statement
    tells them apart, so it is left out rather than guessed.
    """
    balance = statement.account.balance
    if account_type not in CREDIT_TYPES or balance is None:
        return Signed(statement, None)
    if statement.owed is Owed.POSITIVE:
        account = replace(statement.account, balance=EXACT.minus(balance))
        return Signed(replace(statement, account=account), BalanceSign.OWED_IS_POSITIVE)
    if balance > 0 and statement.owed is None and statement.signs_vary:
        account = replace(statement.account, balance=None)
        return Signed(replace(statement, account=account), BalanceSign.UNCLEAR)
    return Signed(statement, BalanceSign.OWED_IS_NEGATIVE)
