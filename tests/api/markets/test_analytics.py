import itertools
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from coffers.application.markets.indicator_names import MAX_INDICATORS, MAX_WINDOW
from tests.market_examples import asset_of
from tests.people import Person
from tests.priced_assets import YEAR, asked, priced, wave, weekdays

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_indicators_come_as_columns_of_one_length(eve: Person) -> None:
    asset_id = await priced(eve, [str(number) for number in range(1, 31)])

    names = "sma_5,ema_5,rsi_14,macd_3_6_2,bollinger_5_2"
    told = await asked(eve, f"/assets/{asset_id}/indicators", names=names, **YEAR)

    lines = {each["name"]: each["lines"] for each in told["indicators"]}
    assert len(told["dates"]) == len(told["closes"]) == told["total_count"] == 30
    assert lines["sma_5"]["sma_5"][:5] == [None, None, None, None, "3.00000000"]
    assert lines["ema_5"]["ema_5"][5] == "4.00000000"
    assert lines["rsi_14"]["rsi_14"][-1] == "100.00000000"
    assert set(lines["macd_3_6_2"]) == {"macd", "signal", "histogram"}
    assert lines["bollinger_5_2"]["middle"] == lines["sma_5"]["sma_5"]
    assert told["data_quality"]["trading_calendar"] == "weekdays"


async def test_averages_look_back_before_the_first_day_that_is_shown(eve: Person) -> None:
    asset_id = await priced(eve, [str(number) for number in range(1, 31)])
    start = str(weekdays(30)[-2])

    told = await asked(
        eve,
        f"/assets/{asset_id}/indicators",
        names="sma_5",
        start_date=start,
        end_date="2026-03-31",
    )

    assert told["indicators"][0]["lines"]["sma_5"] == ["27.00000000", "28.00000000"]


async def test_what_needs_the_day_s_range_says_so_where_it_is_not_known(eve: Person) -> None:
    without = await priced(eve, ["10", "11"])
    known = await asset_of(eve)
    bars = [{"date": str(day), "close": "10", "high": "11", "low": "9"} for day in weekdays(20)]
    await eve.post(f"/assets/{known}/prices", {"prices": bars})
    names = "stochastic_14_3,williams_r_14,atr_14"

    missing = await asked(eve, f"/assets/{without}/indicators", names=names, **YEAR)
    told = await asked(eve, f"/assets/{known}/indicators", names=names, **YEAR)

    assert all(each["reason"] and not each["lines"] for each in missing["indicators"])
    stochastic, williams, atr = (each["lines"] for each in told["indicators"])
    assert (stochastic["k"][-1], stochastic["d"][-1]) == ("50.00000000", "50.00000000")
    assert williams["williams_r_14"][-1] == "-50.00000000"
    assert atr["atr_14"][-1] == "2.00000000"


async def test_an_indicator_without_enough_prices_says_so(eve: Person) -> None:
    asset = await priced(eve, [str(10 + day) for day in range(8)])

    found = await asked(eve, f"/assets/{asset}/indicators", names="sma_5,sma_9,macd_2_5_9", **YEAR)

    assert [each["reason"] for each in found["indicators"]] == [
        None,
        "8 prices are known: too few for sma_9.",
        "8 prices are known: too few for macd, signal, histogram.",
    ]


@pytest.mark.parametrize(
    "names",
    [
        "sma_0",
        f"sma_{MAX_WINDOW + 1}",
        "sma_20_20",
        "moon_14",
        "macd_26_12_9",
        ",",
        ",".join(f"sma_{number}" for number in range(1, MAX_INDICATORS + 2)),
        "SMA_20;DROP",
    ],
)
async def test_an_indicator_that_is_none_is_refused(ada: Person, names: str) -> None:
    path = f"/assets/{await asset_of(ada)}/indicators"

    assert (await asked(ada, path, 422, names=names))["errors"][0]["field"] == "names"


async def test_an_answer_covers_at_most_ten_years(ada: Person) -> None:
    asset_id = await asset_of(ada)
    ten_years = {"start_date": "2016-03-24", "end_date": "2026-03-31"}
    longer = ten_years | {"start_date": "2016-03-23"}

    for path, more in (
        (f"/assets/{asset_id}/indicators", {"names": "sma_20"}),
        (f"/assets/{asset_id}/metrics", {}),
        ("/assets/correlations", {"asset_ids": asset_id}),
    ):
        await asked(ada, path, 200, **ten_years, **more)
        await asked(ada, path, 422, **longer, **more)


async def test_the_metrics_of_a_published_series(eve: Person) -> None:
    """VECTORS: returns 1, 10, -4, 2, 3, 2, 1, -10 %, three times over (empyrical)."""
    price, closes = Decimal(100), ["100"]
    for percent in (1, 10, -4, 2, 3, 2, 1, -10) * 3:
        price *= 1 + Decimal(percent) / 100
        closes.append(format(round(price, 18), "f"))
    asset_id = await priced(eve, closes)

    told = await asked(eve, f"/assets/{asset_id}/metrics", **YEAR)

    returns = np.array([0.01, 0.1, -0.04, 0.02, 0.03, 0.02, 0.01, -0.1] * 3)
    sharpe = returns.mean() / returns.std(ddof=1) * np.sqrt(252)
    assert float(told["sharpe_ratio"]) == pytest.approx(sharpe, abs=1e-9)
    volatility = returns.std(ddof=1) * np.sqrt(252) * 100
    assert float(told["volatility_percent"]) == pytest.approx(volatility, abs=1e-6)
    assert float(told["max_drawdown"]["depth_percent"]) == pytest.approx(-10.0, abs=1e-6)
    assert told["observations"] == 24
    assert told["reason"] is None


async def test_what_never_fell_has_nothing_to_make_good(eve: Person) -> None:
    asset_id = await priced(eve, ["100", "101", "102"])

    fall = (await asked(eve, f"/assets/{asset_id}/metrics", **YEAR))["max_drawdown"]

    assert (fall["depth_percent"], fall["recovery_date"]) == ("0.000000", None)


async def test_returns_begin_at_the_last_close_on_or_before_their_day(eve: Person) -> None:
    asset_id = await asset_of(eve)
    closes = {
        "2025-03-31": "80",
        "2025-12-31": "90",
        "2026-02-27": "100",
        "2026-03-24": "110",
        "2026-03-30": "120",
        "2026-03-31": "126",
    }
    prices = [{"date": day, "close": close} for day, close in closes.items()]
    await eve.post(f"/assets/{asset_id}/prices", {"prices": prices})

    told = await asked(eve, f"/assets/{asset_id}/metrics", end_date="2026-03-31")

    returns = {each["period"]: each for each in told["returns"]}
    assert {name: each["return_percent"] for name, each in returns.items()} == {
        "day": "5.000000",
        "week": "14.545455",
        "month": "26.000000",
        "ytd": "40.000000",
        "year": "57.500000",
        "period": "57.500000",
    }
    assert returns["month"]["start_date"] == "2026-02-27"


async def test_a_split_and_a_dividend_are_no_return_of_their_own(eve: Person) -> None:
    asset_id = await priced(eve, ["100", "100", "49"])
    day = str(weekdays(3)[2])
    for action in ({"kind": "split", "ratio": "2"}, {"kind": "dividend", "amount": "1"}):
        await eve.post(f"/assets/{asset_id}/corporate-actions", {"date": day, **action})

    told = await asked(eve, f"/assets/{asset_id}/metrics", start_date="2026-01-05", end_date=day)

    assert {each["return_percent"] for each in told["returns"]} <= {"0.000000", None}


async def test_what_cannot_be_known_is_null_with_its_reason(eve: Person) -> None:
    asset_id = await priced(eve, ["100", "101"])
    empty = await asset_of(eve)

    few = await asked(eve, f"/assets/{asset_id}/metrics", benchmark_id=empty, **YEAR)
    none = await asked(eve, f"/assets/{empty}/metrics", **YEAR)

    assert (few["volatility_percent"], few["sharpe_ratio"]) == (None, None)
    assert "20" in few["reason"]
    assert few["benchmark"]["beta_ratio"] is None
    assert few["benchmark"]["reason"]
    assert few["data_quality"]["stale_prices"][0]["missed_trading_days"] > 50
    assert all(each["return_percent"] is None and each["reason"] for each in none["returns"])
    assert none["max_drawdown"] is None
    assert len(none["data_quality"]["missing_prices"]) == 1


async def test_beta_to_a_benchmark_is_on_the_days_that_both_have(eve: Person) -> None:
    market = [Decimal(each) for each in wave(50, seed=1)]
    doubled, price = ["100"], Decimal(100)
    for before, after in itertools.pairwise(market):
        price *= 1 + 2 * (after / before - 1)
        doubled.append(format(round(price, 12), "f"))
    benchmark = await priced(eve, [str(each) for each in market])
    asset_id = await priced(eve, doubled)

    told = await asked(eve, f"/assets/{asset_id}/metrics", benchmark_id=benchmark, **YEAR)

    assert float(told["benchmark"]["beta_ratio"]) == pytest.approx(2.0, abs=1e-6)
    assert float(told["benchmark"]["correlation_ratio"]) == pytest.approx(1.0, abs=1e-9)
    assert told["benchmark"]["observations"] == 49


async def test_the_overview_tells_indices_sectors_and_currencies(eve: Person) -> None:
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    index = await asset_of(eve, symbol="IDX", exchange="INDEX", sector="Market")
    up, down = await asset_of(eve, sector="Wine"), await asset_of(eve, sector="Wine")
    await asset_of(eve, sector="Wine", symbol="UNPRICED")
    old, ago = (
        await asset_of(eve, symbol="OLD", exchange="INDEX"),
        str(yesterday - timedelta(days=30)),
    )
    await eve.post(f"/assets/{old}/prices", {"prices": [{"date": ago, "close": "1"}]})
    for asset_id, close in ((index, "101"), (up, "102"), (down, "99")):
        days = [
            {"date": str(yesterday - timedelta(days=1)), "close": "100"},
            {"date": str(yesterday), "close": close},
        ]
        await eve.post(f"/assets/{asset_id}/prices", {"prices": days})

    told = await asked(eve, "/market-overview", base_currency="USD")

    assert [(each["symbol"], each["change_percent"]) for each in told["indices"]] == [
        ("IDX", 1.0),
        ("OLD", None),
    ]
    assert told["sectors"] == [
        {
            "sector": "Wine",
            "asset_count": 3,
            "priced_count": 2,
            "advancing_count": 1,
            "declining_count": 1,
            "average_change_percent": "0.50",
        }
    ]
    assert "USD" not in {each["currency"] for each in told["currencies"]}
    assert told["attribution"].startswith("European Central Bank")
    quality = told["data_quality"]
    assert (quality["coverage_ratio"], quality["missing_prices"]) == ("0.8000", ["UNPRICED"])
    assert [(each["symbol"], each["price_date"]) for each in quality["stale_prices"]] == [
        ("OLD", ago)
    ]
    unknown = [each["currency"] for each in told["currencies"] if each["rate"] is None]
    assert (quality["missing_rates"], quality["notes"]) == (unknown, [])


async def test_the_risk_free_rate_is_taken_off_the_return(eve: Person) -> None:
    path = f"/assets/{await priced(eve, wave(50, seed=1))}/metrics"

    plain = await asked(eve, path, **YEAR)
    less = await asked(eve, path, risk_free_percent="5", **YEAR)

    assert float(less["sharpe_ratio"]) < float(plain["sharpe_ratio"])
    await asked(eve, path, 422, risk_free_percent="1000.01")


async def test_one_price_alone_returned_nothing_that_is_known(eve: Person) -> None:
    asset_id = await priced(eve, ["10"])
    end = str(weekdays(1)[0] + timedelta(days=3))

    told = await asked(eve, f"/assets/{asset_id}/metrics", end_date=end)

    day = told["returns"][0]
    assert (day["period"], day["return_percent"]) == ("day", None)
    assert day["reason"] == f"No price is known after {weekdays(1)[0]}."


async def test_what_never_varied_has_a_reason_for_each_ratio_that_is_null(eve: Person) -> None:
    still, moving = await priced(eve, ["10"] * 30), await priced(eve, wave(30, seed=1))

    of_still = await asked(eve, f"/assets/{still}/metrics", benchmark_id=moving, **YEAR)
    of_moving = await asked(eve, f"/assets/{moving}/metrics", benchmark_id=still, **YEAR)

    assert (of_still["sharpe_ratio"], of_still["reason"]) == (None, "Its returns do not vary.")
    assert of_still["benchmark"]["correlation_ratio"] is None
    assert of_still["benchmark"]["reason"] == "Its returns do not vary."
    assert (of_moving["reason"], of_moving["benchmark"]["beta_ratio"]) == (None, None)
    assert of_moving["benchmark"]["reason"] == "The benchmark's returns do not vary."


async def test_what_costs_next_to_nothing_has_indicators_of_as_many_digits(eve: Person) -> None:
    asset_id = await priced(eve, ["0.0000081234", "0.0000081237", "0.0000081239"])

    told = await asked(eve, f"/assets/{asset_id}/indicators", names="sma_2", **YEAR)

    assert told["indicators"][0]["lines"]["sma_2"][1:] == ["0.000008123550", "0.000008123800"]
