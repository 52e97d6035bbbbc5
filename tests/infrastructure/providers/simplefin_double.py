"""The documented shapes of a SimpleFIN server, versions 1 and 2, on a server of our own."""

from base64 import b64encode
from datetime import UTC, datetime
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

USER: Final = "user123456"
PASSWORD: Final = "pass-word-0123456789"
CHECKING: Final = "ACT-checking"
BROKERAGE: Final = "ACT-brokerage"
CARD: Final = "ACT-card"
MILES: Final = "ACT-miles"
MAX_SPAN_S: Final = 90 * 24 * 3600

# A JSON document.
Json = dict[str, Any]


def epoch(day: str) -> int:
    return int(datetime.fromisoformat(f"{day}T12:00:00").replace(tzinfo=UTC).timestamp())


def row(number: str, day: str, amount: str, description: str, **other: object) -> Json:
    return {
        "id": number,
        "posted": epoch(day),
        "amount": amount,
        "description": description,
        "payee": description.title(),
        "memo": "",
    } | other


def account(number: str, name: str, balance: str, **other: object) -> Json:
    return {
        "id": number,
        "name": name,
        "conn_id": "CON-1",
        "currency": "USD",
        "balance": balance,
        "balance-date": epoch("2026-06-30"),
        "transactions": [],
        "holdings": [],
    } | other


ACCOUNTS: Final = [
    account(CHECKING, "Everyday Checking", "1100.23", **{"available-balance": "1075.23"}),
    account(
        BROKERAGE,
        "Individual Brokerage",
        "105884.80",
        holdings=[
            {
                "id": "25bc4910",
                "created": epoch("2020-01-01"),
                "cost_basis": "5500.00",
                "currency": "USD",
                "description": "Shares of Apple",
                "market_value": "105884.80",
                "purchase_price": "10.00",
                "shares": "550.0",
                "symbol": "AAPL",
            }
        ],
        transactions=[
            row("TRN-1", "2026-03-15", "12.50", "DIVIDEND RECEIVED"),
            row("TRN-2", "2026-05-01", "-500.00", "YOU BOUGHT APPLE"),
            row("TRN-3", "2025-09-01", "100.00", "Contribution"),
        ],
    ),
    account(CARD, "Rewards Credit Card", "-412.87"),
    account(MILES, "Miles", "12000", currency="https://miles.example/currency"),
]


class SimpleFinDouble:
    """`beside` stands in every answer next to the accounts; `claims` are left of its token."""

    def __init__(
        self, accounts: list[Json] | None = None, *, claims: int = 1, **beside: object
    ) -> None:
        self.claims = claims
        self._accounts_list = ACCOUNTS if accounts is None else accounts
        self._beside = beside or {"errlist": [], "connections": []}
        self.application = Starlette(
            routes=[
                Route("/simplefin/claim/{token}", self._claim, methods=["POST"]),
                Route("/simplefin/accounts", self._accounts),
            ]
        )

    @staticmethod
    def setup_token(origin: str) -> str:
        return b64encode(f"{origin}/simplefin/claim/one-time-token".encode()).decode()

    async def _claim(self, request: Request) -> Response:
        if not self.claims:
            return PlainTextResponse("Forbidden", 403)
        self.claims -= 1
        return PlainTextResponse(f"http://{USER}:{PASSWORD}@{request.url.netloc}/simplefin")

    async def _accounts(self, request: Request) -> Response:
        expected = "Basic " + b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if request.headers.get("authorization") != expected:
            return PlainTextResponse("Forbidden", 403)
        asked = request.query_params
        since, until = int(asked.get("start-date", 0)), int(asked.get("end-date", 2**40))
        beside = dict(self._beside)
        if "start-date" in asked and until - since > MAX_SPAN_S:
            beside["errlist"] = [{"code": "gen.api", "msg": "Requested date range was capped."}]
        chosen = [
            one
            | {"transactions": [move for move in one["transactions"] if until > at(move) >= since]}
            for one in self._accounts_list
            if asked.get("account", one["id"]) == one["id"]
        ]
        return JSONResponse({**beside, "accounts": chosen})


def at(move: Json) -> int:
    return int(move["posted"] or move.get("transacted_at") or epoch("2026-06-30"))
