"""Positions in securities."""

from enum import StrEnum


class AssetType(StrEnum):
    """What is held."""

    EQUITY = "equity"
    ETF = "etf"
    OPTION = "option"
    MUTUAL_FUND = "mutual_fund"
    FIXED_INCOME = "fixed_income"
    FUTURES = "futures"
    CRYPTOCURRENCY = "cryptocurrency"
    CASH_EQUIVALENT = "cash_equivalent"
    OTHER = "other"
