"""The directory of people, read from the users table."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, bindparam, func, select, true

from coffers.application.identity.directory import Directory, ListedUser, UserFilter
from coffers.application.views import Versioned
from coffers.domain.identity.users import UserNotFound
from coffers.domain.ids import UserId
from coffers.domain.paging import Page
from coffers.infrastructure.db.identity.users import has_role, users
from coffers.infrastructure.db.reader import Reader


class SqlDirectory(Directory):
    """People in SQL."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def page(
        self, wanted: UserFilter, *, before: UUID | None, limit: int
    ) -> Page[ListedUser]:
        """As the port says."""
        matches = _matches(wanted)
        come_before = true() if before is None else users.c.id < before
        page = select(*_COLUMNS).where(matches, come_before).order_by(users.c.id.desc())
        count = select(func.count().label("total")).select_from(users).where(matches)
        async with self._reader.snapshot() as snapshot:
            rows = await snapshot.rows(page.limit(limit + 1))
            total = (await snapshot.rows(count))[0].total
        next_key = [str(rows[limit - 1].id)] if len(rows) > limit else None
        return Page([_listed(row) for row in rows[:limit]], total, next_key)

    async def one(self, user_id: UserId) -> Versioned[ListedUser]:
        """As the port says."""
        rows = await self._reader.rows(_ONE, {"user_id": user_id})
        if not rows:
            raise UserNotFound("User not found")
        return Versioned(_listed(rows[0]), rows[0].version)


def _matches(wanted: UserFilter) -> ColumnElement[bool]:
    matches: ColumnElement[bool] = true()
    if wanted.role is not None:
        matches &= has_role(wanted.role)
    if wanted.is_active is not None:
        matches &= users.c.is_active == wanted.is_active
    return matches


def _listed(row: Row[Any]) -> ListedUser:  # Any: a row of these columns
    fields = {name: getattr(row, name) for name in ListedUser.__struct_fields__}
    return ListedUser(**fields | {"roles": sorted(fields["roles"])})


_COLUMNS: Final = [users.c[name] for name in ListedUser.__struct_fields__]
_ONE: Final = select(*_COLUMNS, users.c.version).where(users.c.id == bindparam("user_id"))
