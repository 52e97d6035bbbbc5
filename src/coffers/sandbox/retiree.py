"""The retiree: pensions in four currencies, an IRA that pays out, bonds that mature, a mortgage."""

from datetime import date, timedelta
from decimal import ROUND_UP, Decimal
from enum import IntEnum
from typing import Final

from coffers.domain.ledger.accounts import AccountType
from coffers.domain.ledger.transactions import TransactionSubtype as Subtype
from coffers.sandbox.books import ZERO, Account, Book, Leg, Movement, rounded
from coffers.sandbox.chance import Chance
from coffers.sandbox.days import (
    FIRST_DAY,
    business_day,
    is_business_day,
    is_first_business_day,
    is_month_end,
)
from coffers.sandbox.funds import BONDS, MOVED_IN, SWEEP, USD_RATES
from coffers.sandbox.household import Household, Transfer, dearer
from coffers.sandbox.securities import Security
from coffers.sandbox.trading import order

ACCOUNTS: Final = (
    Account("re-checking", "Checking", AccountType.CHECKING, opening=Decimal("8215.40")),
    Account("re-ira", "Traditional IRA", AccountType.IRA, opening=Decimal("2400.00")),
    Account("re-roth", "Roth IRA", AccountType.ROTH_IRA, reinvests=True),
    Account("re-brokerage", "Income Account", AccountType.BROKERAGE, opening=Decimal(31_000)),
    Account("re-mortgage", "Home Mortgage", AccountType.MORTGAGE, opening=Decimal(-186_400)),
    Account("re-eur", "Euro Account", AccountType.CASH, "EUR", Decimal("4120.00")),
    Account("re-gbp", "Sterling Account", AccountType.CASH, "GBP", Decimal("2650.00")),
    Account("re-jpy", "Yen Account", AccountType.CASH, "JPY", Decimal(480_000)),
)
MORTGAGE_RATE: Final = Decimal("0.04125")
MORTGAGE_PAYMENT: Final = Decimal("1432.25")
GROSS: Final = Decimal(1200)
WITHHELD: Final = Decimal(120)
INCOME: Final = Decimal(600)
CASH_KEPT: Final = Decimal(500)
BOND_FACE: Final = Decimal(15_000)
SHORTEST_BOND: Final = timedelta(days=2 * 365)
FOREIGN_IDLE: Final = {"re-eur": 6_000, "re-gbp": 5_000, "re-jpy": 900_000}
FOREIGN_WIRE: Final = {"re-eur": 2_500, "re-gbp": 2_000, "re-jpy": 400_000}


#: Day of the month, amount, payee.
BILLS: Final = (
    (2, "340.00", "GENTLE HANDS HOME CARE"),
    (9, "212.40", "EVERGREEN INSURANCE"),
    (16, "340.00", "GENTLE HANDS HOME CARE"),
    (23, "250.00", "COLLEGE FUND FOR MIRA"),
    (28, "64.90", "PRAIRIE TELEPHONE"),
)


class Monthly(IntEnum):
    """What happens on which day of the month."""

    PENSION = 1
    INCOME = 6
    SOCIAL_SECURITY = 11
    DISTRIBUTION = 17
    UTILITIES = 21
    ABROAD = 27


def live(home: Household, day: date) -> None:
    """Write one day of the retiree's life."""
    chance = home.chance(day)
    if day == FIRST_DAY:
        _move_in(home, day)
    _spend(home["re-checking"], day, chance)
    _pay_mortgage(home, day)
    _live_abroad(home, day, chance)
    if day.day == Monthly.PENSION:
        pension = dearer("1410.00", day, 1)
        home["re-checking"].post(day, Subtype.SALARY, pension, "STATE TEACHERS PENSION")
    if day == business_day(day.replace(day=Monthly.SOCIAL_SECURITY)):
        home["re-checking"].post(day, Subtype.SALARY, dearer("1390.00", day), "SOCIAL SECURITY")
    if is_business_day(day):
        _distribute(home, day)
        _manage_income(home, day)


def _move_in(home: Household, day: date) -> None:
    for account_id, security, quantity, price in MOVED_IN:
        leg = Leg(security, Decimal(quantity), Decimal(price))
        text = f"TRANSFER OF ASSETS {security.symbol}"
        home[account_id].record(Movement(day, Subtype.TRANSFER_IN, ZERO, text, leg))


def _spend(checking: Book, day: date, chance: Chance) -> None:
    if chance.happens(45):
        groceries = -chance.cents(2200, 10500)
        checking.record(Movement(day, Subtype.PURCHASE, groceries, "FAMILY FOODS", lag=1))
    if chance.happens(4):
        checking.post(day, Subtype.PAYMENT, -chance.cents(3000, 26000), "LAKESIDE CLINIC")
    if chance.happens(5):
        checking.post(day, Subtype.ATM, Decimal(-100), "ATM WITHDRAWAL")
    for due, amount, payee in BILLS:
        if day.day == due:
            checking.post(day, Subtype.PAYMENT, -dearer(amount, day), payee)
    if day.day == Monthly.UTILITIES:
        checking.post(day, Subtype.PAYMENT, -chance.cents(14000, 26000), "VALLEY UTILITIES")
    if day.day == Monthly.UTILITIES and day.month in {4, 10}:
        check = f"CHECK {2000 + day.year % 100 * 2 + day.month // 10} PROPERTY TAX"
        checking.post(day, Subtype.CHECK, -dearer("1180.00", day), check)


def _pay_mortgage(home: Household, day: date) -> None:
    mortgage = home["re-mortgage"]
    if not is_first_business_day(day) or not mortgage.cash:
        return
    interest = mortgage.cash * MORTGAGE_RATE / 12
    mortgage.post(day, Subtype.OTHER_FEE, interest, "MORTGAGE INTEREST")
    paid = min(MORTGAGE_PAYMENT, -mortgage.cash)
    Transfer(home["re-checking"], mortgage, "MORTGAGE PAYMENT", into=Subtype.PAYMENT).make(
        day, paid
    )


def _distribute(home: Household, day: date) -> None:
    """Pay out of the IRA, a tenth withheld, after selling what the cash does not cover."""
    ira = home["re-ira"]
    if day != business_day(day.replace(day=Monthly.DISTRIBUTION)):
        return
    if ira.cash < 2 * GROSS:
        _sell_for(home, ira, day, max(ira.held, key=lambda fund: ira.held[fund]))
    ira.post(day, Subtype.WITHDRAWAL, -WITHHELD, "FEDERAL TAX WITHHELD")
    into = Subtype.DISTRIBUTION
    distribution = Transfer(ira, home["re-checking"], "IRA DISTRIBUTION", Subtype.WITHDRAWAL, into)
    distribution.make(day, GROSS - WITHHELD)


def _sell_for(home: Household, book: Book, day: date, fund: Security) -> None:
    price = home.prices.on(fund, day)
    wanted = (3 * GROSS / price).quantize(Decimal("0.001"), ROUND_UP)
    order(book, day, Leg(fund, -min(wanted, book.held[fund]), price))


def _manage_income(home: Household, day: date) -> None:
    book = home["re-brokerage"]
    if day == business_day(day.replace(day=Monthly.INCOME)):
        _pay_income(home, book, day)
    if is_first_business_day(day) and day.month in {1, 4, 7, 10}:
        book.post(day, Subtype.ACCOUNT_FEE, Decimal(-25), "ADVISORY FEE")
    if book.cash + book.held.get(SWEEP, ZERO) > BOND_FACE + CASH_KEPT:
        _buy_bond(home, book, day)
    if abs(book.cash - CASH_KEPT) >= 1:
        _sweep(book, day)


def _pay_income(home: Household, book: Book, day: date) -> None:
    if book.cash + book.held.get(SWEEP, ZERO) > INCOME + CASH_KEPT:
        Transfer(book, home["re-checking"], "MONTHLY INCOME", later=2).make(day, INCOME)


def _buy_bond(home: Household, book: Book, day: date) -> None:
    for bond in BONDS:
        is_long = bond.matures is not None and bond.matures > day + SHORTEST_BOND
        if is_long and bond not in book.held:
            price = home.prices.on(bond, day)
            order(book, day, Leg(bond, BOND_FACE, price, Decimal("10.00")))
            return


def _sweep(book: Book, day: date) -> None:
    """Keep a fixed sum in cash and the rest in the money fund, as far as it goes."""
    units = (book.cash - CASH_KEPT).quantize(Decimal("0.01"))
    units = max(units, -book.held.get(SWEEP, ZERO))
    order(book, day, Leg(SWEEP, units, Decimal("1.00")))


def _live_abroad(home: Household, day: date, chance: Chance) -> None:
    euro, sterling, yen = home["re-eur"], home["re-gbp"], home["re-jpy"]
    if day.day == Monthly.ABROAD:
        euro.post(day, Subtype.DEPOSIT, Decimal("720.00"), "MIETE WOHNUNG AM SEE")
        euro.post(day, Subtype.PAYMENT, -chance.cents(9000, 13000), "HAUSVERWALTUNG")
        sterling.post(day, Subtype.SALARY, dearer("284.60", day), "UNIVERSITIES PENSION")
    if day.day == Monthly.ABROAD and day.month in {1, 4, 7, 10}:
        yen.post(day, Subtype.DEPOSIT, Decimal(45_000), "翻訳料 TRANSLATION FEE")
    if is_month_end(day):
        for book in (euro, sterling, yen):
            book.post(day, Subtype.INTEREST, book.cash * Decimal("0.0004"), "INTEREST")
    if day.month in {5, 9} and chance.happens(30):
        euro.record(_bought(day, chance.cents(600, 7500), "CAFÉ MÜLLER"))
    if chance.happens(2):
        sterling.record(_bought(day, chance.cents(900, 6000), "MARKS & SONS"))
        yen.record(_bought(day, Decimal(chance.between(800, 12_000)), "喫茶店 KISSATEN"))
    if is_first_business_day(day):
        _bring_home(home, day)


def _bought(day: date, amount: Decimal, merchant: str) -> Movement:
    return Movement(day, Subtype.PURCHASE, -amount, merchant, lag=1)


def _bring_home(home: Household, day: date) -> None:
    for account_id, idle in FOREIGN_IDLE.items():
        book = home[account_id]
        if book.cash > idle:
            amount = Decimal(FOREIGN_WIRE[account_id])
            rate = home.prices.on(USD_RATES[book.account.currency], day)
            book.post(day, Subtype.WIRE_OUT, -amount, f"WIRE TO USD AT {rate}")
            dollars = rounded(amount * rate, "USD")
            text = f"WIRE FROM {book.account.currency} AT {rate}"
            home["re-checking"].post(day, Subtype.WIRE_IN, dollars, text)
