"""The funds and bonds that the retiree holds, and what foreign money is worth."""

from datetime import date
from decimal import Decimal
from typing import Final

from coffers.domain.ledger.holdings import AssetType
from coffers.domain.ledger.transactions import TransactionSubtype as Subtype
from coffers.sandbox.securities import Payout, Security

PER_HUNDRED: Final = Decimal("0.01")
EVERY_MONTH: Final = tuple(range(1, 13))
YEAR_END: Final = (12,)

BALANCED: Final = Security(
    "BALNX",
    "Balanced Income Fund",
    AssetType.MUTUAL_FUND,
    Decimal("24.18"),
    growth=3,
    swing=45,
    payouts=(
        Payout(Decimal("0.62")),
        Payout(Decimal("0.55"), Subtype.CAPITAL_GAIN, YEAR_END),
    ),
)
CORE_BOND: Final = Security(
    "CBNDX",
    "Core Bond Fund",
    AssetType.MUTUAL_FUND,
    Decimal("10.62"),
    swing=12,
    payouts=(Payout(Decimal("0.36"), months=EVERY_MONTH),),
)
FUND_OF_2035: Final = Security(
    "TGTKX",
    "Target Year 2035 Fund",
    AssetType.MUTUAL_FUND,
    Decimal("31.07"),
    growth=5,
    swing=55,
    payouts=(
        Payout(Decimal("0.74"), months=YEAR_END),
        Payout(Decimal("0.90"), Subtype.CAPITAL_GAIN, YEAR_END),
    ),
)
SWEEP: Final = Security(
    "SWPXX",
    "Treasury Money Fund",
    AssetType.CASH_EQUIVALENT,
    is_instant=True,
    payouts=(Payout(Decimal("0.036"), months=EVERY_MONTH),),
)
GARDEN: Final = Security(
    "GRDN",
    "Garden Homes REIT",
    AssetType.EQUITY,
    Decimal("41.90"),
    growth=2,
    swing=90,
    payouts=(
        Payout(Decimal("1.85")),
        Payout(Decimal("0.40"), Subtype.RETURN_OF_CAPITAL, YEAR_END),
    ),
)
POWER: Final = Security(
    "PWRC",
    "Plains Power & Light",
    AssetType.EQUITY,
    Decimal("58.25"),
    growth=3,
    swing=70,
    payouts=(Payout(Decimal("2.05")),),
)


def _bond(symbol: str, issuer: str, coupon: str, matures: date, isin: str) -> Security:
    return Security(
        symbol,
        f"{issuer} {coupon}% {matures.year}",
        AssetType.FIXED_INCOME,
        Decimal("99.10"),
        swing=8,
        multiplier=PER_HUNDRED,
        isin=isin,
        matures=matures,
        payouts=(
            Payout(Decimal(coupon), Subtype.INTEREST, (matures.month % 6, matures.month % 6 + 6)),
        ),
    )


BONDS: Final = (
    _bond("CTYB21", "Harbour City", "3.10", date(2021, 11, 15), "ZZ90CTYB0215"),
    _bond("GRNB24", "Green Valley Water", "3.75", date(2024, 5, 15), "ZZ90GRNB0240"),
    _bond("HBRB28", "Harbour City", "4.25", date(2028, 5, 15), "ZZ90HBRB0284"),
    _bond("TRSB33", "Treasury Note", "3.875", date(2033, 11, 15), "ZZ90TRSB0331"),
    _bond("GRNB40", "Green Valley Water", "4.60", date(2040, 5, 15), "ZZ90GRNB0406"),
)
#: What was there at the beginning: account, security, quantity, price once paid.
MOVED_IN: Final = (
    ("re-ira", BALANCED, "9200", "17.85"),
    ("re-ira", CORE_BOND, "15000", "10.11"),
    ("re-roth", FUND_OF_2035, "1250", "22.40"),
    ("re-brokerage", BONDS[0], "25000", "98.20"),
    ("re-brokerage", BONDS[1], "20000", "97.65"),
    ("re-brokerage", GARDEN, "400", "33.15"),
    ("re-brokerage", POWER, "350", "49.90"),
)


def _rate(currency: str, dollars: str, tick: str) -> Security:
    return Security(
        f"{currency}USD",
        f"{currency} in US dollars",
        AssetType.OTHER,
        Decimal(dollars),
        swing=25,
        tick=Decimal(tick),
    )


USD_RATES: Final = {
    "EUR": _rate("EUR", "1.1200", "0.0001"),
    "GBP": _rate("GBP", "1.2900", "0.0001"),
    "JPY": _rate("JPY", "0.0086", "0.000001"),
}
