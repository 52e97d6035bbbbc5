"""The active trader: stocks, shorts and options on margin, and coins beside."""

from datetime import date, timedelta
from decimal import Decimal
from enum import IntEnum
from typing import Final

from coffers.domain.ledger.accounts import AccountType
from coffers.domain.ledger.transactions import TransactionSubtype as Subtype
from coffers.sandbox.books import ZERO, Account, Book, Leg, Movement, business_lag, rounded
from coffers.sandbox.chance import Chance
from coffers.sandbox.days import (
    FIRST_DAY,
    business_day,
    is_business_day,
    is_first_business_day,
    is_month_end,
    month_after,
    third_friday,
)
from coffers.sandbox.household import Household, Transfer, dearer
from coffers.sandbox.listed import COINS, LONGS, OPTIONABLE, SHORTS, TRANSFERRED
from coffers.sandbox.securities import PER_CONTRACT, Security, option
from coffers.sandbox.trading import order

ACCOUNTS: Final = (
    Account("at-checking", "Main Checking", AccountType.CHECKING, opening=Decimal("6210.08")),
    Account("at-margin", "Margin Account", AccountType.BROKERAGE, opening=Decimal(60_000)),
    Account("at-crypto", "Coin Account", AccountType.BROKERAGE),
)
COMMISSION: Final = Decimal("1.00")
COIN_FEE: Final = Decimal("0.005")
MARGIN_RATE: Final = Decimal("0.0825")
DEEPEST_MARGIN: Final = -15_000
SMALLEST_BUDGET: Final = 3_000
IDLE_CHECKING: Final = 9_000
COIN_MONEY: Final = 160
MERCHANTS: Final = ("CITY GROCERY", "RAMEN BAR", "GAS & GO", "METRO CARD", "GEAR DEPOT")
SATOSHI: Final = Decimal("0.00000001")
STRIKE_STEP: Final = 5
CLOSING_TIME: Final = timedelta(days=5)


class Monthly(IntEnum):
    """What happens on which day of the month."""

    RENT = 1
    COINS = 5
    WIRE = 8
    CALL = 12
    SALARY = 28


def live(home: Household, day: date) -> None:
    """Write one day of the active trader's life."""
    chance = home.chance(day)
    if day == FIRST_DAY:
        _move_in(home, day)
    _bank(home, day, chance)
    _trade_coins(home, day, chance)
    if is_month_end(day) and home["at-margin"].cash < 0:
        interest = home["at-margin"].cash * MARGIN_RATE / 12
        home["at-margin"].post(day, Subtype.MARGIN_INTEREST, interest, "MARGIN INTEREST")
    if is_business_day(day):
        _trade_shares(home, day, chance)
        _trade_options(home, day, chance)


def _move_in(home: Household, day: date) -> None:
    for security, quantity, price in TRANSFERRED:
        leg = Leg(security, Decimal(quantity), price)
        text = f"TRANSFER OF ASSETS {security.symbol}"
        home["at-margin"].record(Movement(day, Subtype.TRANSFER_IN, ZERO, text, leg))


def _bank(home: Household, day: date, chance: Chance) -> None:
    checking = home["at-checking"]
    if day == business_day(day.replace(day=Monthly.SALARY)):
        checking.post(day, Subtype.SALARY, dearer("5350.00", day, 3), "VECTOR LABS PAYROLL")
    if day.day == Monthly.RENT:
        checking.post(day, Subtype.PAYMENT, -dearer("2240.00", day), "HARBOR LOFTS RENT")
    if chance.happens(50):
        spent = -chance.cents(900, 11000)
        lag = chance.between(0, 1)
        checking.record(Movement(day, Subtype.PURCHASE, spent, chance.one_of(MERCHANTS), lag=lag))
    if day.day == Monthly.COINS:
        Transfer(checking, home["at-crypto"], "TO COIN ACCOUNT").make(day, Decimal(300))
    if day == business_day(day.replace(day=Monthly.WIRE)) and checking.cash > IDLE_CHECKING:
        wire = Transfer(
            checking, home["at-margin"], "WIRE TO MARGIN", Subtype.WIRE_OUT, Subtype.WIRE_IN
        )
        wire.make(day, checking.cash - IDLE_CHECKING)


def _trade_coins(home: Household, day: date, chance: Chance) -> None:
    book = home["at-crypto"]
    coin = chance.one_of(COINS)
    price = home.prices.on(coin, day)
    held = book.held.get(coin, ZERO)
    if chance.happens(25) and book.cash > COIN_MONEY:
        _order_coin(book, day, coin, _coin_money(book, chance) / price, price)
    elif chance.happens(1) and held:
        _order_coin(book, day, coin, -held / chance.between(2, 5), price)


def _coin_money(book: Book, chance: Chance) -> Decimal:
    return chance.cents(2500, max(14_500, int(book.cash * 25)))


def _order_coin(book: Book, day: date, coin: Security, quantity: Decimal, price: Decimal) -> None:
    quantity = quantity.quantize(SATOSHI)
    fee = rounded(abs(quantity) * price * COIN_FEE, "USD")
    order(book, day, Leg(coin, quantity, price, fee))


def _trade_shares(home: Household, day: date, chance: Chance) -> None:
    book = home["at-margin"]
    share = chance.one_of(LONGS if chance.happens(70) else SHORTS)
    price = home.prices.on(share, day)
    quantity = _wanted(book, share, price, chance)
    if quantity and chance.happens(6):
        _order_in_vain(book, day, Leg(share, abs(quantity), rounded(price * 9 / 10, "USD")))
    elif quantity and chance.happens(60):
        order(book, day, Leg(share, quantity, price, COMMISSION))


def _wanted(book: Book, share: Security, price: Decimal, chance: Chance) -> Decimal:
    """Close half or all of what is held, or open more; nothing when the margin is used up."""
    held = book.held.get(share, ZERO)
    if held and (chance.happens(30) or book.cash < DEEPEST_MARGIN):
        return -held if chance.happens(25) else -(held // 2)
    if book.cash < DEEPEST_MARGIN:
        return ZERO
    if share in SHORTS:
        return -(chance.between(800, 2500) // price)
    most = max(SMALLEST_BUDGET, int(book.cash - DEEPEST_MARGIN) // 2)
    return chance.between(SMALLEST_BUDGET // 2, most) // price


def _order_in_vain(book: Book, day: date, leg: Leg) -> None:
    value = -rounded(leg.quantity * (leg.price or ZERO), "USD")
    text = f"LIMIT ORDER {leg.security.symbol}"
    lag = business_lag(day)
    book.record(Movement(day, Subtype.BUY, value, text, leg, lag, is_cancelled=True))


def _trade_options(home: Household, day: date, chance: Chance) -> None:
    written, bought = OPTIONABLE if day.month % 2 else OPTIONABLE[::-1]
    if is_first_business_day(day):
        is_covered = home["at-margin"].held.get(written, ZERO) >= PER_CONTRACT
        _order_option(home, day, _listed(home, day, written, is_call=is_covered), contracts=-1)
    if day == business_day(day.replace(day=Monthly.CALL)):
        _order_option(home, day, _listed(home, day, bought, is_call=True), contracts=1)
    if chance.happens(4):
        _close_an_option(home, day)


def _listed(home: Household, day: date, share: Security, *, is_call: bool) -> Security:
    """Answer an option of the next month, its strike at or just out of the money."""
    steps = home.prices.on(share, day) // STRIKE_STEP
    strike = max(steps + (1 if is_call else 0), Decimal(1)) * STRIKE_STEP
    return option(share, third_friday(month_after(day)), strike, is_call=is_call)


def _order_option(home: Household, day: date, contract: Security, *, contracts: int) -> None:
    price = home.prices.on(contract, day)
    order(home["at-margin"], day, Leg(contract, Decimal(contracts), price, COMMISSION))


def _close_an_option(home: Household, day: date) -> None:
    """Close the older of several options early, so that there is always one."""
    held = home["at-margin"].held
    contracts = [security for security in held if security.contract is not None]
    oldest = contracts[0] if len(contracts) > 1 else None
    if oldest and oldest.contract and oldest.contract.expiry > day + CLOSING_TIME:
        _order_option(home, day, oldest, contracts=-int(held[oldest]))
