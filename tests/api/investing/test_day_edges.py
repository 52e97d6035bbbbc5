"""Half an hour before and after midnight, where one lives."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import httpx
import pytest
import pytest_asyncio
import time_machine

from tests.market_examples import asset_of
from tests.people import PASSWORD, Person, settle
from tests.trading import a_depot, a_portfolio_of, done

pytestmark = pytest.mark.asyncio(loop_scope="module")

MONDAY: Final = date(2026, 3, 9)
SUNDAY: Final = MONDAY - timedelta(days=1)
EDGES: Final = [
    ("Pacific/Pago_Pago", "2026-03-09T10:30:00Z", SUNDAY),
    ("Pacific/Pago_Pago", "2026-03-09T11:30:00Z", MONDAY),
    ("UTC", "2026-03-08T23:30:00Z", SUNDAY),
    ("UTC", "2026-03-09T00:30:00Z", MONDAY),
    ("Pacific/Kiritimati", "2026-03-08T09:30:00Z", SUNDAY),
    ("Pacific/Kiritimati", "2026-03-08T10:30:00Z", MONDAY),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(service: httpx.AsyncClient) -> tuple[Person, str, str]:
    """Ten at 100, quoted at 100 on Friday and at 110 on Monday."""
    eve = await settle(service, "traveller")
    asset_id = await asset_of(eve, symbol="EDGE", currency="USD")
    link = {"symbol": "EDGE", "currency": "USD", "asset_id": asset_id}
    assert (await eve.put("/asset-links", link)).status_code == 200
    for day, close in ((MONDAY - timedelta(days=3), "100.00"), (MONDAY, "110.00")):
        assert (await eve.put(f"/assets/{asset_id}/prices/{day}", {"close": close})).is_success
    depot = await a_depot(eve, "1000.00")
    await done(eve, depot, symbol="EDGE")
    return eve, await a_portfolio_of(eve, depot), asset_id


@pytest.mark.parametrize(("zone", "at", "today"), EDGES)
async def test_a_portfolio_s_day_ends_at_midnight_where_its_owner_lives(
    place: tuple[Person, str, str], zone: str, at: str, today: date
) -> None:
    eve, path, asset_id = place
    await eve.patch("/users/me", {"time_zone": zone})

    with time_machine.travel(datetime.fromisoformat(at), tick=True):
        positions = await signed_in_again(eve, f"{path}/positions")
        values = await signed_in_again(eve, f"{path}/values?period=1m")
        performance = await signed_in_again(eve, f"{path}/performance?period=1m")
        worth = await signed_in_again(eve, f"{path}/allocation")
        quoted = await signed_in_again(eve, f"/assets/{asset_id}")

    value = "1100.00" if today == MONDAY else "1000.00"
    assert (positions["as_of"], positions["total_value"]) == (str(today), value)
    assert (values["values"][-1]["date"], values["values"][-1]["value"]) == (str(today), value)
    assert (performance["end_date"], performance["end_value"]) == (str(today), value)
    assert (worth["as_of"], worth["total_value"]) == (str(today), value)
    assert quoted["price"] == ("110.00" if today == MONDAY else "100.00")
    assert positions["data_quality"]["stale_prices"] == []


async def test_a_price_is_stale_once_its_own_exchange_has_traded_without_it(
    service: httpx.AsyncClient,
) -> None:
    """Thursday 27 November 2025 was Thanksgiving in New York, and none in London."""
    eve, wednesday = await settle(service, "thankful"), date(2025, 11, 26)
    depot = await a_depot(eve, "10000.00")
    for symbol, exchange in (("NYC", "NASDAQ"), ("LDN", "XLON")):
        asset_id = await asset_of(eve, symbol=symbol, currency="USD", exchange=exchange)
        link = {"symbol": symbol, "currency": "USD", "asset_id": asset_id}
        assert (await eve.put("/asset-links", link)).is_success
        assert (await eve.put(f"/assets/{asset_id}/prices/{wednesday}", {"close": "1"})).is_success
        await done(eve, depot, "2025-11-26", symbol=symbol, unit_price="1")
    path = await a_portfolio_of(eve, depot)

    with time_machine.travel(datetime(2025, 11, 28, 12, tzinfo=UTC), tick=True):
        told = await signed_in_again(eve, f"{path}/positions")

    stale = [{"symbol": "LDN", "price_date": str(wednesday)}]
    assert told["data_quality"]["stale_prices"] == stale


async def signed_in_again(eve: Person, where: str) -> Any:
    """What is answered now, wherever in time that is."""
    credentials = {"email": eve.email, "password": PASSWORD}
    token = (await eve.client.post("/sessions", json=credentials)).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    return (await eve.client.get(where, headers=headers)).json()
