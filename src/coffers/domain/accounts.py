"""Accounts: where money and positions are kept."""

from enum import StrEnum


class AccountType(StrEnum):
    """What kind of account it is."""

    BROKERAGE = "brokerage"
    IRA = "ira"
    ROTH_IRA = "roth_ira"
    SEP_IRA = "sep_ira"
    SIMPLE_IRA = "simple_ira"
    PLAN_401K = "401k"
    PLAN_403B = "403b"
    HSA = "hsa"
    EDUCATION = "education"
    TRUST = "trust"
    CHECKING = "checking"
    SAVINGS = "savings"
    MONEY_MARKET = "money_market"
    CD = "cd"
    CREDIT_CARD = "credit_card"
    LINE_OF_CREDIT = "line_of_credit"
    LOAN = "loan"
    MORTGAGE = "mortgage"
    CASH = "cash"
    OTHER = "other"


INVESTMENT_TYPES = frozenset(
    {
        AccountType.BROKERAGE,
        AccountType.IRA,
        AccountType.ROTH_IRA,
        AccountType.SEP_IRA,
        AccountType.SIMPLE_IRA,
        AccountType.PLAN_401K,
        AccountType.PLAN_403B,
        AccountType.HSA,
        AccountType.EDUCATION,
        AccountType.TRUST,
    }
)
RETIREMENT_TYPES = frozenset(
    {
        AccountType.IRA,
        AccountType.ROTH_IRA,
        AccountType.SEP_IRA,
        AccountType.SIMPLE_IRA,
        AccountType.PLAN_401K,
        AccountType.PLAN_403B,
        AccountType.HSA,
    }
)
BANK_TYPES = frozenset(
    {AccountType.CHECKING, AccountType.SAVINGS, AccountType.MONEY_MARKET, AccountType.CD}
)
CREDIT_TYPES = frozenset(
    {
        AccountType.CREDIT_CARD,
        AccountType.LINE_OF_CREDIT,
        AccountType.LOAN,
        AccountType.MORTGAGE,
    }
)
