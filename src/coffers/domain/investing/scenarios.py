"""Scenarios: what a shock would do to what is held.

Shocks are fractions: -0.2 takes a fifth of the value. The historical ones are the falls of broad
indices between the days named, in round numbers, as their providers published them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Final

from coffers.domain.errors import Invalid
from coffers.domain.markets.rates import rounded_parts
from coffers.domain.money import EXACT

ONE: Final = Decimal(1)


class ShockBy(StrEnum):
    """What a shock is aimed at, the narrowest first: of several that fit, that one holds."""

    ASSET = "asset"
    SECTOR = "sector"
    TYPE = "asset_type"
    CURRENCY = "currency"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Shock:
    """A change of value of everything that `by` says is `name`; one by currency comes on top."""

    by: ShockBy
    name: str
    change: Decimal


@dataclass(frozen=True, slots=True)
class Scenario:
    """Shocks that happen together."""

    slug: str
    title: str
    shocks: Sequence[Shock]


@dataclass(frozen=True, slots=True)
class Held:
    """What is held of one asset, its value in the base currency, and what shocks may aim at."""

    asset: str
    value: Decimal
    labels: Mapping[ShockBy, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One asset before and after."""

    asset: str
    before: Decimal
    after: Decimal


def _type(name: str, change: str) -> Shock:
    return Shock(ShockBy.TYPE, name, Decimal(change))


def _fall(slug: str, title: str, shares: str, bonds: str, crypto: str = "0") -> Scenario:
    kinds = ("equity", "etf", "mutual_fund", "option", "futures")
    falls = [_type(kind, shares) for kind in kinds]
    return Scenario(
        slug, title, (*falls, _type("fixed_income", bonds), _type("cryptocurrency", crypto))
    )


#: Peak to trough: the S&P 500 for what is held in shares, the Bloomberg US Aggregate for bonds.
HISTORICAL: Final = (
    _fall("dot_com_2000", "Dot-com crash, March 2000 to October 2002", "-0.47", "0.28"),
    _fall("financial_crisis_2008", "Financial crisis, October 2007 to March 2009", "-0.55", "0.07"),
    _fall("covid_2020", "Pandemic, February to March 2020", "-0.34", "-0.01", "-0.50"),
    _fall("inflation_2022", "Inflation, January to October 2022", "-0.25", "-0.16", "-0.58"),
)


def applied(scenario: Scenario, held: Sequence[Held]) -> list[Outcome]:
    """Each asset after the shocks, in the order given; raises ShockInvalid."""
    _check(scenario.shocks)
    return [Outcome(each.asset, each.value, _shocked(scenario, each)) for each in held]


def _check(shocks: Sequence[Shock]) -> None:
    if any(shock.change < -ONE for shock in shocks):
        raise ShockInvalid("Nothing loses more than all of its value.", field="shocks")
    if any((shock.by is ShockBy.ALL) == bool(shock.name) for shock in shocks):
        raise ShockInvalid("Every shock has a name but one of `all`.", field="shocks")
    if len({(shock.by, shock.name) for shock in shocks}) < len(shocks):
        raise ShockInvalid("Two shocks are aimed at the same.", field="shocks")


def in_minor_units(outcomes: Sequence[Outcome], currency: str) -> list[Outcome]:
    """The outcomes in the currency's minor units, before and after; each adds up to the whole."""
    before = rounded_parts([each.before for each in outcomes], currency)
    after = rounded_parts([each.after for each in outcomes], currency)
    sides = zip(outcomes, before, after, strict=True)
    return [Outcome(each.asset, one, other) for each, one, other in sides]


def unmet(scenario: Scenario, held: Sequence[Held]) -> list[str]:
    """Shocks aimed at what is not held, such as `asset ACME`; of one's own scenario."""
    shocks = () if scenario in HISTORICAL else scenario.shocks
    there = {(by, name) for each in held for by, name in each.labels.items()}
    there |= {(ShockBy.ASSET, each.asset) for each in held}
    aimed = (shock for shock in shocks if shock.by is not ShockBy.ALL)
    return [f"{each.by} {each.name}" for each in aimed if (each.by, each.name) not in there]


def _shocked(scenario: Scenario, held: Held) -> Decimal:
    value = EXACT.multiply(held.value, ONE + _own(scenario, held))
    for shock in scenario.shocks:
        if shock.by is ShockBy.CURRENCY and held.labels.get(shock.by) == shock.name:
            value = EXACT.multiply(value, ONE + shock.change)
    return value


def _own(scenario: Scenario, held: Held) -> Decimal:
    for by in (ShockBy.ASSET, ShockBy.SECTOR, ShockBy.TYPE, ShockBy.ALL):
        name = held.asset if by is ShockBy.ASSET else held.labels.get(by, "")
        for shock in scenario.shocks:
            if shock.by is by and (by is ShockBy.ALL or shock.name == name):
                return shock.change
    return Decimal(0)


class ShockInvalid(Invalid):
    """No such shock."""


class PlanInvalid(Invalid):
    """The simulation cannot be run with these numbers."""
