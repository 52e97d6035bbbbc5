"""What names a category: columns of ids and of lists of ids, parts of movements, children."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Table, Text, cast, func, select, update

from coffers.domain.spending.categories import Category
from coffers.infrastructure.db.bulk import stretches
from coffers.infrastructure.db.engines import BULK_PATIENCE_S
from coffers.infrastructure.db.ledger.transaction_rows import transactions
from coffers.infrastructure.db.metadata import METADATA
from coffers.infrastructure.db.transaction import Transaction

#: What the children of a category are named in a count of its uses.
CHILDREN: Final = "categories"


async def uses_of(transaction: Transaction, category: Category) -> dict[str, int]:
    """How many rows of which table name it; without those that have none."""
    counts: dict[str, int] = {}
    for table, column in _naming():
        named = select(func.count()).where(table.c.user_id == category.user_id)
        found = (await transaction.rows(named.where(column == category.id)))[0][0]
        counts[table.name] = counts.get(table.name, 0) + found
    for table in _listing():
        counts[table.name] = len(await _lists(transaction, table, category))
    counts[transactions.name] += len(await _split(transaction, category))
    return {name: count for name, count in counts.items() if count}


async def move_uses(
    transaction: Transaction, category: Category, to: Category, now: datetime
) -> None:
    """Whatever named the one names the other; rows with a version become a new one."""
    transaction.patience_s = None if transaction.is_sqlite else BULK_PATIENCE_S
    for table, column in _naming():
        mine = update(table).where(table.c.user_id == category.user_id, column == category.id)
        values = {column.name: to.id, **_touched(table, now)}
        await transaction.execute(mine.values(values))
    for table in _listing():
        await _move_lists(transaction, table, category, to, now)
    rows = await _split(transaction, category)
    for part in stretches([_moved(row, category, to) for row in rows]):
        for row_id, splits in part:
            one = (transactions.c.user_id == category.user_id) & (transactions.c.id == row_id)
            values = {"splits": splits, **_touched(transactions, now)}
            await transaction.execute(update(transactions).where(one).values(values))


def _naming() -> Iterator[tuple[Table, ColumnElement[Any]]]:  # Any: ids
    for table in METADATA.sorted_tables:
        if "user_id" in table.c and "category_id" in table.c:
            yield table, table.c.category_id
        if table.name == CHILDREN:
            yield table, table.c.parent_id


def _listing() -> Iterator[Table]:
    for table in METADATA.sorted_tables:
        if "user_id" in table.c and "category_ids" in table.c:
            yield table


async def _lists(
    transaction: Transaction,
    table: Table,
    category: Category,
) -> list[Row[Any]]:  # Any: id, category_ids
    """Rows with the category in their list, locked."""
    written = cast(table.c.category_ids, Text).contains(str(category.id))
    mine = (table.c.user_id == category.user_id) & written
    listed = select(table.c.id, table.c.category_ids).where(mine).order_by(table.c.id)
    return list(await transaction.rows(listed.with_for_update()))


async def _move_lists(
    transaction: Transaction, table: Table, category: Category, to: Category, now: datetime
) -> None:
    """In each list once, where the one was; where the other was already, the one is gone."""
    old, new = str(category.id), str(to.id)
    for row in await _lists(transaction, table, category):
        moved = dict.fromkeys(new if each == old else each for each in row.category_ids)
        one = (table.c.user_id == category.user_id) & (table.c.id == row.id)
        values = {"category_ids": list(moved), **_touched(table, now)}
        await transaction.execute(update(table).where(one).values(values))


def _touched(table: Table, now: datetime) -> dict[str, object]:
    touched: dict[str, object] = {}
    if "version" in table.c:
        touched["version"] = table.c.version + 1
    if "updated_at" in table.c:
        touched["updated_at"] = now
    return touched


async def _split(transaction: Transaction, category: Category) -> list[Row[Any]]:  # Any: id, splits
    """Movements with a part in the category, locked."""
    written = cast(transactions.c.splits, Text).contains(str(category.id))
    named = (transactions.c.user_id == category.user_id) & transactions.c.splits.is_not(None)
    statement = select(transactions.c.id, transactions.c.splits).where(named, written)
    rows = await transaction.rows(statement.order_by(transactions.c.id).with_for_update())
    wanted = str(category.id)
    return [row for row in rows if any(part["category_id"] == wanted for part in row.splits)]


def _moved(
    row: Row[Any],  # Any: id, splits
    category: Category,
    to: Category,
) -> tuple[object, list[Mapping[str, object]]]:
    old, new = str(category.id), str(to.id)
    return row.id, [
        part | {"category_id": new} if part["category_id"] == old else part for part in row.splits
    ]
