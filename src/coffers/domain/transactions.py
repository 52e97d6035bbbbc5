"""Movements of money and securities."""

from enum import StrEnum


class TransactionType(StrEnum):
    """What kind of movement it is."""

    TRADE = "trade"
    TRANSFER = "transfer"
    INCOME = "income"
    EXPENSE = "expense"
    FEE = "fee"
    OTHER = "other"


class TransactionSubtype(StrEnum):
    """The finer kind, within its type."""

    BUY = "buy"
    SELL = "sell"
    SHORT_SELL = "short_sell"
    BUY_TO_COVER = "buy_to_cover"
    EXERCISE = "exercise"
    ASSIGNMENT = "assignment"
    EXPIRATION = "expiration"
    SPLIT = "split"
    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    WIRE_IN = "wire_in"
    WIRE_OUT = "wire_out"
    TRANSFER_IN = "transfer_in"
    TRANSFER_OUT = "transfer_out"
    INTERNAL = "internal"
    DIVIDEND = "dividend"
    INTEREST = "interest"
    CAPITAL_GAIN = "capital_gain"
    DISTRIBUTION = "distribution"
    RETURN_OF_CAPITAL = "return_of_capital"
    SALARY = "salary"
    PURCHASE = "purchase"
    PAYMENT = "payment"
    CHECK = "check"
    ATM = "atm"
    COMMISSION = "commission"
    ACCOUNT_FEE = "account_fee"
    MARGIN_INTEREST = "margin_interest"
    OTHER_FEE = "other_fee"
    ADJUSTMENT = "adjustment"
    JOURNAL = "journal"
    UNKNOWN = "unknown"


class TransactionStatus(StrEnum):
    """How far it has come."""

    PENDING = "pending"
    SETTLED = "settled"
    FAILED = "failed"
    CANCELLED = "cancelled"
