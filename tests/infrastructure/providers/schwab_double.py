"""The documented shapes of Schwab's Trader API, on a server of our own."""

from base64 import b64encode
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

CLIENT_ID: Final = "schwab-app-key"
CLIENT_SECRET: Final = "schwab-app-secret-0123456789"
CODE: Final = "C0.code-from-the-browser@"
NUMBER: Final = "12345678"
HASH: Final = "A1B2C3D4E5F6A1B2C3D4E5F6"
EMPTY_NUMBER: Final = "87654321"

# A JSON document.
Json = dict[str, Any]


def position(symbol: str, kind: str, **other: object) -> Json:
    return {
        "shortQuantity": 0.0,
        "averagePrice": 150.0,
        "currentDayProfitLoss": -9.094947017729282e-13,
        "longQuantity": 10.0,
        "settledLongQuantity": 10.0,
        "instrument": {
            "assetType": kind,
            "cusip": "037833100",
            "symbol": symbol,
            "description": f"{symbol} Inc",
            "netChange": 1.1,
        },
        "marketValue": 1600.0,
        "longOpenProfitLoss": 100.0,
    } | other


def accounts(positions: list[Json]) -> list[Json]:
    return [
        {
            "securitiesAccount": {
                "type": "MARGIN",
                "accountNumber": NUMBER,
                "roundTrips": 0,
                "isDayTrader": False,
                "positions": positions,
                "currentBalances": {
                    "cashBalance": 2500.25,
                    "liquidationValue": 103820.56,
                    "longMarketValue": 101320.31,
                },
            },
            "aggregatedBalance": {"liquidationValue": 103820.56},
        },
        {
            "securitiesAccount": {
                "type": "CASH",
                "accountNumber": EMPTY_NUMBER,
                "currentBalances": {"totalCash": 7.5, "longMarketValue": 0.0},
            },
            "aggregatedBalance": {"liquidationValue": 7.5},
        },
    ]


POSITIONS: Final = [
    position("AAPL", "EQUITY"),
    position("GME", "EQUITY", longQuantity=0.0, shortQuantity=4.0, marketValue=-90.0),
]


def activity(number: int, day: str, kind: str, net: float, **other: object) -> Json:
    return {
        "activityId": number,
        "time": f"{day}T15:30:00+0000",
        "accountNumber": NUMBER,
        "type": kind,
        "status": "VALID",
        "subAccount": "MARGIN",
        "tradeDate": f"{day}T15:30:00+0000",
        "netAmount": net,
        "transferItems": [],
    } | other


def fee(cost: float, kind: str = "COMMISSION") -> Json:
    return {
        "instrument": {"assetType": "CURRENCY", "symbol": "CURRENCY_USD"},
        "amount": 0.0,
        "cost": cost,
        "feeType": kind,
    }


def leg(symbol: str, amount: float, cost: float, **other: object) -> Json:
    return {
        "instrument": {
            "assetType": "EQUITY",
            "symbol": symbol,
            "instrumentId": 1806651,
            "type": "COMMON_STOCK",
        },
        "amount": amount,
        "cost": cost,
        "price": 167.3,
        "positionEffect": "OPENING",
    } | other


ACTIVITIES: Final = [
    activity(
        95556273441,
        "2026-04-24",
        "TRADE",
        -502.55,
        settlementDate="2026-04-27T00:00:00+0000",
        transferItems=[fee(-0.65), leg("SFM", 3.0, -501.9)],
    ),
    activity(
        95556273440,
        "2026-02-03",
        "DIVIDEND_OR_INTEREST",
        12.34,
        description="Qualified Dividend~KO",
        transferItems=[
            {"instrument": {"assetType": "CURRENCY", "symbol": "CURRENCY_USD"}, "amount": 12.34}
        ],
    ),
    activity(95556273442, "2026-05-01", "ACH_RECEIPT", 1000.0),
    activity(95556273443, "2021-05-01", "WIRE_IN", 5000.0),
]


class SchwabDouble:
    """`rows_at_once` is where an answer is cut, without a word."""

    def __init__(
        self,
        *,
        rows: list[Json] | None = None,
        positions: list[Json] | None = None,
        rows_at_once: int = 3000,
    ) -> None:
        self.access_tokens: set[str] = set()
        self.refresh_tokens: set[str] = set()
        self.asked: list[tuple[datetime, datetime]] = []
        self._numbers = count(1)
        self._rows = ACTIVITIES if rows is None else rows
        self._positions = POSITIONS if positions is None else positions
        self._rows_at_once = rows_at_once
        self.application = Starlette(
            routes=[
                Route("/v1/oauth/token", self._token, methods=["POST"]),
                Route("/trader/v1/accounts", self._accounts),
                Route("/trader/v1/accounts/accountNumbers", self._account_numbers),
                Route("/trader/v1/accounts/{hash}/transactions", self._transactions),
            ]
        )

    async def _token(self, request: Request) -> Response:
        expected = "Basic " + b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if request.headers.get("authorization") != expected:
            return JSONResponse({"error": "invalid_client"}, 401)
        form = {name: str(value) for name, value in (await request.form()).items()}
        if form["grant_type"] == "authorization_code" and form["code"] != CODE:
            return JSONResponse({"error": "invalid_grant"}, 400)
        if (
            form["grant_type"] == "refresh_token"
            and form["refresh_token"] not in self.refresh_tokens
        ):
            return JSONResponse({"error": "unsupported_token_type"}, 400)
        number = next(self._numbers)
        access, refresh = f"I0.access-token-{number}", form.get("refresh_token", "refresh-token-1")
        self.access_tokens.add(access)
        self.refresh_tokens.add(refresh)
        return JSONResponse(
            {
                "expires_in": 1800,
                "token_type": "Bearer",
                "scope": "api",
                "refresh_token": refresh,
                "access_token": access,
                "id_token": "…",
            }
        )

    async def _accounts(self, request: Request) -> Response:
        found = accounts(self._positions)
        if request.query_params.get("fields") != "positions":
            for account in found:
                account["securitiesAccount"].pop("positions", None)
        return self._answer(request, found)

    async def _account_numbers(self, request: Request) -> Response:
        pairs = [(NUMBER, HASH), (EMPTY_NUMBER, "F" * 24)]
        return self._answer(
            request, [{"accountNumber": one, "hashValue": value} for one, value in pairs]
        )

    async def _transactions(self, request: Request) -> Response:
        since, until = (
            datetime.fromisoformat(request.query_params[name]) for name in ("startDate", "endDate")
        )
        self.asked.append((since, until))
        assert request.query_params["types"]
        if until - since > timedelta(days=365) or request.path_params["hash"] != HASH:
            return JSONResponse({"message": "Bad request"}, 400)
        chosen = [
            row for row in self._rows if since <= datetime.fromisoformat(row["time"]) <= until
        ]
        return self._answer(request, chosen[: self._rows_at_once])

    def _answer(self, request: Request, document: object) -> Response:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token not in self.access_tokens:
            return JSONResponse({"errors": [{"status": 401, "title": "Unauthorized"}]}, 401)
        return JSONResponse(document)
