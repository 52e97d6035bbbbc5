"""The categories table: each user's own; the system set is part of the program."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
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

from coffers.application.spending.categories import CategoryLookups
from coffers.domain.errors import PreconditionFailed
from coffers.domain.ids import UserId
from coffers.domain.spending.categories import (
    MAX_CATEGORIES,
    MAX_VALUE,
    SYSTEM_BY_ID,
    Categories,
    Category,
    CategoryKind,
    CategoryNotFound,
    CategoryTaken,
    CategoryUnknown,
    TooManyCategories,
)
from coffers.infrastructure.db.metadata import METADATA
from coffers.infrastructure.db.ownership import missing
from coffers.infrastructure.db.reader import Reader, Rows
from coffers.infrastructure.db.refusals import REFUSALS
from coffers.infrastructure.db.spending.category_uses import move_uses, uses_of
from coffers.infrastructure.db.transaction import Transaction
from coffers.infrastructure.db.types import Id, UTCDateTime

categories: Final = Table(
    "categories",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("id", Id, primary_key=True),
    Column("kind", String(10), nullable=False),
    Column("value", String(MAX_VALUE), nullable=False),
    Column("name", Text, nullable=False),
    Column("icon", String(40), nullable=False),
    Column("parent_id", Id),
    Column("version", Integer, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("updated_at", UTCDateTime, nullable=False),
    UniqueConstraint("user_id", "kind", "value"),
    Index("ix_categories_id", "id"),
)
REFUSALS["uq_categories_user_id_kind_value"] = CategoryTaken(
    "There is a category of this name and kind already."
)


class SqlCategories(Categories):
    """Categories in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def all_of(self, user_id: UserId) -> dict[UUID, Category]:
        """As the port says."""
        shared = _ALL.with_for_update(read=True)
        return _with_the_systems(await self._transaction.rows(shared, {"user_id": user_id}))

    async def get(self, user_id: UserId, category_id: UUID) -> Category:
        """As the port says."""
        if category_id in SYSTEM_BY_ID:
            return SYSTEM_BY_ID[category_id]
        one = {"user_id": user_id, "category_id": category_id}
        rows = await self._transaction.rows(_ONE.with_for_update(), one)
        if not rows:
            refusal = CategoryNotFound("Category not found")
            raise await missing(self._transaction, categories, category_id, refusal)
        return _category(rows[0])

    async def check(self, user_id: UserId, category_ids: Iterable[UUID | None]) -> None:
        """As the port says."""
        wanted = {each for each in category_ids if each is not None} - SYSTEM_BY_ID.keys()
        if not wanted:
            return
        named = {"user_id": user_id, "ids": sorted(wanted)}
        found = await self._transaction.rows(_NAMED, named)
        if len(found) != len(wanted):
            raise CategoryUnknown("There is no such category.", field="category_id")

    async def add(self, category: Category) -> None:
        """As the port says."""
        count = select(func.count()).where(categories.c.user_id == category.user_id)
        if (await self._transaction.execute(count)).scalar_one() >= MAX_CATEGORIES:
            raise TooManyCategories(f"At most {MAX_CATEGORIES} categories of one's own.")
        await self._transaction.execute(insert(categories), _row(category))

    async def update(self, category: Category, *, expected_version: int | None) -> Category:
        """As the port says."""
        wanted = category.version if expected_version is None else expected_version
        stored = replace(category, version=wanted + 1)
        same = update(categories).where(_is(category), categories.c.version == wanted)
        if (await self._transaction.execute(same.values(_row(stored)))).rowcount != 1:
            raise PreconditionFailed("The category was changed in the meantime: read it again.")
        return stored

    async def uses(self, category: Category) -> Mapping[str, int]:
        """As the port says."""
        return await uses_of(self._transaction, category)

    async def move(self, category: Category, to: Category, *, now: datetime) -> None:
        """As the port says."""
        await move_uses(self._transaction, category, to, now)

    async def delete(self, category: Category) -> None:
        """As the port says."""
        await self._transaction.execute(delete(categories).where(_is(category)))


class SqlCategoryLookups(CategoryLookups):
    """Categories to read, in SQL."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def known(self, user_id: UserId) -> Mapping[UUID, Category]:
        """As the port says."""
        return _with_the_systems(await self._reader.rows(_ALL, {"user_id": user_id}))

    async def get(self, user_id: UserId, category_id: UUID) -> Category:
        """As the port says."""
        if category_id in SYSTEM_BY_ID:
            return SYSTEM_BY_ID[category_id]
        rows = await self._reader.rows(_ONE, {"user_id": user_id, "category_id": category_id})
        if not rows:
            refusal = CategoryNotFound("Category not found")
            raise await missing(self._reader, categories, category_id, refusal)
        return _category(rows[0])


def _with_the_systems(rows: Rows) -> dict[UUID, Category]:
    return dict(SYSTEM_BY_ID) | {row.id: _category(row) for row in rows}


def _is(category: Category) -> ColumnElement[bool]:
    return (categories.c.user_id == category.user_id) & (categories.c.id == category.id)


def _row(category: Category) -> dict[str, object]:
    row = {name: getattr(category, name) for name in Category.__dataclass_fields__}
    return row | {"kind": category.kind.value}


def _category(row: Row[Any]) -> Category:  # Any: a row of the whole table
    return Category(**row._asdict() | {"kind": CategoryKind(row.kind)})


_ALL: Final = (
    select(categories)
    .where(categories.c.user_id == bindparam("user_id"))
    .order_by(categories.c.created_at, categories.c.id)
)
_ONE: Final = select(categories).where(
    categories.c.user_id == bindparam("user_id"), categories.c.id == bindparam("category_id")
)
_NAMED: Final = (
    select(categories.c.id)
    .where(
        categories.c.user_id == bindparam("user_id"),
        categories.c.id.in_(bindparam("ids", expanding=True)),
    )
    .order_by(categories.c.id)
    .with_for_update(read=True)
)
