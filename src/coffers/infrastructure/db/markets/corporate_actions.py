"""The table of corporate actions and its repository."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Column,
    Date,
    Index,
    Integer,
    Row,
    String,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from coffers.domain.errors import PreconditionFailed
from coffers.domain.markets.corporate_actions import (
    MAX_ACTIONS,
    ActionKind,
    ActionKnown,
    ActionNotFound,
    CorporateAction,
    CorporateActions,
    TooManyActions,
)
from coffers.infrastructure.db.bulk import stretches
from coffers.infrastructure.db.metadata import METADATA
from coffers.infrastructure.db.refusals import REFUSALS
from coffers.infrastructure.db.transaction import Transaction
from coffers.infrastructure.db.types import ExactDecimal, Id, UTCDateTime

corporate_actions: Final = Table(
    "corporate_actions",
    METADATA,
    Column("asset_id", Id, primary_key=True),
    Column("id", Id, primary_key=True),
    #: The asset's owner, NULL where the asset is shared.
    Column("user_id", Id),
    Column("day", Date, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("ratio", ExactDecimal),
    Column("old_units", ExactDecimal),
    Column("amount", ExactDecimal),
    Column("currency", String(12)),
    Column("new_asset_id", Id),
    Column("note", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("updated_at", UTCDateTime, nullable=False),
    UniqueConstraint("asset_id", "day", "kind"),
)
C: Final = corporate_actions.c
Index(
    "ix_corporate_actions_user_id",
    C.user_id,
    sqlite_where=C.user_id.is_not(None),
    postgresql_where=C.user_id.is_not(None),
)
Index(
    "ix_corporate_actions_new_asset_id",
    C.new_asset_id,
    sqlite_where=C.new_asset_id.is_not(None),
    postgresql_where=C.new_asset_id.is_not(None),
)
REFUSALS["uq_corporate_actions_asset_id_day_kind"] = ActionKnown(
    "The asset has an action of this kind on this day already."
)


class SqlCorporateActions(CorporateActions):
    """Corporate actions in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, action: CorporateAction) -> None:
        """As the port says."""
        count = select(func.count()).where(C.asset_id == action.asset_id)
        if (await self._transaction.execute(count)).scalar_one() >= MAX_ACTIONS:
            raise TooManyActions(f"At most {MAX_ACTIONS} corporate actions of one asset.")
        await self._transaction.execute(insert(corporate_actions), _row(action))

    async def add_missing(self, actions: Sequence[CorporateAction]) -> None:
        """As the port says."""
        dialect: Any = sqlite if self._transaction.is_sqlite else postgresql  # Any: modules
        statement = dialect.insert(corporate_actions).on_conflict_do_nothing()
        for part in stretches([_row(action) for action in actions]):
            await self._transaction.execute(statement, list(part))

    async def get(self, asset_id: UUID, action_id: UUID) -> CorporateAction:
        """As the port says."""
        one = {"asset_id": asset_id, "action_id": action_id}
        rows = await self._transaction.rows(ONE.with_for_update(), one)
        if not rows:
            raise ActionNotFound("Corporate action not found")
        return action_of(rows[0])

    async def update(
        self, action: CorporateAction, *, expected_version: int | None
    ) -> CorporateAction:
        """As the port says."""
        wanted = action.version if expected_version is None else expected_version
        stored = replace(action, version=wanted + 1)
        same = update(corporate_actions).where(
            C.asset_id == action.asset_id, C.id == action.id, C.version == wanted
        )
        if (await self._transaction.execute(same.values(_row(stored)))).rowcount != 1:
            raise PreconditionFailed("The action was changed in the meantime: read it again.")
        return stored

    async def delete(self, action: CorporateAction) -> None:
        """As the port says."""
        one = (C.asset_id == action.asset_id) & (C.id == action.id)
        await self._transaction.execute(delete(corporate_actions).where(one))


def action_of(row: Row[Any]) -> CorporateAction:  # Any: a row of the whole table
    """The action in a row."""
    fields = {name: getattr(row, name) for name in CorporateAction.__dataclass_fields__}
    return CorporateAction(**fields | {"kind": ActionKind(row.kind)})


def _row(action: CorporateAction) -> dict[str, object]:
    row = {name: getattr(action, name) for name in CorporateAction.__dataclass_fields__}
    return row | {"kind": action.kind.value}


ONE: Final = select(corporate_actions).where(
    C.asset_id == bindparam("asset_id"), C.id == bindparam("action_id")
)
