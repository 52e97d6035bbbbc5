from datetime import date
from decimal import Decimal

import pytest

from coffers.domain.ledger.accounts import AccountType
from coffers.domain.ledger.holdings import AssetType
from coffers.domain.ledger.transactions import TransactionSubtype as Subtype
from coffers.sandbox.books import Account, Book, Leg
from coffers.sandbox.days import (
    FIRST_DAY,
    business_day,
    is_business_day,
    month_after,
    next_business_day,
    third_friday,
)
from coffers.sandbox.prices import Prices, in_the_money
from coffers.sandbox.securities import Payout, Security, Split, option
from coffers.sandbox.trading import follow, order

DAY = date(2024, 3, 4)
EXPIRY = third_friday(DAY)
# Neither grows nor swings: it costs 100.00 for ever.
STILL = Security("STLL", "Still Waters", AssetType.EQUITY, Decimal(100))
PRICES = Prices(1)


def book(*, reinvests: bool = False) -> Book:
    return Book(Account("x", "An account", AccountType.BROKERAGE, reinvests=reinvests))


def leg(quantity: int | str, security: Security = STILL, price: int | str = 100) -> Leg:
    return Leg(security, Decimal(quantity), Decimal(price), Decimal("1.00"))


def story(of: Book) -> list[tuple[Subtype, str, str]]:
    return [
        (movement.subtype, f"{movement.leg.quantity.normalize():f}", f"{movement.amount:.2f}")
        for movement in of.movements
        if movement.leg is not None
    ]


def test_an_order_is_pending_until_the_next_business_day() -> None:
    friday = date(2024, 3, 8)
    account = book()

    order(account, friday, leg(3))

    assert account.movements[0].posted_on == date(2024, 3, 11)
    assert account.cash == Decimal("-301.00")
    assert account.held == {STILL: Decimal(3)}


def test_an_order_that_crosses_zero_closes_and_opens_in_two_rows() -> None:
    account = book()

    order(account, DAY, leg(60))
    order(account, DAY, leg(-100))
    order(account, DAY, leg(50))

    assert story(account) == [
        (Subtype.BUY, "60", "-6001.00"),
        (Subtype.SELL, "-60", "5999.00"),
        (Subtype.SHORT_SELL, "-40", "4000.00"),
        (Subtype.BUY_TO_COVER, "40", "-4001.00"),
        (Subtype.BUY, "10", "-1000.00"),
    ]


@pytest.mark.parametrize(
    ("contracts", "strike", "right", "told"),
    [
        (1, 90, "call", [(Subtype.EXERCISE, "-1"), (Subtype.BUY, "100")]),
        (-1, 90, "call", [(Subtype.ASSIGNMENT, "1"), (Subtype.SHORT_SELL, "-100")]),
        (1, 110, "put", [(Subtype.EXERCISE, "-1"), (Subtype.SHORT_SELL, "-100")]),
        (-1, 110, "put", [(Subtype.ASSIGNMENT, "1"), (Subtype.BUY, "100")]),
        (1, 100, "call", [(Subtype.EXPIRATION, "-1")]),
        (-1, 110, "call", [(Subtype.EXPIRATION, "1")]),
        (-1, 90, "put", [(Subtype.EXPIRATION, "1")]),
    ],
)
def test_an_option_in_the_money_becomes_shares_at_the_strike_any_other_expires(
    contracts: int, strike: int, right: str, told: list[tuple[Subtype, str]]
) -> None:
    account = book()
    contract = option(STILL, EXPIRY, Decimal(strike), is_call=right == "call")
    order(account, DAY, leg(contracts, contract, "2.50"))

    follow(account, EXPIRY, PRICES)

    assert [(subtype, quantity) for subtype, quantity, _ in story(account)[1:]] == told
    assert contract not in account.held
    paid = sum(abs(movement.amount) for movement in account.movements[1:])
    assert paid == (100 * strike if len(told) == 2 else 0)


def test_an_option_carries_its_occ_symbol() -> None:
    contract = option(STILL, date(2026, 12, 18), Decimal("152.50"), is_call=False)

    assert contract.symbol == "STLL  261218P00152500"


def test_an_option_costs_what_it_gains_plus_time_that_runs_out() -> None:
    contract = option(STILL, EXPIRY, Decimal(95), is_call=True)

    assert PRICES.on(contract, EXPIRY) == Decimal("5.00")
    assert PRICES.on(contract, DAY) > Decimal("5.00")
    assert contract.contract is not None
    assert in_the_money(contract.contract, Decimal(90)) == 0


def test_a_split_comes_before_the_payout_of_its_day() -> None:
    split_day = date(2024, 3, 15)
    share = Security(
        "SPLT",
        "Split Ends",
        AssetType.EQUITY,
        Decimal(200),
        splits=(Split(split_day, 4, 1),),
        payouts=(Payout(Decimal("8.00")),),
    )
    account = book()
    order(account, DAY, leg(10, share, 200))

    follow(account, split_day, PRICES)

    assert story(account)[1:] == [
        (Subtype.SPLIT, "30", "0.00"),
        (Subtype.DIVIDEND, "0", "20.00"),
    ]
    assert PRICES.on(share, date(2024, 3, 14)) == Decimal("200.00")
    assert PRICES.on(share, split_day) == Decimal("50.00")


def test_a_short_position_pays_the_dividend() -> None:
    share = Security("PAYS", "Payer", AssetType.EQUITY, payouts=(Payout(Decimal("4.00")),))
    account = book(reinvests=True)
    order(account, DAY, leg(-10, share, 50))

    follow(account, date(2024, 3, 15), PRICES)

    assert story(account)[1:] == [(Subtype.DIVIDEND, "0", "-10.00")]


def test_a_dividend_is_reinvested_to_the_fraction_where_the_account_says_so() -> None:
    share = Security(
        "PAYS", "Payer", AssetType.EQUITY, Decimal(30), payouts=(Payout(Decimal("4.00")),)
    )
    account = book(reinvests=True)
    order(account, DAY, leg(10, share, 30))

    follow(account, date(2024, 3, 15), PRICES)

    assert story(account)[1:] == [
        (Subtype.DIVIDEND, "0", "10.00"),
        (Subtype.BUY, "0.3333", "-10.00"),
    ]


def test_a_bond_is_redeemed_at_par_on_the_business_day_of_its_maturity() -> None:
    bond = Security(
        "BOND",
        "A bond",
        AssetType.FIXED_INCOME,
        Decimal(98),
        multiplier=Decimal("0.01"),
        matures=date(2024, 6, 15),
    )
    account = book()
    order(account, DAY, leg(10_000, bond, 98))

    follow(account, date(2024, 6, 15), PRICES)
    follow(account, date(2024, 6, 17), PRICES)

    assert story(account) == [
        (Subtype.BUY, "10000", "-9801.00"),
        (Subtype.SELL, "-10000", "10000.00"),
    ]


def test_prices_are_the_same_whatever_is_asked_first() -> None:
    swinging = Security("SWNG", "Swing", AssetType.EQUITY, Decimal(50), growth=5, swing=150)
    forwards, backwards = Prices(3), Prices(3)
    days = [date(2024, 5, day) for day in range(1, 32)]

    first = [forwards.on(swinging, day) for day in days]
    second = [backwards.on(swinging, day) for day in reversed(days)]

    assert first == second[::-1]
    assert len(set(first)) > 10


def test_a_price_neither_vanishes_nor_explodes() -> None:
    wild = Security("WILD", "Wild", AssetType.EQUITY, Decimal(90), swing=2_000)
    prices = [PRICES.on(wild, date(2024, month, 1)) for month in range(1, 13)]

    assert all(Decimal(29) < price < Decimal(271) for price in prices)


def test_the_calendar_knows_weekends_holidays_and_third_fridays() -> None:
    assert date(2019, 1, 1) == FIRST_DAY
    assert not is_business_day(date(2024, 7, 4))
    assert business_day(date(2024, 6, 1)) == date(2024, 6, 3)
    assert next_business_day(date(2024, 12, 24), 2) == date(2024, 12, 27)
    assert third_friday(date(2024, 3, 31)) == date(2024, 3, 15)
    assert month_after(date(2024, 1, 31)) == date(2024, 2, 1)
