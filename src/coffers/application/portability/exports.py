"""Everything that somebody has, to take away."""

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Protocol

from coffers.domain.errors import Unavailable
from coffers.domain.ids import UserId


class ExportsBusy(Unavailable):
    """As many exports as there may be at once are being made."""

    slug = "exports_busy"


class Exports(Protocol):
    """What is there, page by page, all of one instant."""

    def everything(self, user_id: UserId, exported_at: datetime) -> AsyncGenerator[bytes, None]:
        """The whole as JSON, in pieces that follow each other.

        Ends with how many rows there were of each kind: a file without that is cut off. Raises
        ExportsBusy and VaultRefused.
        """
        ...
