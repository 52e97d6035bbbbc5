"""What stands in the database of a running application."""

from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import Executable, Row, select, update

from coffers.domain.ids import SYSTEM
from coffers.infrastructure.db.engines import open_engines
from coffers.infrastructure.db.identity.users import users
from coffers.infrastructure.db.live.events import events


def url_of(client: httpx.AsyncClient) -> str:
    url: str = client.app.state.settings.database  # type: ignore[attr-defined]  # set by `running`
    return url


async def rows(client: httpx.AsyncClient, statement: Executable) -> list[Row[Any]]:
    async with open_engines(url_of(client)) as engines, engines.read.connect() as connection:
        return list((await connection.execute(statement)).all())


async def write(client: httpx.AsyncClient, statement: Executable) -> None:
    async with open_engines(url_of(client)) as engines, engines.write.begin() as connection:
        await connection.execute(statement)


async def event_names(client: httpx.AsyncClient, user_id: object = SYSTEM) -> list[str]:
    """The names of a user's events, in their order."""
    statement = select(events.c.name).where(events.c.user_id == UUID(str(user_id)))
    return [row.name for row in await rows(client, statement.order_by(events.c.sequence))]


async def set_user(client: httpx.AsyncClient, email: str, **values: object) -> None:
    """Change a person behind the API's back."""
    await write(client, update(users).where(users.c.email == email).values(values))
