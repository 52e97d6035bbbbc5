"""Migrations, on the database of COFFERS_DATABASE_URL or on a connection that is handed over."""

import asyncio

from alembic import context
from sqlalchemy import Connection

from coffers.infrastructure.db.engines import open_engines
from coffers.infrastructure.db.tables import METADATA
from coffers.settings import Settings


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        render_as_batch=connection.dialect.name == "sqlite",
        user_module_prefix="types.",
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def connect() -> None:
    async with open_engines(Settings().database) as engines, engines.write.begin() as connection:
        await connection.run_sync(run)


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    asyncio.run(connect())
