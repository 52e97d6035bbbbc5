"""What a request costs without Coffers: the floors that the ratios stand on."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiosqlite
import asyncpg
from fastapi import FastAPI

_HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"17")]
_PROFILE = (
    "SELECT id, email, username, display_name, base_currency, time_zone, roles, is_verified, "
    "created_at, updated_at, version FROM users WHERE id = "
)

Application = Callable[[Any, Any, Callable[[Any], Awaitable[None]]], Awaitable[None]]


def hello() -> Application:
    """The least that an ASGI application can do."""

    async def app(scope: Any, _receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            await send({"type": "http.response.body", "body": b'{"hello":"world"}'})

    return app


def on_sqlite() -> FastAPI:
    """One FastAPI route that asks SQLite for a profile by its driver, and nothing around it."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with aiosqlite.connect(os.environ["FLOOR_DATABASE"], isolation_level=None) as driver:
            driver.row_factory = aiosqlite.Row
            app.state.driver = driver
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/profile")
    async def profile() -> dict[str, Any]:
        user_id = os.environ["FLOOR_USER"].replace("-", "")
        async with app.state.driver.execute(_PROFILE + "?", (user_id,)) as cursor:
            return dict(await cursor.fetchone())

    return app


def on_postgres() -> FastAPI:
    """The same on PostgreSQL."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with asyncpg.create_pool(
            os.environ["FLOOR_DATABASE"], min_size=6, max_size=6
        ) as pool:
            app.state.pool = pool
            yield

    app = FastAPI(lifespan=lifespan)

    @app.get("/profile")
    async def profile() -> dict[str, Any]:
        return dict(await app.state.pool.fetchrow(_PROFILE + "$1", os.environ["FLOOR_USER"]))

    return app
