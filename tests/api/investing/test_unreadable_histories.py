"""Something whose history cannot be: what it is worth is not known, and not nothing."""

from datetime import UTC, datetime
from decimal import Decimal

import httpx
import pytest

from coffers.domain.ledger.transactions import TransactionSubtype
from tests.api.investing.conftest import traded
from tests.ledgers import ledger_of, position
from tests.people import settle
from tests.trading import a_portfolio_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_whole_is_not_known_where_a_history_cannot_be(
    service: httpx.AsyncClient,
) -> None:
    ida = await settle(service, "unread")
    async with ledger_of(ida) as ledger:
        ledger.now = datetime.now(UTC)
        account = await ledger.account("u1", cash_balance=Decimal("100.00"))
        held = {"quantity": Decimal(6), "current_price": Decimal("250.00")}
        await ledger.hold(account, position("AAPL", **held))
        bought = traded("b1", TransactionSubtype.BUY, "10", "-1500.00", 0)
        await ledger.move(account, bought, traded("s1", TransactionSubtype.SHORT_SELL, "4", "8", 9))
    path = await a_portfolio_of(ida, str(account.id))

    found = (await ida.get(f"{path}/positions?explain=true")).json()
    divided = (await ida.get(f"{path}/allocation")).json()
    performance = (await ida.get(f"{path}/performance?period=1m&explain=true")).json()
    values = (await ida.get(f"{path}/values?period=1m")).json()["values"]

    assert found["data_quality"]["unreadable_histories"] == ["AAPL"]
    assert (found["total_value"], found["total_cost_basis"]) == (None, None)
    assert found["explanation"]["value"] is None
    told = {each["name"]: each["value"] for each in performance["explanations"]}
    assert (told["start_value"], told["end_value"]) == (None, None)
    assert (divided["total_value"], divided["unvalued"]) == (None, ["AAPL"])
    assert (performance["end_value"], performance["gain"]) == (None, None)
    assert {(each["value"], each["cost_basis"]) for each in values} == {(None, None)}
