"""Ranges that callers ask for, both ends included."""

from typing import Protocol, Self

from coffers.domain.errors import BadRequest


class RangeInvalid(BadRequest):
    """The end of the range lies before its start."""


class _Ordered(Protocol):
    def __lt__(self, other: Self, /) -> bool: ...


def check_range(first: _Ordered | None, last: _Ordered | None) -> None:
    """Raises RangeInvalid when the last comes before the first; None is open."""
    if first is not None and last is not None and last < first:
        raise RangeInvalid("The end of the range lies before its start.")
