"""The young saver: a salary, a rent, too much coffee, and a little every month into funds."""

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_DOWN, Decimal
from enum import IntEnum
from typing import Final

from coffers.domain.ledger.accounts import AccountType
from coffers.domain.ledger.holdings import AssetType
from coffers.domain.ledger.transactions import TransactionSubtype as Subtype
from coffers.sandbox.books import Account, Book, Leg, Movement
from coffers.sandbox.chance import Chance
from coffers.sandbox.days import business_day, is_business_day, is_month_end
from coffers.sandbox.household import Household, Transfer, dearer
from coffers.sandbox.securities import Payout, Security
from coffers.sandbox.trading import FRACTION, order

ACCOUNTS: Final = (
    Account("ys-checking", "Everyday Checking", AccountType.CHECKING, opening=Decimal("1840.55")),
    Account("ys-savings", "Rainy Day Savings", AccountType.SAVINGS, opening=Decimal("3200.00")),
    Account("ys-card", "Everyday Card", AccountType.CREDIT_CARD, limit=Decimal(5000)),
    Account("ys-brokerage", "First Investments", AccountType.BROKERAGE, reinvests=True),
)
FUNDS: Final = (
    Security(
        "TMKX",
        "Total Home Market ETF",
        AssetType.ETF,
        Decimal("112.40"),
        growth=9,
        swing=70,
        isin="ZZ90TMKX0015",
        payouts=(Payout(Decimal("1.72")),),
    ),
    Security(
        "WRLX",
        "Whole World ETF",
        AssetType.ETF,
        Decimal("61.15"),
        growth=7,
        swing=80,
        isin="ZZ90WRLX0014",
        payouts=(Payout(Decimal("1.31")),),
    ),
)
#: Day of the month, amount, merchant.
SUBSCRIPTIONS: Final = (
    (3, "29.00", "IRON WORKS GYM"),
    (9, "12.99", "STREAMLINE VIDEO"),
    (14, "9.99", "CADENZA MUSIC"),
    (22, "2.99", "CLOUD ATTIC"),
)
GROCERS: Final = ("GREEN BASKET MARKET", "CORNER GROCER", "HARVEST HALL")
RESTAURANTS: Final = ("NOODLE HOUSE 88", "LA PEQUENA TAQUERIA", "THE COPPER SPOON")
SHOPS: Final = ("PAGEWISE BOOKS", "BRICK LANE CLOTHING", "HOME & HEARTH", "PIXEL ELECTRONICS")
TRAVEL: Final = ("COASTLINE RAIL", "PENSION SEEBLICK", "SUNNY AIRWAYS")
HOLIDAY_MONTH: Final = 8
SAVINGS_RATE: Final = Decimal("0.036")
CUSHION: Final = 300
PLENTY: Final = 3500
DEAREST_HOLIDAY: Final = 3500
ENOUGH_TO_INVEST: Final = 100


class Monthly(IntEnum):
    """What happens on which day of the month."""

    RENT = 1
    POWER = 11
    CARD_PAYMENT = 20
    SALARY = 25
    SAVING = 26
    INVESTING = 27
    SWEEP = 28


def live(home: Household, day: date) -> None:
    """Write one day of the young saver's life."""
    chance = home.chance(day)
    _earn(home["ys-checking"], home["ys-savings"], day)
    _pay_bills(home["ys-checking"], home["ys-card"], day, chance)
    _shop(home["ys-card"], day, chance)
    _settle_card(home, day)
    _save(home["ys-checking"], home["ys-savings"], day)
    _invest(home, day)


def _earn(checking: Book, savings: Book, day: date) -> None:
    if day == business_day(day.replace(day=Monthly.SALARY)):
        checking.post(day, Subtype.SALARY, dearer("2860.00", day, 3), "NORTHWIND STUDIOS PAYROLL")
    if is_month_end(day):
        savings.post(day, Subtype.INTEREST, savings.cash * SAVINGS_RATE / 12, "INTEREST PAID")


def _pay_bills(checking: Book, card: Book, day: date, chance: Chance) -> None:
    if day.day == Monthly.RENT:
        checking.post(day, Subtype.PAYMENT, -dearer("1290.00", day), "MAPLE COURT RENT")
    if day.day == Monthly.POWER:
        check = f"CHECK {1000 + day.year % 100 * 12 + day.month} CITY POWER"
        checking.post(day, Subtype.CHECK, -chance.cents(5500, 14500), check)
    if chance.happens(5):
        _withdraw_cash(checking, day, chance)
    if (day.month, day.day) == (1, 15):
        card.post(day, Subtype.ACCOUNT_FEE, Decimal(-49), "ANNUAL CARD FEE")
    for due, amount, merchant in SUBSCRIPTIONS:
        if day.day == due:
            card.record(_bought(day, dearer(amount, day, 4), merchant, lag=1))


def _withdraw_cash(checking: Book, day: date, chance: Chance) -> None:
    checking.record(Movement(day, Subtype.ATM, Decimal(-60), "ATM WITHDRAWAL", lag=1))
    if chance.happens(25):
        checking.post(day, Subtype.OTHER_FEE, Decimal("-2.50"), "ATM FEE")


def _shop(card: Book, day: date, chance: Chance) -> None:
    if is_business_day(day) and chance.happens(55):
        _drink_coffee(card, day, chance)
    if chance.happens(33):
        _buy(card, day, chance, GROCERS, (1800, 7600))
    if chance.happens(12):
        _dine(card, day, chance)
    if chance.happens(7):
        _buy(card, day, chance, SHOPS, (1200, 9900))
    if day.month == HOLIDAY_MONTH and card.cash > -DEAREST_HOLIDAY and chance.happens(30):
        _buy(card, day, chance, TRAVEL, (4000, 32000))
    if chance.happens(1):
        refund = chance.cents(1200, 4900)
        card.record(Movement(day, Subtype.PURCHASE, refund, f"REFUND {SHOPS[0]}", lag=2))


def _drink_coffee(card: Book, day: date, chance: Chance) -> None:
    cup = _bought(day, dearer("3.80", day, 5), "BLUE DOOR COFFEE", lag=chance.between(1, 2))
    card.record(cup)
    if chance.happens(12):
        card.record(cup)


def _buy(
    card: Book, day: date, chance: Chance, merchants: Sequence[str], cents: tuple[int, int]
) -> None:
    amount = chance.cents(*cents)
    card.record(_bought(day, amount, chance.one_of(merchants), lag=chance.between(2, 4)))


def _dine(card: Book, day: date, chance: Chance) -> None:
    bill = chance.cents(1400, 5200)
    tip = chance.cents(200, 900)
    text = chance.one_of(RESTAURANTS)
    card.record(Movement(day, Subtype.PURCHASE, -bill - tip, text, lag=2, authorised=-bill))


def _bought(day: date, amount: Decimal, merchant: str, *, lag: int) -> Movement:
    return Movement(day, Subtype.PURCHASE, -amount, merchant, lag=lag)


def _settle_card(home: Household, day: date) -> None:
    """Pay what is owed, out of the savings too when it was a dear month."""
    checking, savings, card = home["ys-checking"], home["ys-savings"], home["ys-card"]
    if day.day == Monthly.CARD_PAYMENT and card.cash < 0:
        short = min(-card.cash - checking.cash + CUSHION, savings.cash)
        if short > 0:
            _move(savings, checking, "FROM SAVINGS").make(day, short)
        paid = min(-card.cash, max(checking.cash - CUSHION, Decimal(0)))
        Transfer(checking, card, "CARD AUTOPAY", into=Subtype.PAYMENT, later=1).make(day, paid)


def _save(checking: Book, savings: Book, day: date) -> None:
    if day.day == Monthly.SAVING:
        _move(checking, savings, "MONTHLY SAVING").make(day, Decimal(350))
    if day.day == Monthly.SWEEP and checking.cash > PLENTY:
        spare = (checking.cash - PLENTY) // 100 * 100
        _move(checking, savings, "SWEEP TO SAVINGS").make(day, spare)
    if checking.cash < CUSHION and savings.cash > 2 * CUSHION:
        _move(savings, checking, "FROM SAVINGS").make(day, Decimal(CUSHION))


def _move(source: Book, target: Book, text: str) -> Transfer:
    return Transfer(source, target, text, out=Subtype.INTERNAL, into=Subtype.INTERNAL)


def _invest(home: Household, day: date) -> None:
    checking, brokerage = home["ys-checking"], home["ys-brokerage"]
    if day.day == Monthly.INVESTING:
        # It arrives tomorrow: nothing is bought with it today.
        Transfer(checking, brokerage, "TO FIRST INVESTMENTS", later=1).make(day, Decimal(250))
    elif (day.month, day.day) == (12, 28):
        brokerage.post(day, Subtype.ACCOUNT_FEE, Decimal(-10), "ACCOUNT FEE")
    elif is_business_day(day) and brokerage.cash > ENOUGH_TO_INVEST:
        fund = FUNDS[day.month % len(FUNDS)]
        price = home.prices.on(fund, day)
        quantity = (brokerage.cash / price).quantize(FRACTION, ROUND_DOWN)
        order(brokerage, day, Leg(fund, quantity, price))
