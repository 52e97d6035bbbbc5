"""Flows to read: sums of entries, grouped by the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from coffers.domain.ids import UserId
from coffers.domain.spending.flows import FlowSum, Kinds


class Grouping(StrEnum):
    """What the entries of one sum have in common."""

    NOTHING = "nothing"
    CATEGORY = "category"
    MERCHANT = "merchant"
    ACCOUNT = "account"
    TAG = "tag"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class FlowFilter:
    """Which movements; None does not filter. Both days are included."""

    start: date | None = None
    end: date | None = None
    account_id: UUID | None = None
    currency: str | None = None
    include_pending: bool = False
    category_ids: Sequence[UUID] | None = None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """How many movements do not count, by the first reason that applies."""

    failed: int = 0
    ignored: int = 0
    transfers: int = 0
    pending: int = 0


@dataclass(frozen=True, slots=True)
class FlowSums:
    """One state of the ledger: sums by currency, day by day for the foreign ones, what is not in.

    A movement with splits counts as its parts; one with several tags under each of them.
    """

    sums: Sequence[FlowSum]
    foreign: Sequence[FlowSum]
    left_out: LeftOut

    def in_base(self, base: str) -> list[FlowSum]:
        """All that the base currency needs: its own sums, and the foreign ones by day."""
        return [*(each for each in self.sums if each.currency == base), *self.foreign]


@dataclass(frozen=True, slots=True)
class FlowsAsked:
    """Sums over which entries, by what, and which currency needs no conversion."""

    wanted: FlowFilter
    by: Grouping
    kinds: Kinds
    base: str


class FlowLookups(Protocol):
    """Entries, added up where they are."""

    async def sums(self, user_id: UserId, asked: FlowsAsked) -> FlowSums:
        """The keys are ids as text, merchants, tags, or first days of weeks and months.

        Raises AccountNotFound, NotYours; TooManyRows for too many groups.
        """
        ...
