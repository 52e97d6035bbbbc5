"""What Schwab says of accounts: numbers, balances, positions."""

from decimal import Decimal
from typing import Final
from urllib.parse import quote

from coffers.domain.ledger.accounts import AccountType
from coffers.domain.ledger.holdings import AssetType
from coffers.domain.ledger.statements import ReportedAccount, ReportedHolding
from coffers.domain.linking.providers import ProviderAnsweredNonsense
from coffers.domain.money import EXACT
from coffers.infrastructure.providers.reading import (
    Fields,
    objects,
    product,
    signed_like,
    unique,
)

CURRENCY: Final = "USD"
OPTION_MULTIPLIER: Final = Decimal(100)

ASSETS: Final = {
    "EQUITY": AssetType.EQUITY,
    "OPTION": AssetType.OPTION,
    "MUTUAL_FUND": AssetType.MUTUAL_FUND,
    "COLLECTIVE_INVESTMENT": AssetType.ETF,
    "FIXED_INCOME": AssetType.FIXED_INCOME,
    "FUTURE": AssetType.FUTURES,
    "CASH_EQUIVALENT": AssetType.CASH_EQUIVALENT,
}
_NAMES: Final = {"CASH": "cash account", "MARGIN": "margin account"}
#: Balances that are not zero where something is held.
_HELD: Final = (
    "longMarketValue",
    "shortMarketValue",
    "longOptionMarketValue",
    "shortOptionMarketValue",
    "bondValue",
    "mutualFundValue",
)


def read_hashes(answer: object) -> dict[str, str]:
    """Read what stands for each account number in paths."""
    rows = objects(answer, "Schwab account number")
    return {row.identifier("accountNumber"): quote(row.identifier("hashValue")) for row in rows}


def read_accounts(answer: object) -> list[ReportedAccount]:
    """Read the list of accounts."""
    rows = objects(answer, "Schwab account")
    return unique(map(_account, rows), lambda one: one.provider_account_id, "Schwab account")


def read_holdings(answer: object) -> dict[str, list[ReportedHolding]]:
    """Read the positions of every account, by its number."""
    accounts = [row.child("securitiesAccount") for row in objects(answer, "Schwab account")]
    return {account.identifier("accountNumber"): _positions(account) for account in accounts}


def _account(row: Fields) -> ReportedAccount:
    account = row.child("securitiesAccount")
    number, balances = account.identifier("accountNumber"), account.child("currentBalances")
    # A cash account's total may stand beside its balances instead of among them.
    total = balances if balances.has("liquidationValue") else row.child("aggregatedBalance")
    cash = "cashBalance" if balances.has("cashBalance") else "totalCash"
    return ReportedAccount(
        provider_account_id=number,
        name=f"Schwab {_NAMES.get(account.code('type'), 'account')} …{number[-4:]}",
        account_type=AccountType.BROKERAGE,
        currency=CURRENCY,
        balance=total.number("liquidationValue"),
        account_number=number,
        cash_balance=balances.number_or_none(cash),
    )


def _positions(account: Fields) -> list[ReportedHolding]:
    rows = account.children_or_none("positions")
    if rows is None:
        # An account without positions has no such list: its balances must agree.
        balances = account.child("currentBalances")
        if any(balances.number_or_none(name) for name in _HELD):
            raise ProviderAnsweredNonsense("Schwab reports a value but no positions.")
        return []
    return unique(map(_holding, rows), lambda one: one.provider_holding_id, "Schwab position")


def _holding(row: Fields) -> ReportedHolding:
    instrument = row.child("instrument")
    symbol = instrument.symbol("symbol")
    quantity = EXACT.subtract(row.number("longQuantity"), row.number("shortQuantity"))
    value = row.number("marketValue")
    value = signed_like(value, quantity) if quantity < 0 else value
    return ReportedHolding(
        # The same security may be held and sold short at once.
        provider_holding_id=f"{symbol}:short" if quantity < 0 else symbol,
        symbol=symbol,
        security_name=instrument.prose("description") or symbol,
        asset_type=ASSETS.get(instrument.code("assetType"), AssetType.OTHER),
        quantity=quantity,
        cost_basis=_basis(row, instrument, quantity, value),
        market_value=value,
        currency=CURRENCY,
        average_price=row.number_or_none("averagePrice") or None,
        cusip=instrument.symbol_or_none("cusip"),
    )


def _basis(row: Fields, instrument: Fields, quantity: Decimal, value: Decimal) -> Decimal | None:
    """Work out the basis of the whole position from its price per share.

    A price of 0 stands where Schwab does not know it (shares that came from another broker). A
    bond's price is a percentage of its face: its basis follows from the reported profit instead.
    """
    price, kind = row.number_or_none("averagePrice"), instrument.code("assetType")
    if not price:
        return None
    if kind == "FIXED_INCOME":
        gain = row.number_or_none("longOpenProfitLoss")
        return None if gain is None else EXACT.subtract(value, gain)
    if kind == "OPTION":
        multiplier = instrument.number_or_none("optionMultiplier") or OPTION_MULTIPLIER
        return product(price, quantity, multiplier)
    return product(price, quantity)
