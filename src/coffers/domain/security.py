"""Breach rotation: from which instant on refresh tokens count."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class SecurityState:
    """Refresh tokens issued before `tokens_valid_from` stop working at `enforced_from`, the end of the grace period."""

    tokens_valid_from: datetime | None
    enforced_from: datetime | None
    version: int

    def refuses(self, issued_at: datetime, now: datetime) -> bool:
        """Whether a token issued then is void now."""
        if self.tokens_valid_from is None or self.enforced_from is None:
            return False
        return issued_at < self.tokens_valid_from and now >= self.enforced_from


class SecurityRecords(Protocol):
    """Where the one state of the installation is kept."""

    async def state(self) -> SecurityState:
        """As it is; never absent."""
        ...

    async def rotate(self, *, valid_from: datetime, enforced_from: datetime) -> SecurityState:
        """As it is from now on."""
        ...
