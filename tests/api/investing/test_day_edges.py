"""Half an hour before and after midnight, where one lives."""

from datetime import date, datetime, timedelta
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
        signed = await eve.client.post("/sessions", json={"email": eve.email, "password": PASSWORD})
        headers = {"Authorization": f"Bearer {signed.json()['access_token']}"}

        async def told(where: str) -> Any:
            return (await eve.client.get(where, headers=headers)).json()

        positions = await told(f"{path}/positions")
        values = await told(f"{path}/values?period=1m")
        performance = await told(f"{path}/performance?period=1m")
        worth = await told(f"{path}/allocation")
        quoted = await told(f"/assets/{asset_id}")

    value = "1100.00" if today == MONDAY else "1000.00"
    assert (positions["as_of"], positions["total_value"]) == (str(today), value)
    assert (values["values"][-1]["date"], values["values"][-1]["value"]) == (str(today), value)
    assert (performance["end_date"], performance["end_value"]) == (str(today), value)
    assert (worth["as_of"], worth["total_value"]) == (str(today), value)
    assert quoted["price"] == ("110.00" if today == MONDAY else "100.00")
    assert positions["data_quality"]["stale_prices"] == []
