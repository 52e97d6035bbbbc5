"""Dormancy: the positions of an account that is no longer reported do not count."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from coffers.domain.ids import UserId


class Dormancy(Protocol):
    """What becomes of positions when their account goes and comes back."""

    async def wake(self, user_id: UserId, connection_id: UUID, reported: Sequence[str]) -> None:
        """Open what closed with those of these accounts that were gone, before they are stored."""
        ...

    async def sleep(self, user_id: UserId, connection_id: UUID, at: datetime) -> None:
        """Close the positions of the accounts that were deactivated at this instant."""
        ...
