"""Paths of closing prices: as the database tells them, and read only where they are looked at."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Final, TypeVar, overload

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

T = TypeVar("T")
Close = tuple[date, Decimal]
#: An ISO day and the comma behind it.
_WIDTH: Final = 11
#: Funds are priced once a week; what is told less often stands still in between.
WEEK: Final = 7


class _Lazy(Sequence[T]):
    """A sequence whose elements are made when somebody asks for them."""

    def __init__(self, count: int, make: Callable[[int], T]) -> None:
        self._count = count
        self._make = make

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, place: int) -> T: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[T]: ...

    def __getitem__(self, place: int | slice) -> T | Sequence[T]:
        chosen = range(self._count)[place]
        return (
            [self._make(each) for each in chosen]
            if isinstance(chosen, range)
            else (self._make(chosen))
        )


class ClosePath(_Lazy[Close]):
    """Raw closes of one asset, oldest first: as a sequence of days and prices, and as arrays."""

    def __init__(self, days: Sequence[date], closes: Sequence[Decimal]) -> None:
        super().__init__(len(days), lambda place: (self.days[place], self.closes[place]))
        self.days = days
        self.closes = closes

    @cached_property
    def oldest(self) -> Close:
        """The first of at least one."""
        return self[0]

    @cached_property
    def newest(self) -> Close:
        """The last of at least one."""
        return self[-1]

    def last_by(self, day: date) -> Close | None:
        """The last one known on that day; None before the first."""
        # Nearly always it is the last: a day before it takes a dozen looks.
        last = len(self) - 1
        if last >= 0 and self.newest[0] <= day:
            return self.newest
        place = bisect_right(self.days, day, 0, max(last, 0))
        return self[place - 1] if place else None

    @cached_property
    def ordinals(self) -> "npt.NDArray[np.int64]":
        """The days as numbers (`date.toordinal`)."""
        import numpy as np

        return np.array([day.toordinal() for day in self.days], dtype=np.int64)

    @cached_property
    def pauses(self) -> Sequence[tuple[date, date]]:
        """Neighbouring days that are more than a week apart."""
        import numpy as np

        places = np.flatnonzero(np.diff(self.ordinals) > WEEK).tolist()
        return [(self.days[at], self.days[at + 1]) for at in places]

    @cached_property
    def values(self) -> "npt.NDArray[np.float64]":
        """The closes as floats."""
        from coffers.domain.floats import floats

        return floats(self.closes)


class ToldPath(ClosePath):
    """The same out of two texts: ISO days, and plain decimals, with commas between.

    Twelve years of 250 assets are 750,000 prices: decimals are made of those only that somebody
    asks for.
    """

    def __init__(self, days: str, closes: str) -> None:
        count = (len(days) + 1) // _WIDTH
        self._days_text = days
        self._closes_text = closes
        super().__init__(_Lazy(count, self._day), _Lazy(count, self._close))

    @cached_property
    def ordinals(self) -> "npt.NDArray[np.int64]":
        """The days as numbers (`date.toordinal`)."""
        import numpy as np

        text = np.frombuffer(f"{self._days_text},".encode(), dtype=np.uint8)
        digits = text.reshape(-1, _WIDTH).astype(np.int64) - ord("0")
        years = digits[:, 0] * 1_000 + digits[:, 1] * 100 + digits[:, 2] * 10 + digits[:, 3]
        months = (years - 1970) * 12 + digits[:, 5] * 10 + digits[:, 6] - 1
        firsts = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
        before = date(1970, 1, 1).toordinal() - 1
        found: npt.NDArray[np.int64] = firsts + digits[:, 8] * 10 + digits[:, 9] + before
        return found

    @cached_property
    def values(self) -> "npt.NDArray[np.float64]":
        """The closes as floats."""
        import numpy as np

        return np.array(self._closes_text.split(","), dtype=np.float64)

    def _day(self, place: int) -> date:
        start = place * _WIDTH
        return date.fromisoformat(self._days_text[start : start + _WIDTH - 1])

    def _close(self, place: int) -> Decimal:
        behind = len(self) - 1 - place
        if behind < place:
            return Decimal(self._closes_text.rsplit(",", behind + 1)[-behind - 1])
        return Decimal(self._closes_text.split(",", place + 1)[place])


def last_by(path: Sequence[Close], day: date) -> Close | None:
    """The last one known on that day; None before the first."""
    if isinstance(path, ClosePath):
        return path.last_by(day)
    place = bisect_right(path, day, key=lambda close: close[0])
    return path[place - 1] if place else None


def begins(path: Sequence[Close]) -> date | None:
    """The first day of which anything is known."""
    if not path:
        return None
    return path.oldest[0] if isinstance(path, ClosePath) else path[0][0]


def pauses(path: Sequence[Close]) -> Sequence[tuple[date, date]]:
    """Neighbouring days that are more than a week apart."""
    if not path:
        return ()
    known = path if isinstance(path, ClosePath) else ClosePath(*zip(*path, strict=True))
    return known.pauses
