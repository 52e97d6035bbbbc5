"""Flows: which movements are income, which are expenses, and what they add up to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final, Self
from uuid import UUID

from coffers.domain.markets.rates import RateBook
from coffers.domain.money import EXACT
from coffers.domain.spending.categories import Category, CategoryKind

ZERO: Final = Decimal(0)


class Flow(StrEnum):
    """Which way money goes between its owner and the world."""

    INCOME = "income"
    EXPENSE = "expense"


@dataclass(frozen=True, slots=True)
class Kinds:
    """The categories whose kind decides what an entry is, whatever its type."""

    expenses: Sequence[UUID]
    incomes: Sequence[UUID]

    @classmethod
    def of(cls, categories: Iterable[Category]) -> Self:
        """Those among these categories."""
        by_kind: dict[CategoryKind, list[UUID]] = {kind: [] for kind in CategoryKind}
        for category in categories:
            by_kind[category.kind].append(category.id)
        return cls(by_kind[CategoryKind.EXPENSE], by_kind[CategoryKind.INCOME])


@dataclass(frozen=True, slots=True)
class FlowSum:
    """What entries of one currency add up to, with their sign; without a flow they count nowhere.

    `key` is what they have in common: a category's id, a merchant … ; with a day, they are all of
    that day.
    """

    key: str | None
    currency: str
    flow: Flow | None
    total: Decimal
    count: int
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Flows:
    """Money in and money out, both above zero as a rule; refunds lessen what they refund."""

    earned: Decimal = ZERO
    spent: Decimal = ZERO
    #: Entries.
    count: int = 0

    @property
    def difference(self) -> Decimal:
        """What is left."""
        return EXACT.subtract(self.earned, self.spent)

    def plus(self, flow: Flow, total: Decimal, count: int) -> "Flows":
        """With a sum more; `total` bears its sign, so that of an expense it is below zero."""
        if flow is Flow.INCOME:
            return Flows(EXACT.add(self.earned, total), self.spent, self.count + count)
        return Flows(self.earned, EXACT.subtract(self.spent, total), self.count + count)

    def __add__(self, other: "Flows") -> "Flows":
        earned, spent = EXACT.add(self.earned, other.earned), EXACT.add(self.spent, other.spent)
        return Flows(earned, spent, self.count + other.count)


@dataclass(frozen=True, slots=True)
class Gap:
    """Days on which no rate of a currency is known, though something was earned or spent in it."""

    currency: str
    days: Sequence[date]


def by_currency(sums: Iterable[FlowSum]) -> dict[str, Flows]:
    """The flows of each currency, in its own units, by code."""
    flows: dict[str, Flows] = {}
    for each in sums:
        if each.flow is not None:
            known = flows.get(each.currency, Flows())
            flows[each.currency] = known.plus(each.flow, each.total, each.count)
    return dict(sorted(flows.items()))


def in_base(sums: Iterable[FlowSum], base: str, rates: RateBook) -> Flows | None:
    """The flows of all currencies in the base currency, each at the rate of its day; not rounded.

    Sums of another currency than the base have a day. None when a rate is missing.
    """
    flows = Flows()
    for each in sums:
        if each.flow is None:
            continue
        amount = _converted(each, base, rates)
        if amount is None:
            return None
        flows = flows.plus(each.flow, amount, each.count)
    return flows


def gaps(sums: Iterable[FlowSum], base: str, rates: RateBook) -> list[Gap]:
    """The rates that are missing, by currency."""
    missing: dict[str, set[date]] = {}
    for each in sums:
        if each.flow is None or each.day is None or not each.total:
            continue
        if rates.rate(each.currency, base, each.day) is None:
            missing.setdefault(each.currency, set()).add(each.day)
    return [Gap(currency, sorted(days)) for currency, days in sorted(missing.items())]


def _converted(each: FlowSum, base: str, rates: RateBook) -> Decimal | None:
    if each.currency == base or not each.total:
        return each.total
    if each.day is None:
        return None
    rate = rates.rate(each.currency, base, each.day)
    return None if rate is None else rate.convert(each.total)


def keyed(sums: Iterable[FlowSum]) -> Mapping[str | None, list[FlowSum]]:
    """The sums by what they have in common, in their order."""
    found: dict[str | None, list[FlowSum]] = {}
    for each in sums:
        found.setdefault(each.key, []).append(each)
    return found
