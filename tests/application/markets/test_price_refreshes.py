import pytest

from coffers.application.markets import price_refreshes
from coffers.application.markets.price_refreshes import REFRESH_EVERY, turn_of
from coffers.domain.ids import new_id
from coffers.domain.ledger.holdings import AssetType
from coffers.domain.markets.assets import Asset
from tests.stores import NOON


def assets(count: int) -> list[Asset]:
    return [
        Asset(new_id(), None, f"S{number}", "", AssetType.OTHER, "EUR", NOON, NOON)
        for number in range(count)
    ]


def test_a_run_takes_all_when_they_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(price_refreshes, "MAX_REFRESHED", 3)

    assert len(turn_of(assets(3), NOON)) == 3


def test_runs_take_turns_when_there_are_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(price_refreshes, "MAX_REFRESHED", 3)
    many = assets(4)

    runs = [turn_of(many, NOON + number * REFRESH_EVERY) for number in range(2)]

    assert [len(run) for run in runs] == [3, 3]
    assert {asset.symbol for run in runs for asset in run} == {"S0", "S1", "S2", "S3"}
