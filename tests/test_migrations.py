"""The schema's history, on both engines: up, down, up again, and nothing that no migration made."""

import inspect
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection

from coffers import migrations
from coffers.infrastructure.db.engines import Engines, open_engines
from coffers.infrastructure.db.tables import METADATA

#: SQLAlchemy can tell this too, with a hundred questions and fewer answers.
CATALOGUE = {
    "sqlite": """
        SELECT tbl_name, type, sql, NULL, NULL
        FROM sqlite_schema WHERE type <> 'index' OR sql IS NOT NULL
        UNION ALL
        SELECT made.name, told.name, told.type, told."notnull", told.pk
        FROM sqlite_schema AS made, pragma_table_info(made.name) AS told
        WHERE made.type = 'table'
    """,
    "postgresql": """
        SELECT relname, attname, format_type(atttypid, atttypmod), attnotnull::text
        FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
        WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
        AND attnum > 0 AND NOT attisdropped
        UNION ALL
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), NULL
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        UNION ALL
        SELECT tablename, indexname, indexdef, NULL FROM pg_indexes
        WHERE schemaname = 'public'
    """,
}
SCRIPTS = list(ScriptDirectory.from_config(migrations.configuration()).walk_revisions())


@pytest.fixture
async def engines(database_url: str) -> AsyncIterator[Engines]:
    async with open_engines(database_url, is_patient=True) as opened:
        yield opened


async def run(engines: Engines, work: Callable[..., Any], *arguments: object) -> Any:
    async with engines.write.begin() as connection:
        return await connection.run_sync(work, *arguments)


def downgrade(connection: Connection, revision: str) -> None:
    config = migrations.configuration()
    config.attributes["connection"] = connection
    command.downgrade(config, revision)


def schema(connection: Connection) -> dict[str, list[str]]:
    """Tables with their columns, constraints and indexes, as the database itself tells them."""
    told: dict[str, list[str]] = {}
    for table, *about in connection.exec_driver_sql(CATALOGUE[connection.dialect.name]):
        told.setdefault(table, []).extend(_told(about))
    return {table: sorted(about) for table, about in told.items()}


def _told(about: list[Any]) -> list[str]:
    """SQLite tells constraints only in the words with which the table was made, in any order."""
    if about[0] != "table":
        return [repr(about)]
    return [line.strip(" ,\t") for line in str(about[1]).splitlines() if "CONSTRAINT" in line]


def drift(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, METADATA))


async def test_every_step_goes_down_and_up_again_to_the_same_schema(engines: Engines) -> None:
    left = {}
    for script in SCRIPTS:
        left[script.revision] = await run(engines, schema)
        await run(engines, downgrade, script.down_revision or "base")
    emptied = await run(engines, schema)

    for script in reversed(SCRIPTS):
        await run(engines, migrations.upgrade_connection, script.revision)
        assert await run(engines, schema) == left[script.revision], script.revision
    assert set(emptied) == {"alembic_version"}


async def test_the_schema_is_what_the_tables_say(engines: Engines) -> None:
    assert await run(engines, drift) == []


async def test_a_migration_that_fails_leaves_nothing_behind(engines: Engines) -> None:
    await run(engines, downgrade, "base")
    before = await run(engines, schema)

    def upgrade_and_fail(connection: Connection) -> None:
        migrations.upgrade_connection(connection)
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        await run(engines, upgrade_and_fail)

    assert await run(engines, schema) == before


def test_the_history_is_one_line_without_branches() -> None:
    numbers = [script.revision for script in reversed(SCRIPTS)]

    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]
    assert not any(isinstance(script.down_revision, tuple) for script in SCRIPTS)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.revision)
def test_every_migration_can_be_undone(script: Script) -> None:
    undoing = inspect.getsource(script.module.downgrade)

    assert "op." in undoing


async def test_a_database_without_migrations_or_with_old_ones_is_not_current(
    tmp_path: Path, sqlite_template: Path
) -> None:
    current = tmp_path / "current.sqlite3"
    shutil.copy(sqlite_template, current)
    old = f"sqlite+aiosqlite:///{tmp_path / 'old.sqlite3'}"
    await migrations.upgrade(old, "0001")

    assert await migrations.is_current(f"sqlite+aiosqlite:///{current}")
    assert not await migrations.is_current(old)
    assert not await migrations.is_current(f"sqlite+aiosqlite:///{tmp_path / 'none.sqlite3'}")


def test_no_migration_needs_an_extension_of_postgresql() -> None:
    assert not any("CREATE EXTENSION" in inspect.getsource(script.module) for script in SCRIPTS)
