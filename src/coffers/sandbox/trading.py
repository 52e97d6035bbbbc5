"""Orders and what follows from holding: splits, payouts, expiries, maturities."""

from datetime import date
from decimal import ROUND_DOWN, Decimal
from typing import Final

from coffers.domain.ledger.transactions import TransactionSubtype as Subtype
from coffers.sandbox.books import ZERO, Book, Leg, Movement, business_lag, rounded
from coffers.sandbox.days import business_day
from coffers.sandbox.prices import Prices, in_the_money
from coffers.sandbox.securities import (
    PER_CONTRACT,
    Payout,
    Security,
    split_factor,
)

PAYOUT_DAY: Final = 15
PAR: Final = Decimal(100)
FRACTION: Final = Decimal("0.0001")
_WORDS: Final = {
    Subtype.BUY: "BOUGHT",
    Subtype.SELL: "SOLD",
    Subtype.SHORT_SELL: "SOLD SHORT",
    Subtype.BUY_TO_COVER: "BOUGHT TO COVER",
}


def order(book: Book, day: date, leg: Leg) -> None:
    """Trade a signed quantity; what would cross zero is closed and opened in two rows.

    The commission is paid by the first of them.
    """
    held = book.held.get(leg.security, ZERO)
    closing = _closing(held, leg.quantity)
    opening = leg.quantity - closing
    commission = leg.commission
    for quantity, opens in ((closing, False), (opening, True)):
        if quantity:
            part = Leg(leg.security, quantity, leg.price, commission)
            book.record(trade(day, _kind(quantity, opens=opens), part))
            commission = ZERO


def trade(day: date, subtype: Subtype, leg: Leg) -> Movement:
    """Answer the movement of a trade at its price, posted on the next business day."""
    value = leg.quantity * (leg.price or ZERO) * leg.security.multiplier
    text = f"{_WORDS[subtype]} {leg.security.symbol}"
    lag = 0 if leg.security.is_instant else business_lag(day)
    return Movement(day, subtype, -rounded(value, "USD") - leg.commission, text, leg, lag)


def follow(book: Book, day: date, prices: Prices) -> None:
    """Write what a day brings to those who hold, splits before all else."""
    for step in (_split, _pay, _expire, _redeem):
        for security in list(book.held):
            step(book, day, security, prices)


def _closing(held: Decimal, quantity: Decimal) -> Decimal:
    if held * quantity >= 0:
        return ZERO
    size = min(abs(held), abs(quantity))
    return size if quantity > 0 else -size


def _kind(quantity: Decimal, *, opens: bool) -> Subtype:
    if quantity > 0:
        return Subtype.BUY if opens else Subtype.BUY_TO_COVER
    return Subtype.SHORT_SELL if opens else Subtype.SELL


def _split(book: Book, day: date, security: Security, _prices: Prices) -> None:
    for split in security.splits:
        if split.day == day:
            quantity = book.held[security]
            added = quantity * split.new / split.old - quantity
            text = f"SPLIT {split.new}:{split.old} {security.symbol}"
            book.record(Movement(day, Subtype.SPLIT, ZERO, text, Leg(security, added, split=split)))


def _pay(book: Book, day: date, security: Security, prices: Prices) -> None:
    if day.day != PAYOUT_DAY:
        return
    for payout in security.payouts:
        if day.month in payout.months:
            _pay_out(book, day, security, payout, prices)


def _pay_out(book: Book, day: date, security: Security, payout: Payout, prices: Prices) -> None:
    each = payout.a_year * security.multiplier / len(payout.months) / split_factor(security, day)
    amount = rounded(each * book.held[security], "USD")
    if amount:
        text = f"{payout.subtype.upper().replace('_', ' ')} {security.symbol}"
        book.record(Movement(day, payout.subtype, amount, text, Leg(security)))
    if book.account.reinvests and amount > 0:
        _reinvest(book, day, security, amount, prices)


def _reinvest(book: Book, day: date, security: Security, amount: Decimal, prices: Prices) -> None:
    price = prices.on(security, day)
    quantity = (amount / price).quantize(FRACTION, ROUND_DOWN)
    if quantity:
        cost = rounded(quantity * price, "USD")
        text = f"REINVESTED {security.symbol}"
        book.record(Movement(day, Subtype.BUY, -cost, text, Leg(security, quantity, price)))


def _expire(book: Book, day: date, security: Security, prices: Prices) -> None:
    contract = security.contract
    if contract is None or contract.expiry != day:
        return
    contracts = book.held[security]
    if not in_the_money(contract, prices.on(contract.underlying, day)):
        _close(book, day, Subtype.EXPIRATION, security)
        return
    _close(book, day, Subtype.EXERCISE if contracts > 0 else Subtype.ASSIGNMENT, security)
    shares = contracts * PER_CONTRACT * (1 if contract.is_call else -1)
    order(book, day, Leg(contract.underlying, shares, contract.strike))


def _close(book: Book, day: date, subtype: Subtype, option: Security) -> None:
    leg = Leg(option, -book.held[option])
    book.record(Movement(day, subtype, ZERO, f"{subtype.upper()} {option.symbol}", leg))


def _redeem(book: Book, day: date, security: Security, _prices: Prices) -> None:
    if security.matures is None or business_day(security.matures) != day:
        return
    face = book.held[security]
    value = rounded(face * PAR * security.multiplier, "USD")
    leg = Leg(security, -face, PAR)
    book.record(Movement(day, Subtype.SELL, value, f"MATURED {security.symbol}", leg))
