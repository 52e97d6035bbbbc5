"""The stocks and coins that the active trader knows."""

from datetime import date
from decimal import Decimal
from typing import Final

from coffers.domain.ledger.holdings import AssetType
from coffers.sandbox.securities import Payout, Security, Split

NORTHWIND: Final = Security(
    "NWTL",
    "Northwind Telecom",
    AssetType.EQUITY,
    Decimal("96.40"),
    growth=6,
    swing=110,
    isin="ZZ90NWTL0014",
    payouts=(Payout(Decimal("2.40")),),
)
AURORA: Final = Security(
    "AURA", "Aurora Robotics", AssetType.EQUITY, Decimal("142.75"), growth=11, swing=170
)
SEDIMENT: Final = Security(
    "SDFT",
    "Sediment Software",
    AssetType.EQUITY,
    Decimal("318.20"),
    growth=18,
    swing=150,
    splits=(Split(date(2021, 6, 14), 4, 1),),
)
HELIOS: Final = Security(
    "HELI",
    "Helios Solar",
    AssetType.EQUITY,
    Decimal("210.05"),
    growth=14,
    swing=180,
    splits=(Split(date(2024, 3, 11), 3, 1),),
)
QUARRY: Final = Security(
    "QRRY",
    "Quarry Minerals",
    AssetType.EQUITY,
    Decimal("8.35"),
    growth=1,
    swing=190,
    payouts=(Payout(Decimal("0.12")),),
    splits=(Split(date(2023, 9, 18), 1, 10),),
)
CORNEX: Final = Security(
    "CRNX",
    "Cornex Freight",
    AssetType.EQUITY,
    Decimal("54.60"),
    growth=5,
    swing=100,
    payouts=(Payout(Decimal("1.10")),),
    splits=(Split(date(2022, 6, 13), 2, 1),),
)
LONGS: Final = (NORTHWIND, AURORA, SEDIMENT, HELIOS, QUARRY)
SHORTS: Final = (
    Security("FADD", "Fad Brands", AssetType.EQUITY, Decimal("44.10"), growth=1, swing=190),
    Security(
        "OLDM",
        "Old Media Group",
        AssetType.EQUITY,
        Decimal("21.85"),
        swing=150,
        payouts=(Payout(Decimal("0.64")),),
    ),
    Security("VAPR", "Vapor Mobility", AssetType.EQUITY, Decimal("67.30"), growth=2, swing=200),
)
#: Without splits, so that no contract has to be adjusted.
OPTIONABLE: Final = (NORTHWIND, AURORA)
COINS: Final = (
    Security(
        "BTC",
        "Bitcoin",
        AssetType.CRYPTOCURRENCY,
        Decimal("18250.00"),
        growth=40,
        swing=280,
        is_instant=True,
    ),
    Security(
        "ETH",
        "Ether",
        AssetType.CRYPTOCURRENCY,
        Decimal("610.00"),
        growth=35,
        swing=330,
        is_instant=True,
    ),
)
#: What came from another broker: security, quantity, price once paid (None: the basis is unknown).
TRANSFERRED: Final = (
    (CORNEX, "120", None),
    (NORTHWIND, "80", Decimal("71.25")),
)
