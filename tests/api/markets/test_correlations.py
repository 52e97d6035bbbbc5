import numpy as np
import pytest

from coffers.application.markets import correlations as correlated
from tests.api.conftest import newcomer
from tests.market_examples import asset_of
from tests.people import Person
from tests.priced_assets import YEAR, asked, keep, priced, wave, weekdays

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_correlations_are_those_of_numpy(eve: Person) -> None:
    closes = [wave(50, seed=seed) for seed in (1, 2, 3)]
    ids = [await priced(eve, each, symbol=f"S{place}") for place, each in enumerate(closes)]

    by_id = await asked(eve, "/assets/correlations", asset_ids=",".join(ids), **YEAR)
    by_symbol = await asked(eve, "/assets/correlations", symbols="s0,S1,S2", **YEAR)

    prices = np.array([[float(close) for close in each] for each in closes])
    expected = np.corrcoef(prices[:, 1:] / prices[:, :-1] - 1)
    told = np.array([[float(value) for value in row] for row in by_id["matrix"]])
    assert np.abs(told - expected).max() < 1e-6
    assert by_symbol["matrix"] == by_id["matrix"]
    assert by_id["observations"] == 49


async def test_an_asset_that_covers_too_little_is_left_out_and_told(eve: Person) -> None:
    long = [await priced(eve, wave(50, seed=seed)) for seed in (1, 2)]
    short, flat = await priced(eve, wave(10, seed=3)), await priced(eve, ["5"] * 50)
    ids = [*long, short, flat]

    told = await asked(eve, "/assets/correlations", asset_ids=",".join(ids), **YEAR)

    assert told["observations"] == 49
    assert [each["coverage_ratio"] for each in told["assets"]] == ["1.0000"] * 2 + [
        "0.2000",
        "1.0000",
    ]
    assert told["assets"][2]["reason"] == "It has a price on fewer than half of the days."
    assert told["assets"][3]["reason"] == "Its price never changed."
    assert told["matrix"][0][2] is None
    assert told["matrix"][0][1] is not None


async def test_correlations_of_what_is_not_there_are_refused(ada: Person) -> None:
    mallory = await newcomer(ada.client, "mallory")
    theirs = await asset_of(mallory)

    unknown = await asked(ada, "/assets/correlations", 404, symbols="NONE,NEITHER")
    assert unknown["detail"] == "Of these symbols no asset is known: NONE, NEITHER."
    await asked(ada, "/assets/correlations", 403, asset_ids=theirs)
    for wish in ({"asset_ids": "x"}, {"asset_ids": ""}, {"symbols": ""}, {"symbols": " ,"}):
        await asked(ada, "/assets/correlations", 422, **wish)
    nothing = await asked(ada, "/assets/correlations")
    assert (nothing["matrix"], nothing["observations"]) == ([], 0)


async def test_a_matrix_has_at_most_so_many_assets(
    ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(correlated, "MAX_ASSETS", 1)
    ids = [await asset_of(ada), await asset_of(ada)]

    await asked(ada, "/assets/correlations", 200, asset_ids=ids[0])
    await asked(ada, "/assets/correlations", 422, asset_ids=",".join(ids))


async def test_a_series_goes_on_under_its_new_symbol(eve: Person) -> None:
    closes = [wave(50, seed=seed) for seed in (1, 2)]
    whole = await priced(eve, closes[0])
    old, new = await priced(eve, closes[1][:30]), await asset_of(eve)
    changed = weekdays(31)[-1]
    await keep(eve, new, closes[1][30:], changed)
    # What the old symbol was quoted at afterwards is somebody else's.
    await keep(eve, old, ["1.00"], changed)
    action = {"date": str(changed), "kind": "symbol_change", "new_asset_id": new}
    assert (await eve.post(f"/assets/{old}/corporate-actions", action)).status_code == 201

    told = await asked(eve, "/assets/correlations", asset_ids=f"{whole},{new}", **YEAR)

    prices = np.array([[float(close) for close in each] for each in closes])
    expected = np.corrcoef(prices[:, 1:] / prices[:, :-1] - 1)
    assert told["observations"] == 49
    assert abs(float(told["matrix"][0][1]) - expected[0, 1]) < 1e-6
