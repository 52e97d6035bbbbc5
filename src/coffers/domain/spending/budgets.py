"""Budgets: what may be spent on some categories in each period, and how it stands."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

from coffers.domain.errors import Invalid, NotFound
from coffers.domain.ids import UserId
from coffers.domain.markets.rates import rounded
from coffers.domain.money import EXACT

MAX_BUDGETS: Final = 200
MAX_NAME: Final = 100
MAX_CATEGORIES: Final = 100
MAX_THRESHOLDS: Final = 10
#: In percent of what there is to spend.
MAX_THRESHOLD: Final = 1_000
MAX_LENGTH_DAYS: Final = 3_660
#: A rollover looks back over at most this many periods.
MAX_PERIODS: Final = 1_200
_DAY: Final = timedelta(days=1)


class Period(StrEnum):
    """How long a budget's amount is for. A custom period has a length in days."""

    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    CUSTOM = "custom"


@dataclass(frozen=True, slots=True)
class Span:
    """A period of the calendar, both days included."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """How many."""
        return (self.last - self.first).days + 1


@dataclass(frozen=True, slots=True)
class Budget:
    """So much for these categories and those below them, or for everything that is spent.

    The first period is the one that `starts_on` lies in; a custom one begins on it. With a
    rollover, what is left of a period, or spent too much in it, goes into the next.
    """

    id: UUID
    user_id: UserId
    name: str
    amount: Decimal
    currency: str
    period: Period
    starts_on: date
    created_at: datetime
    updated_at: datetime
    length_days: int | None = None
    category_ids: Sequence[UUID] = ()
    has_rollover: bool = False
    thresholds: Sequence[int] = ()
    version: int = 1

    def span_of(self, day: date) -> Span:
        """The period that the day lies in."""
        if self.period is Period.CUSTOM:
            length = self.length_days or 1
            number = (day - self.starts_on).days // length
            first = self.starts_on + timedelta(days=number * length)
            return Span(first, first + timedelta(days=length - 1))
        first = _FIRST[self.period](day)
        return Span(first, _FIRST[self.period](first + _LONGER[self.period]) - _DAY)

    def spans_until(self, day: date) -> list[Span]:
        """Every period from the first to that of the day, oldest first.

        Only the last without a rollover. Raises BudgetNotBegun, BudgetInvalid.
        """
        current, span = self.span_of(day), self.span_of(self.starts_on)
        if current.first < span.first:
            raise BudgetNotBegun(f"The budget begins on {span.first}.", field="date")
        if not self.has_rollover:
            return [current]
        spans = [span]
        while spans[-1].first < current.first:
            if len(spans) == MAX_PERIODS:
                raise BudgetInvalid(f"A rollover goes over at most {MAX_PERIODS} periods.")
            spans.append(self.span_of(spans[-1].last + _DAY))
        return spans


@dataclass(frozen=True, slots=True)
class Standing:
    """How a budget stands in one period, as of a day in it.

    `rolled_over` is what earlier periods left, below zero when they took more than there was.
    """

    span: Span
    amount: Decimal
    rolled_over: Decimal
    spent: Decimal
    day: date

    @property
    def available(self) -> Decimal:
        """What there was to spend."""
        return EXACT.add(self.amount, self.rolled_over)

    @property
    def remaining(self) -> Decimal:
        """What is left of it; below zero when too much was spent."""
        return EXACT.subtract(self.available, self.spent)

    @property
    def days_elapsed(self) -> int:
        """Days of the period until the day, which counts."""
        return min(max((self.day - self.span.first).days + 1, 0), self.span.days)

    def expected(self, currency: str) -> Decimal:
        """What would have been spent by now at an even pace."""
        return self._share(self.available, self.days_elapsed, self.span.days, currency)

    def projected(self, currency: str) -> Decimal | None:
        """What the period will have cost if it goes on like this; None before it begins."""
        if not self.days_elapsed:
            return None
        return self._share(self.spent, self.span.days, self.days_elapsed, currency)

    def has_reached(self, threshold: int) -> bool:
        """Whether so many percent of what there was are spent; never before anything was."""
        if self.spent <= 0:
            return False
        spent = EXACT.multiply(self.spent, Decimal(100))
        return spent >= EXACT.multiply(self.available, Decimal(threshold))

    @staticmethod
    def _share(amount: Decimal, part: int, whole: int, currency: str) -> Decimal:
        # One rounding: the division is to far more digits than the ledger keeps.
        return rounded(EXACT.multiply(amount, Decimal(part)) / Decimal(whole), currency)


def standing(
    budget: Budget, spans: Sequence[Span], spent: Sequence[Decimal], day: date
) -> Standing:
    """How the last of these consecutive periods stands, with what the others left."""
    rolled = Decimal(0)
    for amount in spent[:-1]:
        rolled = EXACT.add(rolled, EXACT.subtract(budget.amount, amount))
    return Standing(spans[-1], budget.amount, rolled, spent[-1], day)


class Budgets(Protocol):
    """Where budgets are kept, and which thresholds they have reached."""

    async def add(self, budget: Budget) -> None:
        """Keep it; raises TooManyBudgets."""
        ...

    async def get(self, user_id: UserId, budget_id: UUID) -> Budget:
        """Locked for this transaction; raises BudgetNotFound, NotYours."""
        ...

    async def update(self, budget: Budget, *, expected_version: int | None = None) -> Budget:
        """The next version of it; raises PreconditionFailed."""
        ...

    async def delete(self, budget: Budget) -> None:
        """Forget it, and what it reached."""
        ...

    async def reached(self, budget: Budget, span: Span, threshold: int, *, at: datetime) -> bool:
        """Note that a threshold was reached in a period; False if that was noted before."""
        ...


def check_budget(budget: Budget) -> None:
    """Raises BudgetInvalid for what no budget can be."""
    if budget.amount <= 0:
        raise BudgetInvalid("The amount of a budget is above zero.", field="amount")
    if (budget.period is Period.CUSTOM) is (budget.length_days is None):
        detail = "A custom period, and no other, has a length in days."
        raise BudgetInvalid(detail, field="length_days")
    if any(not 0 < each <= MAX_THRESHOLD for each in budget.thresholds):
        raise BudgetInvalid(f"A threshold is 1 to {MAX_THRESHOLD} percent.", field="thresholds")


def _first_of_week(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _first_of_quarter(day: date) -> date:
    return day.replace(month=3 * ((day.month - 1) // 3) + 1, day=1)


def _first_of_month(day: date) -> date:
    return day.replace(day=1)


def _first_of_year(day: date) -> date:
    return day.replace(month=1, day=1)


_FIRST: Final[Mapping[Period, Callable[[date], date]]] = {
    Period.WEEK: _first_of_week,
    Period.MONTH: _first_of_month,
    Period.QUARTER: _first_of_quarter,
    Period.YEAR: _first_of_year,
}
#: From the first day of a period to some day of the next.
_LONGER: Final = {
    Period.WEEK: timedelta(days=7),
    Period.MONTH: timedelta(days=31),
    Period.QUARTER: timedelta(days=92),
    Period.YEAR: timedelta(days=366),
}


class BudgetInvalid(Invalid):
    """Something of the budget cannot be."""


class BudgetNotBegun(Invalid):
    """The day lies before the first period of the budget."""


class BudgetNotFound(NotFound):
    """The user has no such budget."""


class TooManyBudgets(Invalid):
    """More budgets than one person keeps."""
