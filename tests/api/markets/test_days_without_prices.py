"""Analyses of days on which nothing was quoted."""

from datetime import timedelta

import pytest

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
