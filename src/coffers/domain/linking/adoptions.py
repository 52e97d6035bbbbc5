"""Adoptions: one account that two links of one user report is kept, and counted, once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from coffers.domain.ledger.statements import ReportedAccount
from coffers.domain.linking.connections import Connection


@dataclass(frozen=True, slots=True)
class Adoption:
    """What became of accounts that another of the user's links to the provider has too.

    `taken` came over with their history. Those with the provider's ids `left` belong to a newer
    link.
    """

    taken: Sequence[UUID]
    left: frozenset[str]


class Adoptions(Protocol):
    """Whose account it is."""

    async def adopt(
        self, connection: Connection, rows: Sequence[ReportedAccount], now: datetime
    ) -> Adoption:
        """Give the newest active link the accounts that it reports and another link has.

        The same id with another number is another account. The user's links to the provider are
        locked before (`Connections.to_provider`).
        """
        ...
