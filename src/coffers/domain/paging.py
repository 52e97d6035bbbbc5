"""Long lists, one page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from coffers.domain.errors import Invalid

DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 100
#: Lists that are never paged refuse to grow beyond this.
MAX_UNPAGED: Final = 10_000

T = TypeVar("T")


class CursorInvalid(Invalid):
    """The cursor was made for another user, filter or order, or was not made here."""


class TooManyRows(Invalid):
    """The answer would be too long: a narrower filter is needed."""


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list.

    `next_key` is the sort key of its last row, None on the last page; the total is the filter's.
    """

    rows: list[T]
    total_count: int
    next_key: Sequence[str] | None


class Cursors(Protocol):
    """Opaque positions in a list, signed and bound to their user, filter and order."""

    def seal(self, key: Sequence[str], binding: Sequence[object]) -> str:
        """The cursor that stands behind this sort key."""
        ...

    def open(self, cursor: str, binding: Sequence[object]) -> list[str]:
        """The sort key again; raises CursorInvalid."""
        ...
