"""What the ledger's big reads cost without Coffers: Starlette, the raw driver, orjson.

They answer the same bytes, to anybody, without limits, log or metrics.
"""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final
from uuid import UUID

import aiosqlite
import asyncpg
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

Rows = list[dict[str, Any]]
Ask = Callable[[str, Sequence[Any]], Awaitable[Rows]]

_HOLDING: Final = (
    "provider_holding_id, symbol, security_name, asset_type, quantity{0}, cost_basis{0}, "
    "market_value{0}, currency, average_price{0}, current_price{0}"
)
_SNAPSHOT: Final = "balance{0}, available_balance{0}, holdings_value{0}, cash_value{0}, currency, "
_WINDOW: Final = "OVER (ORDER BY captured_at, id)"
HOLDINGS_ON_POSTGRES: Final = f"""
    SELECT id::text, account_id::text, {_HOLDING.format("::text")},
        (market_value - cost_basis)::text AS unrealized_gain_loss,
        round((market_value - cost_basis) * 100 / abs(nullif(cost_basis, 0)), 2)::text
            AS unrealized_gain_loss_percent,
        is_active, coalesce(market_value > cost_basis, false) AS is_profitable,
        last_synced_at, created_at, updated_at
    FROM holdings WHERE user_id = $1 AND is_active ORDER BY symbol, id"""  # noqa: S608 - fixed columns
HISTORY_ON_POSTGRES: Final = f"""
    SELECT id::text, account_id::text, {_SNAPSHOT.format("::text")} source, captured_at, created_at,
        (balance - lag(balance) {_WINDOW})::text AS change_amount,
        round((balance - lag(balance) {_WINDOW}) * 100
            / abs(nullif(lag(balance) {_WINDOW}, 0)), 2)::float8 AS change_percent
    FROM balance_snapshots WHERE user_id = $1 AND account_id = $2 ORDER BY captured_at, id"""  # noqa: S608 - likewise
HOLDINGS_ON_SQLITE: Final = f"""
    SELECT id, account_id, {_HOLDING.format("")}, is_active,
        last_synced_at, created_at, updated_at
    FROM holdings WHERE user_id = ? AND is_active ORDER BY symbol, id"""  # noqa: S608 - likewise
HISTORY_ON_SQLITE: Final = f"""
    SELECT id, account_id, {_SNAPSHOT.format("")} source, captured_at, created_at
    FROM balance_snapshots WHERE user_id = ? AND account_id = ? ORDER BY captured_at, id"""  # noqa: S608 - likewise


def on_postgres() -> Starlette:
    """Holdings and history by asyncpg, everything derived in SQL."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with asyncpg.create_pool(
            os.environ["FLOOR_DATABASE"], min_size=6, max_size=6
        ) as pool:
            app.state.pool = pool
            yield

    async def holdings(request: Request) -> Response:
        found = await request.app.state.pool.fetch(HOLDINGS_ON_POSTGRES, os.environ["FLOOR_USER"])
        return _holdings([dict(row) for row in found])

    async def history(request: Request) -> Response:
        owner = (os.environ["FLOOR_USER"], os.environ["FLOOR_ACCOUNT"])
        found = await request.app.state.pool.fetch(HISTORY_ON_POSTGRES, *owner)
        return _history([dict(row) for row in found])

    routes = [Route("/holdings", holdings), Route("/history", history)]
    return Starlette(routes=routes, lifespan=lifespan)


def on_sqlite() -> Starlette:
    """The same by aiosqlite, which cannot calculate exactly: derived here, row by row."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with aiosqlite.connect(os.environ["FLOOR_DATABASE"], isolation_level=None) as driver:
            driver.row_factory = aiosqlite.Row
            app.state.driver = driver
            yield

    async def ask(request: Request, text: str, *names: str) -> Rows:
        arguments = [os.environ[name].replace("-", "") for name in names]
        async with request.app.state.driver.execute(text, arguments) as cursor:
            return [dict(row) for row in await cursor.fetchall()]

    async def holdings(request: Request) -> Response:
        found = await ask(request, HOLDINGS_ON_SQLITE, "FLOOR_USER")
        return _holdings([_derived_holding(row) for row in found])

    async def history(request: Request) -> Response:
        found = await ask(request, HISTORY_ON_SQLITE, "FLOOR_USER", "FLOOR_ACCOUNT")
        before: str | None = None
        for row in found:
            _derive_change(row, before)
            before = row["balance"]
        return _history(found)

    routes = [Route("/holdings", holdings), Route("/history", history)]
    return Starlette(routes=routes, lifespan=lifespan)


def _derived_holding(row: dict[str, Any]) -> dict[str, Any]:
    gain = Decimal(row["market_value"]) - Decimal(row["cost_basis"])
    synced, created, updated = (_instant(row.pop(name)) for name in _STAMPS)
    is_active = bool(row.pop("is_active"))
    return row | {
        "id": str(UUID(row["id"])),
        "account_id": str(UUID(row["account_id"])),
        "unrealized_gain_loss": str(gain),
        "unrealized_gain_loss_percent": str(_percent(gain, Decimal(row["cost_basis"]))),
        "is_active": is_active,
        "is_profitable": gain > 0,
        "last_synced_at": synced,
        "created_at": created,
        "updated_at": updated,
    }


_STAMPS: Final = ("last_synced_at", "created_at", "updated_at")


def _derive_change(row: dict[str, Any], before: str | None) -> None:
    row["id"], row["account_id"] = str(UUID(row["id"])), str(UUID(row["account_id"]))
    row["captured_at"] = _instant(row["captured_at"])
    row["created_at"] = _instant(row["created_at"])
    change = None if before is None else Decimal(row["balance"]) - Decimal(before)
    row["change_amount"] = None if change is None else str(change)
    row["change_percent"] = (
        None if change is None or before is None else float(_percent(change, Decimal(before)))
    )


def _instant(text: str) -> str:
    return text.replace(".000000Z", "Z")


def _percent(part: Decimal, basis: Decimal) -> Decimal:
    # Plus nothing: -0.00 becomes 0.00.
    return (part * 100 / abs(basis)).quantize(Decimal("0.01"), ROUND_HALF_UP) + 0


def _holdings(rows: Rows) -> Response:
    body = {
        "holdings": rows,
        "total_count": len(rows),
        "active_count": sum(row["is_active"] for row in rows),
        "total_market_value_by_currency": _totals(rows, "market_value"),
        "total_cost_basis_by_currency": _totals(rows, "cost_basis"),
        "total_unrealized_gain_loss_by_currency": _totals(rows, "unrealized_gain_loss"),
    }
    return _json(body)


def _history(rows: Rows) -> Response:
    start, end = Decimal(rows[0]["balance"]), Decimal(rows[-1]["balance"])
    body = {
        "snapshots": rows,
        "total_count": len(rows),
        "start_balance": rows[0]["balance"],
        "end_balance": rows[-1]["balance"],
        "total_change_amount": str(end - start),
        "total_change_percent": float(_percent(end - start, start)),
        "currency": rows[-1]["currency"],
    }
    return _json(body)


def _totals(rows: Rows, name: str) -> dict[str, str]:
    sums: dict[str, Decimal] = {}
    for row in rows:
        sums[row["currency"]] = sums.get(row["currency"], Decimal(0)) + Decimal(row[name])
    return {currency: str(total) for currency, total in sums.items()}


def _json(body: object) -> Response:
    return Response(orjson.dumps(body, option=orjson.OPT_UTC_Z), media_type="application/json")
