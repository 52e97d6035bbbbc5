"""Imports to read, in SQL."""

import asyncio
import zlib
from typing import Final
from uuid import UUID

from sqlalchemy import bindparam, func, select

from coffers.application.ledger.import_views import (
    ImportLookups,
    ImportRow,
    ImportView,
    page_of,
    rows_in,
    view_of,
)
from coffers.application.views import Versioned
from coffers.domain.errors import DomainError
from coffers.domain.ids import UserId
from coffers.domain.ledger.imports import ImportNotFound
from coffers.domain.ledger.verdicts import Verdict
from coffers.domain.paging import Page
from coffers.infrastructure.db.ledger.imports import SLIM, import_of, imports
from coffers.infrastructure.db.ownership import missing
from coffers.infrastructure.db.reader import Reader


class SqlImportLookups(ImportLookups):
    """Imports to read, in SQL."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def page(self, user_id: UserId, *, before: UUID | None, limit: int) -> Page[ImportView]:
        """As the port says."""
        mine = {"user_id": user_id, "most": limit + 1}
        async with self._reader.snapshot() as snapshot:
            if before is None:
                rows = await snapshot.rows(_NEWEST, mine)
            else:
                rows = await snapshot.rows(_OLDER, mine | {"before": before})
            total = (await snapshot.rows(_COUNT, {"user_id": user_id}))[0].total
        next_key = [str(rows[limit - 1].id)] if len(rows) > limit else None
        return Page([view_of(import_of(row)).view for row in rows[:limit]], total, next_key)

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
    ) -> Page[ImportRow]:
        """As the port says."""
        rows = await self._reader.rows(_ROWS, {"user_id": user_id, "id": import_id})
        if not rows:
            raise await self._missing(import_id)
        return await asyncio.to_thread(
            lambda: page_of(rows_in(zlib.decompress(rows[0].rows)), verdict, offset, limit)
        )

    async def _missing(self, import_id: UUID) -> DomainError:
        return await missing(self._reader, imports, import_id, ImportNotFound("Import not found"))


_MINE: Final = imports.c.user_id == bindparam("user_id")
_NEWEST: Final = select(*SLIM).where(_MINE).order_by(imports.c.id.desc()).limit(bindparam("most"))
_OLDER: Final = _NEWEST.where(imports.c.id < bindparam("before"))
_COUNT: Final = select(func.count().label("total")).where(_MINE)
_ONE: Final = select(*SLIM).where(_MINE, imports.c.id == bindparam("id"))
_ROWS: Final = select(imports.c.rows).where(_MINE, imports.c.id == bindparam("id"))
