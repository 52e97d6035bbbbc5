"""Corporate actions, and prices adjusted for them: applied when read, each exactly once."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Final, Protocol
from uuid import UUID

from coffers.domain.errors import Conflict, Invalid, NotFound
from coffers.domain.ids import UserId
from coffers.domain.markets.prices import Bar

#: Of one asset: a century of monthly dividends.
MAX_ACTIONS: Final = 1_200
#: New units for one old one, or the other way round, are at most this many.
LARGEST_RATIO: Final = Decimal(100_000)
MAX_NOTE: Final = 500
#: Sources tell 1 for 3 as 0.333333: what is so near to a ratio of few units is that ratio.
FEW_UNITS: Final = 50
_CUT_OFF: Final = Fraction(1, 500_000)
#: Adjusted prices are calculated: they have so many digits after the point.
ADJUSTED_DIGITS: Final = 8
ONE: Final = Decimal(1)
_CONTEXT: Final = Context(prec=40, rounding=ROUND_HALF_EVEN)
_QUANTUM: Final = ONE.scaleb(-ADJUSTED_DIGITS)


class ActionKind(StrEnum):
    """What a company did."""

    SPLIT = "split"
    DIVIDEND = "dividend"
    SYMBOL_CHANGE = "symbol_change"
    MERGER = "merger"
    SPIN_OFF = "spin_off"


class Adjustment(StrEnum):
    """What prices are adjusted for."""

    NONE = "none"
    SPLITS = "splits"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class CorporateAction:
    """What happened to an asset at the opening of a day (the ex-date).

    `ratio` is new units for so many `old_units`, one if none are told (1 for 3 is no decimal): of
    the asset itself at a split, of `new_asset_id` at a merger, symbol change or spin-off. `amount`
    is money for one unit before the action: a dividend, the cash of a merger, what a spun-off part
    was worth.
    """

    asset_id: UUID
    id: UUID
    user_id: UserId | None
    day: date
    kind: ActionKind
    created_at: datetime
    updated_at: datetime
    ratio: Decimal | None = None
    amount: Decimal | None = None
    currency: str | None = None
    new_asset_id: UUID | None = None
    note: str = ""
    version: int = 1
    old_units: Decimal | None = None

    @property
    def factor(self) -> Decimal | None:
        """New units for one old, to 40 digits; None where none are told."""
        if self.ratio is None:
            return None
        return _CONTEXT.divide(self.ratio, self.old_units or ONE)


class CorporateActions(Protocol):
    """Where corporate actions are kept. Who may see or change the asset was asked before."""

    async def add(self, action: CorporateAction) -> None:
        """Raises ActionKnown, TooManyActions."""
        ...

    async def add_missing(self, actions: Sequence[CorporateAction]) -> None:
        """Those of days and kinds that the asset has none of yet."""
        ...

    async def get(self, asset_id: UUID, action_id: UUID) -> CorporateAction:
        """Locked; raises ActionNotFound."""
        ...

    async def update(
        self, action: CorporateAction, *, expected_version: int | None
    ) -> CorporateAction:
        """As stored, its version one higher; raises PreconditionFailed, ActionKnown."""
        ...

    async def delete(self, action: CorporateAction) -> None:
        """As if it had never happened."""
        ...


#: Kind → what it cannot do without, and what it may have besides.
_NEEDS: Final = {
    ActionKind.SPLIT: ({"ratio"}, set[str]()),
    ActionKind.DIVIDEND: ({"amount"}, set[str]()),
    ActionKind.SYMBOL_CHANGE: ({"new_asset_id"}, set[str]()),
    ActionKind.MERGER: (set[str](), {"ratio", "amount", "new_asset_id"}),
    ActionKind.SPIN_OFF: ({"ratio", "new_asset_id"}, {"amount"}),
}


def check_action(action: CorporateAction, currency: str) -> CorporateAction:
    """The action of an asset in this currency; raises ActionInvalid for what cannot be."""
    needed, allowed = _NEEDS[action.kind]
    for name in ("ratio", "amount", "new_asset_id"):
        _check_field(action, name, is_needed=name in needed, is_known=name in needed | allowed)
    if action.kind is ActionKind.MERGER:
        _check_merger(action)
    _check_old_units(action)
    if action.factor is not None:
        _check_ratio(action.factor, action.kind)
    if action.amount is not None:
        _check_amount(action, currency)
    if action.new_asset_id == action.asset_id:
        raise ActionInvalid("An asset does not become itself.", field="new_asset_id")
    return replace(action, currency=None if action.amount is None else currency)


def _check_merger(action: CorporateAction) -> None:
    if action.amount is None and action.new_asset_id is None:
        raise ActionInvalid("A merger pays money, another asset, or both.", field="amount")
    if (action.new_asset_id is None) != (action.ratio is None):
        raise ActionInvalid("How many units of which asset? Both or neither.", field="ratio")


def _check_old_units(action: CorporateAction) -> None:
    if action.old_units is None:
        return
    if action.ratio is None:
        raise ActionInvalid("Old units are told beside a ratio.", field="old_units")
    if not 0 < action.old_units <= LARGEST_RATIO:
        raise ActionInvalid(
            f"Old units are above zero, at most {LARGEST_RATIO}.", field="old_units"
        )


def _check_ratio(ratio: Decimal, kind: ActionKind) -> None:
    if not ONE / LARGEST_RATIO <= ratio <= LARGEST_RATIO:
        detail = f"A ratio is new units for one old, above zero, at most {LARGEST_RATIO}."
        raise ActionInvalid(detail, field="ratio")
    if kind is ActionKind.SPLIT and ratio == 1:
        raise ActionInvalid("A split into one changes nothing.", field="ratio")


def _check_amount(action: CorporateAction, currency: str) -> None:
    if action.amount is not None and action.amount <= 0:
        raise ActionInvalid("An amount is above zero.", field="amount")
    if action.currency not in {None, currency}:
        detail = f"The asset is priced in {currency}: tell the amount in it."
        raise ActionInvalid(detail, field="currency")


def _check_field(action: CorporateAction, name: str, *, is_needed: bool, is_known: bool) -> None:
    is_given = getattr(action, name) is not None
    if is_needed and not is_given:
        raise ActionInvalid(f"A {action.kind.value} has a {name}.", field=name)
    if is_given and not is_known:
        raise ActionInvalid(f"A {action.kind.value} has no {name}.", field=name)


def in_old_units(ratio: Decimal) -> tuple[Decimal, Decimal]:
    """New units and old ones, in whole numbers, for a ratio that a source cut off (0.333333)."""
    told = Fraction(ratio)
    larger = max(told, 1 / told)
    near = larger.limit_denominator(FEW_UNITS)
    is_few = near.denominator == 1 or near.numerator <= FEW_UNITS**2
    if not is_few or abs(near - larger) > larger * _CUT_OFF:
        return ratio, ONE
    new, old = Decimal(near.numerator), Decimal(near.denominator)
    return (new, old) if told >= 1 else (old, new)


def adjusted(
    bars: Sequence[Bar], actions: Iterable[CorporateAction], adjustment: Adjustment
) -> list[Bar]:
    """The bars, oldest first, in units and money of the newest of them.

    Before each split prices are divided by its ratio and volumes multiplied; before each dividend
    and spin-off prices are multiplied by one less its amount over the close of the day before
    (CRSP's and Yahoo's convention). An action after the last bar, or before the first, changes
    nothing.
    """
    factors = factors_of(bars, actions, adjustment)
    if not factors:
        return list(bars)
    out: list[Bar] = []
    price, volume = ONE, ONE
    for bar in reversed(bars):
        while factors and factors[-1].day > bar.day:
            factor = factors.pop()
            price = _CONTEXT.multiply(price, factor.price)
            volume = _CONTEXT.multiply(volume, factor.volume)
        out.append(_scaled(bar, price, volume))
    out.reverse()
    return out


@dataclass(frozen=True, slots=True)
class Factor:
    """What prices and volumes before a day are multiplied by, and for which action."""

    action_id: UUID
    day: date
    price: Decimal
    volume: Decimal = ONE


def factors_of(
    bars: Sequence[Bar], actions: Iterable[CorporateAction], adjustment: Adjustment
) -> list[Factor]:
    """One for each of the actions that are worked into these bars, oldest first."""
    if adjustment is Adjustment.NONE or not bars:
        return []
    return list(_factors(bars, actions, adjustment))


def _factors(
    bars: Sequence[Bar], actions: Iterable[CorporateAction], adjustment: Adjustment
) -> Iterator[Factor]:
    """Oldest first; of one day splits first, since its dividend is paid on what they made."""
    within = [each for each in actions if bars[0].day < each.day <= bars[-1].day]
    place = 0
    split_day, split = bars[0].day, ONE
    for action in sorted(within, key=lambda each: (each.day, each.kind is not ActionKind.SPLIT)):
        while bars[place + 1].day < action.day:
            place += 1
        if action.kind is ActionKind.SPLIT and (factor := action.factor) is not None:
            split = factor if action.day != split_day else _CONTEXT.multiply(split, factor)
            split_day = action.day
            yield Factor(action.id, action.day, _CONTEXT.divide(ONE, factor), factor)
        elif _pays(action, adjustment) and action.amount is not None:
            before = bars[place].close
            if action.day == split_day:
                before = _CONTEXT.divide(before, split)
            if action.amount < before:
                paid = _CONTEXT.divide(action.amount, before)
                yield Factor(action.id, action.day, _CONTEXT.subtract(ONE, paid))


def _pays(action: CorporateAction, adjustment: Adjustment) -> bool:
    kinds = {ActionKind.DIVIDEND, ActionKind.SPIN_OFF}
    return adjustment is Adjustment.ALL and action.kind in kinds


def _scaled(bar: Bar, price: Decimal, volume: Decimal) -> Bar:
    if price == ONE and volume == ONE:
        return bar
    told = (bar.open, bar.high, bar.low)
    opened, high, low = (None if each is None else _times(each, price) for each in told)
    traded = None if bar.volume is None else _times(bar.volume, volume)
    return Bar(bar.day, _times(bar.close, price), opened, high, low, traded)


def _times(amount: Decimal, factor: Decimal) -> Decimal:
    product = _CONTEXT.multiply(amount, factor)
    rounded = product.quantize(_QUANTUM, context=_CONTEXT)
    # What is smaller than all the digits is not nothing.
    return rounded or product.quantize(ONE.scaleb(-18), context=_CONTEXT)


class ActionNotFound(NotFound):
    """There is no such corporate action."""


class ActionInvalid(Invalid):
    """Something about the corporate action cannot be."""


class ActionKnown(Conflict):
    """The asset has an action of this kind on this day already."""

    slug = "corporate_action_known"


class TooManyActions(Conflict):
    """There is no room for another corporate action."""

    slug = "too_many_corporate_actions"
