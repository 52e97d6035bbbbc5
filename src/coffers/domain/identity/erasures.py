"""Erasure: a person leaves, and nothing of theirs stays."""

from dataclasses import dataclass
from typing import Protocol

from coffers.domain.ids import UserId


@dataclass(frozen=True, slots=True)
class ErasedChain:
    """What stays of an erased user's event chain: how long it was, and its last hash."""

    length: int
    head_hash: str


class Erasures(Protocol):
    """How people leave."""

    async def erase(self, user_id: UserId) -> ErasedChain:
        """Remove this user and every row that is theirs; whoever writes for them meanwhile fails.

        Raises UserNotFound.
        """
        ...
