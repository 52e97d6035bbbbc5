"""Marks of prices: a random word for each asset, another one whenever one of its prices changes.

Whoever remembers an asset's prices with its mark knows by it whether they are still the same. An
asset without a mark, as after a restoration, is not remembered.
"""

from collections.abc import Iterable, Mapping, Sequence
from secrets import token_hex
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Column, String, Table, bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from coffers.domain.ids import UserId
from coffers.infrastructure.db.bulk import stretches
from coffers.infrastructure.db.metadata import METADATA
from coffers.infrastructure.db.reader import Reads
from coffers.infrastructure.db.spellings import is_among
from coffers.infrastructure.db.transaction import Transaction
from coffers.infrastructure.db.types import Id, Ids

price_marks: Final = Table(
    "price_marks",
    METADATA,
    Column("asset_id", Id, primary_key=True),
    #: The asset's owner, NULL where the asset is shared.
    Column("user_id", Id, index=True),
    Column("mark", String(32), nullable=False),
)
_M: Final = price_marks.c
_MARKS: Final = select(price_marks).where(is_among(_M.asset_id, bindparam("ids", type_=Ids)))


async def mark(transaction: Transaction, owners: Mapping[UUID, UserId | None]) -> None:
    """Within the transaction: prices of these assets changed."""
    dialect: Any = sqlite if transaction.is_sqlite else postgresql  # Any: modules
    statement = dialect.insert(price_marks)
    statement = statement.on_conflict_do_update(
        index_elements=["asset_id"], set_={"mark": statement.excluded.mark}
    )
    # In one order, so that two of these never wait for each other.
    rows = [
        {"asset_id": asset_id, "user_id": owner, "mark": token_hex(16)}
        for asset_id, owner in sorted(owners.items())
    ]
    for part in stretches(rows):
        await transaction.execute(statement, list(part))


async def marks_of(reads: Reads, asset_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Of those that have one."""
    found: dict[UUID, str] = {}
    for part in stretches(_listed(asset_ids)):
        rows = await reads.rows(_MARKS, {"ids": list(part)})
        found |= {row.asset_id: row.mark for row in rows}
    return found


def _listed(asset_ids: Iterable[UUID]) -> Sequence[UUID]:
    return list(asset_ids)
