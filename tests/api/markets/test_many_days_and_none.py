"""Days on which nothing was quoted, and more days than are read at once."""

from datetime import timedelta

import pytest

from coffers.application.markets import price_histories
from coffers.infrastructure.db.markets import price_series
from tests.people import Person
from tests.priced_assets import asked, priced, wave, weekdays

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_weekend_has_no_indicators_and_is_not_called_a_lack_of_history(eve: Person) -> None:
    asset_id = await priced(eve, wave(5, seed=4))
    saturday, sunday = (weekdays(5)[-1] + timedelta(days=each) for each in (1, 2))
    weekend = {"start_date": str(saturday), "end_date": str(sunday)}

    told = await asked(eve, f"/assets/{asset_id}/indicators", names="sma_2", **weekend)

    assert (told["dates"], told["indicators"][0]["lines"]) == ([], {"sma_2": []})
    assert told["indicators"][0]["reason"] == "No price is known of any of these days."


async def test_old_prices_are_read_however_many_came_since(
    eve: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(price_series, "MAX_UNPAGED", 10)
    monkeypatch.setattr(price_histories, "MAX_UNPAGED", 10)
    monkeypatch.setattr(price_histories, "_STRETCH", timedelta(days=9))
    asset_id = await priced(eve, ["10"] * 10 + ["5"] * 11)
    days = [str(day) for day in weekdays(21)]
    split = {"date": days[10], "kind": "split", "ratio": "2"}
    await eve.post(f"/assets/{asset_id}/corporate-actions", split)
    path = f"/assets/{asset_id}/prices"

    old = await asked(eve, path, start_date=days[0], end_date=days[9])
    refused = await asked(eve, path, 422, start_date=days[0], end_date=days[10])

    assert [each["close"] for each in old["prices"]] == ["5.00"] * 10
    assert refused["detail"] == "More than 10 prices: choose a shorter range."
