"""Imports to read, in SQL."""

import asyncio
from typing import Final
from uuid import UUID

from sqlalchemy import LargeBinary, bindparam, func, literal, select

from coffers.application.import_views import (
    SHOWN,
    ImportList,
    ImportLookups,
    ImportRows,
    ImportView,
    page_of,
    view_of,
)
from coffers.application.views import Versioned
from coffers.domain.errors import DomainError
from coffers.domain.ids import UserId
from coffers.domain.imports import ImportNotFound, Verdict
from coffers.infrastructure.db.imports import import_of, imports, packed, unpacked
from coffers.infrastructure.db.ownership import missing
from coffers.infrastructure.db.reader import Reader


class SqlImportLookups(ImportLookups):
    """Imports to read, in SQL."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def of_user(self, user_id: UserId) -> ImportList:
        """As the port says."""
        rows = await self._reader.rows(_OF_USER, {"user_id": user_id})
        total = await self._reader.rows(_COUNT, {"user_id": user_id})
        return ImportList([view_of(import_of(row)).view for row in rows], total[0].total)

    async def one(self, user_id: UserId, import_id: UUID) -> Versioned[ImportView]:
        """As the port says."""
        rows = await self._reader.rows(_ONE, {"user_id": user_id, "id": import_id})
        if not rows:
            raise await self._missing(import_id)
        return view_of(import_of(rows[0]))

    async def rows(
        self,
        user_id: UserId,
        import_id: UUID,
        *,
        verdict: Verdict | None,
        offset: int,
        limit: int,
    ) -> ImportRows:
        """As the port says."""
        rows = await self._reader.rows(_ROWS, {"user_id": user_id, "id": import_id})
        if not rows:
            raise await self._missing(import_id)
        return await asyncio.to_thread(
            lambda: page_of(unpacked(rows[0].rows), verdict, offset, limit)
        )

    async def _missing(self, import_id: UUID) -> DomainError:
        return await missing(self._reader, imports, import_id, ImportNotFound("Import not found"))


#: Without the file, the rows and the images, which no summary shows.
_HEAVY: Final = {"content": b"", "rows": packed([]), "undo": packed({})}
_SUMMARY: Final = select(
    *(
        literal(_HEAVY[column.name], LargeBinary).label(column.name)
        if column.name in _HEAVY
        else column
        for column in imports.columns
    )
).where(imports.c.user_id == bindparam("user_id"))
_OF_USER: Final = _SUMMARY.order_by(imports.c.created_at.desc(), imports.c.id.desc()).limit(SHOWN)
_COUNT: Final = select(func.count().label("total")).where(imports.c.user_id == bindparam("user_id"))
_ONE: Final = _SUMMARY.where(imports.c.id == bindparam("id"))
_ROWS: Final = select(imports.c.rows).where(
    imports.c.user_id == bindparam("user_id"), imports.c.id == bindparam("id")
)
