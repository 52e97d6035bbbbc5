"""The holdings and balance-snapshot answers have exactly the documented fields and types."""

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import httpx
import pytest

from tests.ledgers import NOON, ledger_of, position
from tests.people import Person

pytestmark = pytest.mark.asyncio(loop_scope="module")

#: A field's documented type; a question mark: it may be null.
Shape = dict[str, str]

HOLDING: Final[Shape] = {
    "id": "uuid",
    "account_id": "uuid",
    "provider_holding_id": "string",
    "symbol": "string",
    "security_name": "string",
    "asset_type": "string",
    "quantity": "decimal",
    "cost_basis": "decimal?",
    "market_value": "decimal",
    "currency": "string",
    "average_price": "decimal?",
    "current_price": "decimal?",
    "unrealized_gain_loss": "decimal?",
    "unrealized_gain_loss_percent": "decimal?",
    "is_active": "boolean",
    "is_profitable": "boolean",
    "last_synced_at": "datetime?",
    "created_at": "datetime",
    "updated_at": "datetime",
}
HOLDINGS: Final[Shape] = {
    "holdings": "list",
    "total_count": "integer",
    "active_count": "integer",
    "total_market_value_by_currency": "amounts",
    "total_cost_basis_by_currency": "amounts",
    "total_unrealized_gain_loss_by_currency": "amounts",
}
SNAPSHOT: Final[Shape] = {
    "id": "uuid",
    "account_id": "uuid",
    "balance": "decimal",
    "available_balance": "decimal?",
    "holdings_value": "decimal?",
    "cash_value": "decimal?",
    "currency": "string",
    "source": "string",
    "captured_at": "datetime",
    "created_at": "datetime",
    "change_amount": "decimal?",
    "change_percent": "number?",
}
LATEST: Final[Shape] = {
    "snapshots": "list",
    "total_count": "integer",
    "total_balance_by_currency": "amounts",
}
HISTORY: Final[Shape] = {
    "snapshots": "list",
    "total_count": "integer",
    "start_balance": "decimal?",
    "end_balance": "decimal?",
    "total_change_amount": "decimal?",
    "total_change_percent": "number?",
    "currency": "string",
}
PROBLEM: Final[Shape] = {
    "type": "string",
    "title": "string",
    "status": "integer",
    "detail": "string",
    "instance": "string",
    "trace_id": "string",
}
YEAR: Final = {"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-12-31T23:59:59Z"}


def _matches(pattern: str, value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(pattern, value) is not None


def _is_instant(value: object) -> bool:
    return _matches(r".*Z", value) and datetime.fromisoformat(str(value)).tzinfo is not None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_IS: Final[dict[str, Callable[[Any], bool]]] = {
    "uuid": lambda value: _matches(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", value),
    "string": lambda value: isinstance(value, str),
    "decimal": lambda value: _matches(r"-?[0-9]+(\.[0-9]+)?", value),
    "datetime": _is_instant,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": _is_number,
    "list": lambda value: isinstance(value, list),
    "amounts": lambda value: all(_IS["decimal"](amount) for amount in value.values()),
}


def check(answer: Any, shape: Shape) -> None:
    """Exactly these fields, in this order, each of its type."""
    assert list(answer) == list(shape)
    for name, kind in shape.items():
        may_be_null, value = kind.endswith("?"), answer[name]
        assert (value is None and may_be_null) or _IS[kind.rstrip("?")](value), (name, value)


async def _own(ada: Person) -> str:
    async with ledger_of(ada) as ledger:
        account = await ledger.account()
        await ledger.hold(account, position(), position("NEW", cost_basis=None))
        days = [(NOON.replace(day=day), f"{day}000") for day in (2, 3)]
        await ledger.snapshots(account, days, cash=Decimal("3000.00"))
    return str(account.id)


def body(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    return answer.json()


async def test_the_holdings_lists_are_as_documented(ada: Person) -> None:
    account = await _own(ada)

    for path in ("/holdings", f"/accounts/{account}/holdings"):
        answer = body(await ada.get(path))

        check(answer, HOLDINGS)
        assert len(answer["holdings"]) == 2
        for holding in answer["holdings"]:
            check(holding, HOLDING)


async def test_one_holding_is_as_documented(ada: Person) -> None:
    await _own(ada)
    (holding, *_) = body(await ada.get("/holdings"))["holdings"]

    answer = body(await ada.get(f"/holdings/{holding['id']}"))

    assert answer == holding


async def test_the_latest_snapshots_are_as_documented(ada: Person) -> None:
    await _own(ada)

    answer = body(await ada.get("/balance-snapshots"))

    check(answer, LATEST)
    for snapshot in answer["snapshots"]:
        check(snapshot, SNAPSHOT)


async def test_history_and_recent_snapshots_are_as_documented(ada: Person) -> None:
    account = await _own(ada)
    history = body(await ada.get(f"/accounts/{account}/balance-history", params=YEAR))
    recent = body(await ada.get(f"/accounts/{account}/balance-snapshots?limit=30"))

    for answer in (history, recent):
        check(answer, HISTORY)
        assert len(answer["snapshots"]) == 2
        for snapshot in answer["snapshots"]:
            check(snapshot, SNAPSHOT)


async def test_the_documented_example_of_a_holding_comes_out_to_the_letter(ada: Person) -> None:
    async with ledger_of(ada) as ledger:
        await ledger.hold(await ledger.account(), position())

    answer = body(await ada.get("/holdings?active_only=true&asset_type=equity&symbol=AAPL"))

    (holding,) = answer["holdings"]
    documented = {
        "provider_holding_id": "schwab_037833100_AAPL",
        "symbol": "AAPL",
        "security_name": "Apple Inc.",
        "asset_type": "equity",
        "quantity": "100.00000000",
        "cost_basis": "15000.00",
        "market_value": "17500.00",
        "currency": "USD",
        "average_price": "150.00",
        "current_price": "175.00",
        "unrealized_gain_loss": "2500.00",
        "unrealized_gain_loss_percent": "16.67",
        "is_active": True,
        "is_profitable": True,
        "last_synced_at": "2026-03-02T12:00:00Z",
    }
    assert {name: holding[name] for name in documented} == documented
    assert answer["total_market_value_by_currency"] == {"USD": "17500.00"}
    assert answer["total_cost_basis_by_currency"] == {"USD": "15000.00"}
    assert answer["total_unrealized_gain_loss_by_currency"] == {"USD": "2500.00"}


async def test_the_documented_example_of_a_history_comes_out_to_the_letter(ada: Person) -> None:
    async with ledger_of(ada) as ledger:
        account = await ledger.account()
        january, june = NOON.replace(month=1), NOON.replace(month=6)
        await ledger.snapshots(account, [(january, "20000"), (june, "22500")])

    answer = body(await ada.get(f"/accounts/{account.id}/balance-history", params=YEAR))

    changes = [(row["change_amount"], row["change_percent"]) for row in answer.pop("snapshots")]
    assert changes == [(None, None), ("2500.00", 12.5)]
    assert answer == {
        "total_count": 2,
        "start_balance": "20000.00",
        "end_balance": "22500.00",
        "total_change_amount": "2500.00",
        "total_change_percent": 12.5,
        "currency": "USD",
    }


async def test_a_missing_account_is_the_documented_problem(ada: Person) -> None:
    nothing = "/accounts/550e8400-e29b-41d4-a716-446655440000"

    for tail in ("holdings", "balance-snapshots", "balance-history"):
        answer = await ada.get(f"{nothing}/{tail}", params=YEAR if "history" in tail else None)

        check(answer.json(), PROBLEM)
        assert answer.status_code == 404
        assert answer.json()["type"].endswith("/errors/not_found")
        assert answer.json()["title"] == "Not Found"
        assert answer.json()["detail"] == "Account not found"
        assert answer.json()["instance"] == f"/api/v1{nothing}/{tail}"
