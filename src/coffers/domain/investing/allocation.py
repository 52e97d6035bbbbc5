"""Allocation: what a whole is made of, how concentrated it is, and how to get nearer to targets.

Weights are fractions of the whole. Values are of one currency. Short positions have negative
values: they lessen the whole and weigh below zero.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, Context, Decimal
from typing import Final

from coffers.domain.errors import Invalid
from coffers.domain.markets.rates import rounded, rounded_parts
from coffers.domain.money import EXACT, AmountInvalid, minor_units, total_of

ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)
WEIGHT_DIGITS: Final = 8
_RATIO: Final = Context(prec=40)
_WEIGHT: Final = ONE.scaleb(-WEIGHT_DIGITS)


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of the whole; `weight` is None when the whole is nothing or less."""

    name: str
    value: Decimal
    weight: Decimal | None


def sliced(values: Mapping[str, Decimal]) -> list[Slice]:
    """The parts, largest first, equal ones by name; the weights add up to one exactly.

    Rounded by largest remainder, so that no slice is rounded twice.
    """
    whole = total_of(values.values())
    ordered = sorted(values.items(), key=lambda each: (-each[1], each[0]))
    if whole <= 0:
        return [Slice(name, value, None) for name, value in ordered]
    weights = _weights(dict(ordered), whole)
    return [Slice(name, value, weights[name]) for name, value in ordered]


def _weights(values: Mapping[str, Decimal], whole: Decimal) -> dict[str, Decimal]:
    exact = {name: _RATIO.divide(value, whole) for name, value in values.items()}
    floors = {name: _down(weight, _WEIGHT) for name, weight in exact.items()}
    missing = int((ONE - sum(floors.values(), ZERO)) / _WEIGHT)
    # Rounding down brings what is below zero nearer to it, so that it may also be too much.
    step = _WEIGHT if missing >= 0 else -_WEIGHT
    rests = sorted(exact, key=lambda name: (floors[name] - exact[name]) * (1 if step > 0 else -1))
    for name in rests[: abs(missing)]:
        floors[name] += step
    return floors


def in_minor_units(values: Mapping[str, Decimal], currency: str) -> dict[str, Decimal]:
    """The values in minor units of the currency; they add up to their rounded sum.

    By largest remainder, so that what is shown of the parts is what is shown of the whole.
    """
    return dict(zip(values, rounded_parts(list(values.values()), currency), strict=True))


def concentration(values: Mapping[str, Decimal]) -> Decimal | None:
    """The Herfindahl-Hirschman index: the sum of squared weights, from 1/n to 1.

    None when something is short, or there is nothing: shares of a market are not below zero.
    """
    whole = total_of(values.values())
    if whole <= 0 or min(values.values()) < 0:
        return None
    squares = sum((_RATIO.divide(value, whole) ** 2 for value in values.values()), ZERO)
    return round(squares, WEIGHT_DIGITS)


@dataclass(frozen=True, slots=True)
class Drift:
    """How far a part is from its target: weight less target, and the money that this is."""

    name: str
    value: Decimal
    weight: Decimal | None
    target: Decimal
    drift: Decimal | None
    excess: Decimal | None


def drifts(values: Mapping[str, Decimal], targets: Mapping[str, Decimal]) -> list[Drift]:
    """Every part that is there or wanted; raises TargetsInvalid."""
    check_targets(targets)
    whole = total_of(values.values())
    weights = {each.name: each.weight for each in sliced(values)}
    names = [*weights, *(name for name in targets if name not in weights)]
    return [_drift(name, values, weights, targets, whole) for name in names]


def _drift(
    name: str,
    values: Mapping[str, Decimal],
    weights: Mapping[str, Decimal | None],
    targets: Mapping[str, Decimal],
    whole: Decimal,
) -> Drift:
    value, target = values.get(name, ZERO), targets.get(name, ZERO)
    weight = weights.get(name, ZERO if whole > 0 else None)
    if weight is None:
        return Drift(name, value, None, target, None, None)
    excess = EXACT.subtract(value, EXACT.multiply(target, whole))
    return Drift(name, value, weight, target, weight - target, excess)


def check_targets(targets: Mapping[str, Decimal]) -> None:
    """Raises TargetsInvalid unless each is from 0 to 1 and they add up to one."""
    if any(not ZERO <= target <= ONE for target in targets.values()):
        raise TargetsInvalid("A target is a fraction from 0 to 1.", field="targets")
    if sum(targets.values(), ZERO) != ONE:
        raise TargetsInvalid("The targets do not add up to 1.", field="targets")


@dataclass(frozen=True, slots=True)
class Proposal:
    """What to put into a part (above zero) or take out of it."""

    name: str
    amount: Decimal


def contribution_first(
    values: Mapping[str, Decimal],
    targets: Mapping[str, Decimal],
    contribution: Decimal,
    currency: str,
) -> list[Proposal]:
    """Where new money goes so that nothing has to be sold: to what is furthest below its target.

    Amounts are in the currency's minor units and add up to the contribution exactly. A negative
    contribution is taken out of what is furthest above. Raises TargetsInvalid, AmountInvalid.
    """
    check_targets(targets)
    if contribution != rounded(contribution, currency):
        detail = f"{currency} has {minor_units(currency)} decimals."
        raise AmountInvalid(detail, field="contribution")
    known = in_minor_units(values, currency)
    names = sorted({*known, *targets})
    whole = EXACT.add(total_of(known.values()), contribution)
    sign = 1 if contribution >= 0 else -1
    gaps = {
        name: max(ZERO, sign * EXACT.subtract(_wanted(targets, name, whole), known.get(name, ZERO)))
        for name in names
    }
    parts = _spread(abs(contribution), gaps, minor_units(currency))
    return [Proposal(name, sign * part) for name, part in parts.items() if part]


def full_rebalance(
    values: Mapping[str, Decimal], targets: Mapping[str, Decimal], currency: str
) -> list[Proposal]:
    """What to buy and sell to meet the targets, in minor units; the amounts add up to nothing.

    Raises TargetsInvalid.
    """
    check_targets(targets)
    known = in_minor_units(values, currency)
    whole = total_of(known.values())
    if whole <= 0:
        return []
    names = sorted({*known, *targets})
    wanted = {name: _wanted(targets, name, whole) for name in names}
    met = _spread(whole, wanted, minor_units(currency))
    changes = {name: EXACT.subtract(met[name], known.get(name, ZERO)) for name in names}
    return [Proposal(name, change) for name, change in changes.items() if change]


def _wanted(targets: Mapping[str, Decimal], name: str, whole: Decimal) -> Decimal:
    return EXACT.multiply(targets.get(name, ZERO), whole)


def _spread(amount: Decimal, weights: Mapping[str, Decimal], digits: int) -> dict[str, Decimal]:
    """The amount, which has no more digits than these, by these weights, by largest remainder."""
    total = total_of(weights.values())
    if not total or not amount:
        return dict.fromkeys(weights, ZERO)
    quantum = ONE.scaleb(-digits)
    exact = {
        name: _RATIO.divide(_RATIO.multiply(amount, weight), total)
        for name, weight in weights.items()
    }
    parts = {name: _down(part, quantum) for name, part in exact.items()}
    missing = int(EXACT.subtract(amount, total_of(parts.values())) / quantum)
    for name in sorted(exact, key=lambda each: (parts[each] - exact[each], each))[:missing]:
        parts[name] = EXACT.add(parts[name], quantum)
    return parts


def _down(amount: Decimal, quantum: Decimal) -> Decimal:
    """Nearer to zero, to the quantum; in a context that has room for every digit of a whole."""
    return amount.quantize(quantum, rounding=ROUND_DOWN, context=_RATIO)


class TargetsInvalid(Invalid):
    """The targets cannot be met: they are not fractions that add up to one."""

    slug = "targets_invalid"
