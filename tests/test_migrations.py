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
from sqlalchemy import inspect as inspected

from coffers import migrations
from coffers.infrastructure.db.engines import Engines, open_engines
from coffers.infrastructure.db.tables import METADATA

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


def schema(connection: Connection) -> dict[str, Any]:
    """Tables with their columns, keys and indexes, as the database itself tells them."""
    about = inspected(connection)
    return {
        table: (
            sorted((column["name"], str(column["type"]), column["nullable"]) for column in columns),
            about.get_pk_constraint(table)["constrained_columns"],
            sorted(_told(index) for index in about.get_indexes(table)),
            sorted(map(repr, about.get_unique_constraints(table))),
        )
        for table in about.get_table_names()
        if (columns := about.get_columns(table))
    }


def _told(index: Any) -> tuple[str, str, bool, list[str]]:
    """Without the order in which the engines happen to tell it, conditions as text."""
    options = [f"{name}={value}" for name, value in index.get("dialect_options", {}).items()]
    return index["name"], str(index["column_names"]), bool(index["unique"]), sorted(options)


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
