"""Restorations: an export becomes a ledger again, exactly, or nothing happens."""

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from coffers.domain.errors import Conflict, Invalid
from coffers.domain.ids import UserId
from coffers.domain.ledger.statements import RowProblem


@dataclass(frozen=True, slots=True)
class ExportedProfile:
    """What an export says of its owner."""

    display_name: str | None
    base_currency: str
    time_zone: str


@dataclass(frozen=True, slots=True)
class ExportPage:
    """Some rows of one table, every column by its name but for whose they are.

    `first_row` is the place of the first of them in the file's list, counted from 1.
    """

    table: str
    first_row: int
    rows: Sequence[Mapping[str, object]]


class ExportBook(Protocol):
    """An export whose every row was looked at."""

    @property
    def profile(self) -> ExportedProfile: ...  # noqa: D102 - the noun says it, here and below

    @property
    def counts(self) -> Mapping[str, int]:
        """How many rows each table has; tables without any are left out."""
        ...

    def ids_of(self, table: str) -> Collection[UUID]:
        """Those of the rows of a table that others speak of."""
        ...

    def rename(self, names: Mapping[UUID, UUID]) -> None:
        """Wherever rows say one of these ids, its pages have the other in its place."""
        ...

    def pages(self) -> AsyncGenerator[ExportPage, None]:
        """All rows in the file's order.

        Raises ExportUnreadable at a row that speaks of one that is not in the file.
        """
        ...


class Restorations(Protocol):
    """Where rows of an export are put back."""

    async def is_empty(self, user_id: UserId) -> bool:
        """Whether nothing that an export holds is there; nobody else restores until the end."""
        ...

    async def taken(self, book: ExportBook) -> list[UUID]:
        """Ids of the file's rows that rows of others have here already."""
        ...

    async def put(self, user_id: UserId, page: ExportPage) -> None:
        """Store these as the user's; raises ExportUnreadable when one is in another's way."""
        ...


class ExportUnreadable(Invalid):
    """Not an export that can be restored whole, so nothing of it was.

    `rows` says why, at the first row that is wrong.
    """

    slug = "export_unreadable"

    def __init__(self, detail: str, *, rows: Sequence[RowProblem] = ()) -> None:
        super().__init__(detail, field="file")
        self.rows = list(rows)


class LedgerNotEmpty(Conflict):
    """Something is there already: only an account without any can be restored."""

    slug = "not_empty"
