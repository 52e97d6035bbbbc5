"""Trades: entries that move securities, or that securities earn.

The quantity of a purchase, of what comes in and of a cover is above zero, that of a sale, of what
goes out and of a short sale below: it may be told without its sign. A split's is what comes on top.
Dividends and other income may say what they were paid on; nothing moves then.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from typing import Final

from coffers.domain.currencies import MINOR_UNITS
from coffers.domain.ledger.entries import Entry, EntryInvalid, NamedLot, check_amount
from coffers.domain.ledger.transactions import TransactionSubtype as Sub
from coffers.domain.ledger.transactions import TransactionType as Type
from coffers.domain.money import (
    EXACT,
    MAX_FRACTION_DIGITS,
    check_bounds,
    money_digits,
    quantity_digits,
    total_of,
)

ZERO: Final = Decimal(0)
#: What is said of securities only.
OF_SECURITIES: Final = (
    *("asset_type", "security_name", "quantity", "unit_price", "commission"),
    *("acquired_date", "lots"),
)
COMING: Final = frozenset({Sub.BUY, Sub.BUY_TO_COVER, Sub.TRANSFER_IN, Sub.ASSIGNMENT})
LEAVING: Final = frozenset({Sub.SELL, Sub.SHORT_SELL, Sub.TRANSFER_OUT, Sub.EXERCISE})
#: Their sign is their owner's to say.
SIGNED: Final = frozenset({Sub.SPLIT, Sub.EXPIRATION})
#: Money goes the other way round, at a price.
_BOUGHT: Final = frozenset({Sub.BUY, Sub.BUY_TO_COVER})
_SOLD: Final = frozenset({Sub.SELL, Sub.SHORT_SELL})
_PRICED: Final = _BOUGHT | _SOLD
_IN_KIND: Final = frozenset({Sub.TRANSFER_IN, Sub.TRANSFER_OUT})
#: What takes lots that are there.
_TAKING: Final = frozenset(
    {Sub.SELL, Sub.BUY_TO_COVER, Sub.TRANSFER_OUT, Sub.EXERCISE, Sub.EXPIRATION}
)


def traded(entry: Entry, multiplier: Decimal, *, amount: Decimal | None) -> Entry:
    """The entry with its quantity's sign, and the amount that was told or that follows.

    It follows from quantity × unit price × multiplier and the commission, rounded to the currency's
    minor unit, halves away from zero; one that is told agrees with it to the minor unit. Raises
    EntryInvalid.
    """
    if entry.symbol is None:
        return _plain(entry, amount)
    entry = replace(_checked(entry), quantity=_signed(entry))
    check_lots(entry)
    due = _due(entry, multiplier)
    if amount is None:
        amount = due
    if amount is None:
        raise EntryInvalid("Say the amount, or quantity and unit price.", field="amount")
    _check(entry, amount, multiplier)
    return replace(entry, amount=money_digits(check_bounds(amount), entry.currency))


def _plain(entry: Entry, amount: Decimal | None) -> Entry:
    """Money alone."""
    if entry.transaction_type is Type.TRADE:
        raise EntryInvalid("What is traded? Say its symbol.", field="symbol")
    for name in OF_SECURITIES:
        if getattr(entry, name):
            raise EntryInvalid("This needs a symbol.", field=name)
    if amount is None:
        raise EntryInvalid("Say the amount.", field="amount")
    check_amount(amount)
    return replace(entry, amount=money_digits(amount, entry.currency))


def _checked(entry: Entry) -> Entry:
    """The entry with the contract's digits; raises EntryInvalid for what its kind cannot have."""
    moves = entry.transaction_type is Type.TRADE or entry.subtype in _IN_KIND
    if moves and not entry.quantity:
        raise EntryInvalid("How much of it? Zero moves nothing.", field="quantity")
    if entry.transaction_type is Type.TRANSFER and not moves:
        detail = "Securities come with transfer_in and go with transfer_out."
        raise EntryInvalid(detail, field="subtype")
    for name in ("unit_price", "commission"):
        if (getattr(entry, name) or ZERO) < 0:
            raise EntryInvalid("Not below zero.", field=name)
    if entry.acquired_date is not None:
        _check_acquired(entry)
    price, fee = entry.unit_price, entry.commission
    return replace(
        entry,
        unit_price=None if price is None else money_digits(price, entry.currency),
        commission=None if fee is None else money_digits(fee, entry.currency),
    )


def _check_acquired(entry: Entry) -> None:
    if entry.subtype is not Sub.TRANSFER_IN:
        detail = "Only what comes from elsewhere was bought on another day."
        raise EntryInvalid(detail, field="acquired_date")
    if entry.acquired_date is not None and entry.acquired_date > entry.transaction_date:
        raise EntryInvalid("Bought after it came in?", field="acquired_date")


def _signed(entry: Entry) -> Decimal | None:
    quantity = entry.quantity
    if quantity is None:
        return None
    if quantity < 0 and not (entry.subtype in LEAVING or entry.subtype in SIGNED):
        raise EntryInvalid(f"Below zero, yet a {entry.subtype.value}?", field="quantity")
    leaves = entry.subtype in LEAVING
    return quantity_digits(EXACT.minus(quantity.copy_abs()) if leaves else quantity)


def check_lots(entry: Entry) -> None:
    """Raises EntryInvalid unless it names none, or lots that add up to its quantity."""
    if not entry.lots:
        return
    if entry.subtype not in _TAKING:
        raise EntryInvalid(f"A {entry.subtype.value} takes no lots.", field="lots")
    if len({each.transaction_id for each in entry.lots}) != len(entry.lots):
        raise EntryInvalid("Each lot once.", field="lots")
    if any(each.quantity <= 0 for each in entry.lots):
        raise EntryInvalid("Of a lot more than nothing is taken.", field="lots")
    named, sold = (
        total_of(each.quantity for each in entry.lots),
        (entry.quantity or ZERO).copy_abs(),
    )
    if named != sold:
        detail = f"The lots add up to {named:f}, not to {sold:f}."
        raise EntryInvalid(detail, field="lots")


def written(lots: Sequence[NamedLot]) -> tuple[NamedLot, ...]:
    """With the contract's digits."""
    return tuple(replace(each, quantity=quantity_digits(each.quantity)) for each in lots)


def follows(entry: Entry) -> bool:
    """Whether its amount follows from the rest."""
    return entry.subtype in _IN_KIND or _gross(entry, Decimal(1)) is not None


def _due(entry: Entry, multiplier: Decimal) -> Decimal | None:
    """The amount that follows from the rest, None if none does."""
    fee = entry.commission or ZERO
    if entry.subtype in _IN_KIND:
        return ZERO
    if entry.transaction_type is Type.TRADE and entry.subtype not in _PRICED:
        return EXACT.minus(fee)
    gross = _gross(entry, multiplier)
    if gross is None:
        return None
    return EXACT.subtract(_rounded(gross, entry.currency, ROUND_HALF_UP), fee)


def _gross(entry: Entry, multiplier: Decimal) -> Decimal | None:
    """What is paid or brought before the commission."""
    is_income = entry.transaction_type is Type.INCOME
    if entry.quantity is None or entry.unit_price is None:
        return None
    if not is_income and entry.subtype not in _PRICED:
        return None
    gross = EXACT.multiply(EXACT.multiply(entry.quantity, entry.unit_price), multiplier)
    return gross if is_income else EXACT.minus(gross)


def _rounded(amount: Decimal, currency: str, rounding: str) -> Decimal:
    digits = MINOR_UNITS.get(currency, MAX_FRACTION_DIGITS)
    context = Context(prec=EXACT.prec, rounding=rounding)
    rounded = amount.quantize(Decimal(1).scaleb(-digits), context=context)
    return amount if rounded == amount else rounded


def _check(entry: Entry, amount: Decimal, multiplier: Decimal) -> None:
    _CHECKS.get(entry.subtype, _check_some)(entry, amount)
    gross = _gross(entry, multiplier)
    if gross is None:
        return
    told = EXACT.add(amount, entry.commission or ZERO)
    bounds = [_rounded(gross, entry.currency, each) for each in (ROUND_FLOOR, ROUND_CEILING)]
    if told not in {gross, *bounds}:
        due = _due(entry, multiplier) or ZERO
        detail = f"Quantity, unit price and commission make {due:f}: leave one of them out."
        raise EntryInvalid(detail, field="amount")


def _check_some(entry: Entry, amount: Decimal) -> None:
    if entry.transaction_type is not Type.TRADE:
        check_amount(amount)


def _check_in_kind(entry: Entry, amount: Decimal) -> None:
    if amount or entry.commission:
        detail = "Securities come and go in kind: enter money that moves with them by itself."
        raise EntryInvalid(detail, field="amount" if amount else "commission")


def _check_paid(entry: Entry, amount: Decimal) -> None:
    if amount > 0 or (not amount and entry.unit_price is None):
        raise EntryInvalid("A purchase takes money: below zero.", field="amount")


def _check_brought(_entry: Entry, amount: Decimal) -> None:
    if amount < 0:
        detail = "A sale brings money: enter a fee that is more by itself."
        raise EntryInvalid(detail, field="amount")


_CHECKS: Final[dict[Sub, Callable[[Entry, Decimal], None]]] = {
    **dict.fromkeys(_IN_KIND, _check_in_kind),
    **dict.fromkeys(_BOUGHT, _check_paid),
    **dict.fromkeys(_SOLD, _check_brought),
}
