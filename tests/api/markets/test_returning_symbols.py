"""An asset that had another symbol for a while, and then its own again."""

import pytest

from tests.market_examples import asset_of
from tests.people import Person
from tests.priced_assets import asked, keep, wave, weekdays

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_series_is_whole_when_the_first_symbol_comes_back(eve: Person) -> None:
    closes, days = wave(45, seed=3), weekdays(45)
    own, other = await asset_of(eve, symbol="OWN"), await asset_of(eve, symbol="OTHER")
    for asset_id, begin in ((own, 0), (other, 15), (own, 30)):
        await keep(eve, asset_id, closes[begin : begin + 15], days[begin])
    for old, new, begin in ((own, other, 15), (other, own, 30)):
        change = {"date": str(days[begin]), "kind": "symbol_change", "new_asset_id": new}
        assert (await eve.post(f"/assets/{old}/corporate-actions", change)).status_code == 201

    span = {"start_date": str(days[0]), "end_date": str(days[-1])}
    history = await asked(eve, f"/assets/{own}/prices", **span)
    matrix = await asked(eve, "/assets/correlations", asset_ids=own, **span)

    assert [each["close"] for each in history["prices"]] == closes
    assert history["former_symbols"] == ["OTHER", "OWN"]
    assert matrix["observations"] == 44
