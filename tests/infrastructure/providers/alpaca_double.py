"""Alpaca's documented shapes, on a server of our own."""

from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

KEY_ID: Final = "PKTESTKEY0000001"
SECRET_KEY: Final = "alpaca-secret-0123456789"

# A JSON document.
Json = dict[str, Any]

ACCOUNT: Final[Json] = {
    "id": "904837e3-3b76-47ec-b432-046db621571b",
    "account_number": "PA3ABCDEF123",
    "status": "ACTIVE",
    "currency": "USD",
    "cash": "4000.32",
    "equity": "103820.56",
    "buying_power": "262113.632",
}
POSITIONS: Final[list[Json]] = [
    {
        "asset_id": "11111111-3b76-47ec-b432-046db621571b",
        "symbol": "AAPL",
        "exchange": "NASDAQ",
        "asset_class": "us_equity",
        "avg_entry_price": "100.0",
        "qty": "5",
        "side": "long",
        "market_value": "600.0",
        "cost_basis": "500.0",
        "current_price": "120.0",
    },
    {
        "asset_id": "22222222-3b76-47ec-b432-046db621571b",
        "symbol": "TSLA",
        "asset_class": "us_equity",
        "avg_entry_price": "250.5",
        "qty": "10",
        "side": "short",
        "market_value": "2400",
        "cost_basis": "2505",
        "current_price": "240",
    },
    {
        "asset_id": "33333333-3b76-47ec-b432-046db621571b",
        "symbol": "BTC/USD",
        "asset_class": "crypto",
        "avg_entry_price": "60123.123456789",
        "qty": "0.000000001",
        "side": "long",
        "market_value": "0.00006",
        "cost_basis": "0.00006",
        "current_price": "60000",
    },
]


def fill(number: int, day: str, **other: str) -> Json:
    return {
        "activity_type": "FILL",
        "id": f"{day.replace('-', '')}000000{number:03}::{number:08x}",
        "cum_qty": "1",
        "leaves_qty": "0",
        "price": "1.63",
        "qty": "1",
        "side": "buy",
        "symbol": "LPCN",
        "transaction_time": f"{day}T15:34:06.977449123Z",
        "type": "fill",
    } | other


def entry(number: int, day: str, activity_type: str, amount: str, **other: str) -> Json:
    return {
        "activity_type": activity_type,
        "id": f"{day.replace('-', '')}000000{number:03}::{number:08x}",
        "date": day,
        "net_amount": amount,
        "description": "",
        "status": "executed",
    } | other


def activities() -> list[Json]:
    """A page and a half: fills, and a dividend; newest first."""
    fills = [fill(number, f"2026-0{1 + number // 40}-10") for number in range(130)]
    dividend = entry(999, "2026-06-20", "DIV", "1.02", symbol="T", qty="2", per_share_amount="0.51")
    return sorted([*fills, dividend], key=lambda row: str(row["id"]), reverse=True)


def alpaca_double(rows: list[Json] | None = None, positions: list[Json] | None = None) -> Starlette:
    listed = activities() if rows is None else rows

    def answer(request: Request, document: object) -> Response:
        key = request.headers.get("apca-api-key-id"), request.headers.get("apca-api-secret-key")
        if key != (KEY_ID, SECRET_KEY):
            return JSONResponse({"code": 40110000, "message": "request is not authorized"}, 401)
        return JSONResponse(document)

    async def account(request: Request) -> Response:
        return answer(request, ACCOUNT)

    async def held(request: Request) -> Response:
        return answer(request, POSITIONS if positions is None else positions)

    async def moved(request: Request) -> Response:
        size, token = int(request.query_params["page_size"]), request.query_params.get("page_token")
        assert size <= 100
        assert request.query_params["direction"] == "desc"
        after, until = request.query_params.get("after", ""), request.query_params["until"]
        chosen = [row for row in listed if after < stamp(row) < until]
        ids = [row["id"] for row in chosen]
        start = ids.index(token) + 1 if token else 0
        return answer(request, chosen[start : start + size])

    return Starlette(
        routes=[
            Route("/v2/account", account),
            Route("/v2/positions", held),
            Route("/v2/account/activities", moved),
        ]
    )


def stamp(row: Json) -> str:
    return str(row.get("transaction_time") or f"{row['date']}T00:00:00Z")
