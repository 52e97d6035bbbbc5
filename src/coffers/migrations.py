"""Bringing a database to the present schema, with Alembic, on either engine."""

import functools
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from coffers.infrastructure.db.engines import open_engines

#: Beside the sources in a checkout and in the image; else wherever the program is started.
_PLACES: Final = (Path(__file__).resolve().parents[2], Path.cwd())


def configuration() -> Config:
    """Alembic's, as `alembic.ini` has it; raises FileNotFoundError when it is not shipped along."""
    for place in _PLACES:
        if (place / "alembic.ini").is_file():
            return Config(str(place / "alembic.ini"))
    raise FileNotFoundError("alembic.ini is neither beside the sources nor in this folder.")


def upgrade_connection(connection: Connection, revision: str = "head") -> None:
    """Run the migrations on a connection that is open already."""
    config = configuration()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


async def upgrade(database_url: str, revision: str = "head") -> None:
    """Run the migrations that this database still lacks."""
    async with (
        open_engines(database_url, is_patient=True) as engines,
        engines.write.begin() as connection,
    ):
        await connection.run_sync(upgrade_connection, revision)


async def is_current(database_url: str) -> bool:
    """Whether the database has every migration of this version; a newer one has."""
    async with open_engines(database_url) as engines, engines.read.connect() as connection:
        revision = await connection.run_sync(_revision_of)
    return revision is not None and revision not in outdated_revisions()


@functools.cache
def outdated_revisions() -> frozenset[str]:
    """All schemas that this version knows, but for its own."""
    scripts = ScriptDirectory.from_config(configuration())
    known = {script.revision for script in scripts.walk_revisions()}
    return frozenset(known - set(scripts.get_heads()))


def _revision_of(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
