"""What one request may ask: up to its bound it is answered, beyond it refused."""

from datetime import timedelta
from typing import Any, Final

import pytest

from coffers.application.investing import positions, series
from coffers.application.markets.correlations import MAX_DAYS
from coffers.infrastructure.db.investing import ledgers
from coffers.presentation.api.investing.performance import MAX_MONTHS, MAX_PATHS, MAX_SHOCKS
from tests.api.investing.conftest import TODAY
from tests.market_examples import an_asset
from tests.people import Person

pytestmark = pytest.mark.asyncio(loop_scope="module")

PLAN: Final = {"mean": "0.05", "deviation": "0.1", "months": 1, "paths": 1}
#: One too many.
SHOCKS: Final = [
    {"by": "asset", "name": f"S{number}", "change": "-0.1"} for number in range(MAX_SHOCKS + 1)
]


@pytest.mark.parametrize("name", ["correlations", "{asset}/metrics", "{asset}/indicators"])
async def test_assets_are_analysed_over_ten_years(path: tuple[Person, str], name: str) -> None:
    person, _ = path
    place = f"/assets/{name}".replace("/assets/{asset}", await an_asset(person))

    for more, status in ((-1, 200), (0, 422)):
        days = {"start_date": str(TODAY - timedelta(days=MAX_DAYS + more)), "end_date": str(TODAY)}
        asked = days | ({"names": "sma_20"} if name.endswith("indicators") else {})
        assert (await person.get(place, params=asked)).status_code == status


@pytest.mark.parametrize(
    ("name", "fits", "too_much"),
    [
        ("simulations", PLAN, PLAN | {"paths": MAX_PATHS + 1}),
        ("simulations", PLAN | {"months": MAX_MONTHS}, PLAN | {"months": MAX_MONTHS + 1}),
        ("scenarios", {"shocks": SHOCKS[:-1]}, {"shocks": SHOCKS}),
    ],
)
async def test_chances_and_shocks_are_counted(
    path: tuple[Person, str], name: str, fits: Any, too_much: Any
) -> None:
    person, place = path

    assert (await person.post(f"{place}/{name}", fits)).is_success
    assert (await person.post(f"{place}/{name}", too_much)).status_code == 422


@pytest.mark.parametrize("name", ["values", "performance", "risk", "risk/rolling"])
async def test_series_are_of_so_many_days(
    path: tuple[Person, str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, place = path
    asked = f"{place}/{name}?start_date={TODAY - timedelta(days=40)}"

    # From the end of the first day to the end of the last: 41 days.
    monkeypatch.setattr(series, "MAX_DAYS", 41)
    assert (await person.get(asked)).status_code == 200
    monkeypatch.setattr(series, "MAX_DAYS", 40)
    assert (await person.get(asked)).status_code == 422


async def test_so_many_lots_are_explained(
    path: tuple[Person, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    person, place = path

    monkeypatch.setattr(positions, "MAX_EXPLAINED_LOTS", 2)
    assert (await person.get(f"{place}/positions?explain=true")).status_code == 200
    monkeypatch.setattr(positions, "MAX_EXPLAINED_LOTS", 1)
    assert (await person.get(f"{place}/positions?explain=true")).status_code == 422


@pytest.mark.parametrize("name", ["positions", "allocation", "correlations"])
async def test_a_portfolio_is_made_of_so_many_movements(
    path: tuple[Person, str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, place = path

    monkeypatch.setattr(ledgers, "MAX_ROWS", 6)
    assert (await person.get(f"{place}/{name}")).status_code == 200
    monkeypatch.setattr(ledgers, "MAX_ROWS", 5)
    assert (await person.get(f"{place}/{name}")).status_code == 422
