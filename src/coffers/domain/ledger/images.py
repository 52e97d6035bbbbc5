"""Images: rows as they were, so that what was done to them can be taken back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol
from uuid import UUID

from coffers.domain.ids import UserId
from coffers.domain.ledger.accounts import Account

#: A row, every column of it.
Image = Mapping[str, object]


class Kept(StrEnum):
    """Whose rows images are taken of."""

    ACCOUNTS = "accounts"
    HOLDINGS = "holdings"
    TRANSACTIONS = "transactions"


class Change(NamedTuple):
    """A row before something was done to it, None if it was not there, and after."""

    before: Image | None
    after: Image


@dataclass(slots=True)
class Undo:
    """What an import did besides adding movements, which name it themselves."""

    created_accounts: list[UUID] = field(default_factory=list)
    snapshots: list[UUID] = field(default_factory=list)
    accounts: list[Change] = field(default_factory=list)
    holdings: list[Change] = field(default_factory=list)
    transactions: list[Change] = field(default_factory=list)

    def changes(self, kept: Kept) -> list[Change]:
        """Those of one kind of row."""
        changes: list[Change] = getattr(self, kept.value)
        return changes


def restored(change: Change, current: Image, now: datetime) -> Image:
    """The row as it was before the change, but for what was done to it since.

    Exactly as it was, its version included, when nothing was.
    """
    before, after = change
    if before is None:
        raise ValueError("A row that was not there before is taken out, not restored.")
    if all(current.get(name) == value for name, value in after.items()):
        return {**current, **before}
    undone = {name: value for name, value in before.items() if current.get(name) == after.get(name)}
    version = current["version"]
    if not isinstance(version, int):
        raise TypeError("A row's version is a number.")
    return {**current, **undone, "version": version + 1, "updated_at": now}


class Images(Protocol):
    """Rows of the ledger, taken as they are and put back as they were."""

    async def of_rows(self, kept: Kept, user_id: UserId, ids: Sequence[UUID]) -> dict[UUID, Image]:
        """Those with these ids, locked, by them."""
        ...

    async def of_holdings(self, account: Account) -> dict[UUID, Image]:
        """All positions of the account, closed ones too, by their ids."""
        ...

    async def put_back(self, kept: Kept, user_id: UserId, images: Sequence[Image]) -> None:
        """Rows as these images have them, in place of what has the same id now."""
        ...

    async def take_out(self, kept: Kept, user_id: UserId, ids: Sequence[UUID]) -> None:
        """Delete those with these ids."""
        ...

    async def take_out_import(
        self, user_id: UserId, import_id: UUID, snapshot_ids: Sequence[UUID]
    ) -> None:
        """Delete the movements of this import, and its snapshots."""
        ...

    async def is_bare(self, account: Account) -> bool:
        """Whether nothing is in the account."""
        ...
