"""Positions of a file were so on the file's day, wherever its owner lives."""

from datetime import date

import httpx
import pytest

from tests.people import settle
from tests.statements import imported, only_account, portfolio
from tests.trading import a_portfolio_of, done, positions

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
async def test_prices_are_of_that_day_and_what_is_entered_for_later_comes_on_top(
    service: httpx.AsyncClient, zone: str
) -> None:
    nia = await settle(service, f"archivist-{zone[8:12].lower()}")
    assert (await nia.patch("/users/me", {"time_zone": zone})).status_code == 200
    held = (("ACME", "10", "10.00"), ("IDLE", "3", "3.00"))
    await imported(nia, portfolio(*held, balance_day=date(2026, 1, 15)))
    account_id = (await only_account(nia))["id"]
    await done(nia, account_id, "2026-01-16", symbol="ACME", quantity="5", unit_price="2")

    found = await positions(nia, await a_portfolio_of(nia, account_id))

    assert found["ACME"]["quantity"] == "15.00000000"
    assert found["IDLE"]["market_price_date"] == "2026-01-15"
