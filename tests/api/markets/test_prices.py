from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from coffers.domain.markets.prices import MAX_BARS
from coffers.presentation.api.markets.prices import MAX_PRICES
from tests.api.conftest import newcomer
from tests.market_examples import asset_of
from tests.people import Person

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def history(person: Person, asset_id: str, **query: str) -> Any:
    defaults = {"start_date": "2026-01-01", "end_date": "2026-03-31"}
    answer = await person.get(f"/assets/{asset_id}/prices", params=defaults | query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def keep(person: Person, asset_id: str, **closes: str) -> None:
    """Closes by day of January: `d05="10"`."""
    days = [{"date": f"2026-01-{day[1:]}", "close": close} for day, close in closes.items()]
    answer = await person.post(f"/assets/{asset_id}/prices", {"prices": days})
    assert answer.status_code == 201, answer.text


async def upload(person: Person, text: str, **form: str) -> httpx.Response:
    files = {"file": ("prices.csv", text.encode())}
    return await person.post("/price-uploads", files=files, data=form)


async def test_a_manual_price_takes_the_place_of_the_one_before(eve: Person) -> None:
    asset_id = await asset_of(eve)
    path = f"/assets/{asset_id}/prices/2026-01-30"

    await eve.put(path, {"close": "10"})
    kept = await eve.put(path, {"close": "11.5", "high": "12", "volume": "3.50"})

    assert kept.json()["close"] == "11.50"
    assert (await eve.get(path)).json() == kept.json()
    assert (kept.json()["source"], kept.json()["volume"]) == ("manual", "3.5")
    assert (await eve.delete(path)).status_code == 204
    assert (await eve.get(path)).status_code == 404
    assert (await eve.delete(path)).status_code == 404


@pytest.mark.parametrize(
    ("day", "price", "field"),
    [
        ("2026-01-30", {"close": "0"}, "close"),
        ("2026-01-30", {"close": "-1"}, "close"),
        ("2026-01-30", {"close": "1000000000000.01"}, "close"),
        ("2026-01-30", {"close": "10", "high": "9"}, "high"),
        ("2030-01-30", {"close": "10"}, "date"),
        ("yesterday", {"close": "10"}, "price_date"),
    ],
)
async def test_a_price_that_cannot_be_is_refused(
    eve: Person, day: str, price: dict[str, str], field: str
) -> None:
    answer = await eve.put(f"/assets/{await asset_of(eve)}/prices/{day}", price)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


async def test_ten_shares_at_216_after_two_splits_are_worth_14_40_each(eve: Person) -> None:
    """VECTORS: 10 @216, then 5:1 and 3:1: each applied exactly once, whatever is asked."""
    asset_id = await asset_of(eve)
    await keep(eve, asset_id, d05="216", d06="43.2", d07="14.4")
    for day, ratio in (("2026-01-06", "5"), ("2026-01-07", "3")):
        action = {"date": day, "kind": "split", "ratio": ratio}
        made = await eve.post(f"/assets/{asset_id}/corporate-actions", action)
        assert made.status_code == 201, made.text

    told = await history(eve, asset_id)
    raw = await history(eve, asset_id, adjustment="none")
    early = await history(eve, asset_id, end_date="2026-01-05")

    assert [each["close"] for each in told["prices"]] == ["14.40"] * 3
    assert [each["close"] for each in raw["prices"]] == ["216.00", "43.20", "14.40"]
    assert [each["close"] for each in early["prices"]] == ["14.40"]
    assert (len(told["adjusted_for"]), raw["adjusted_for"]) == (2, [])
    assert Decimal(150) * Decimal(told["prices"][0]["close"]) == Decimal(2160)


async def test_weeks_and_months_have_their_first_open_and_last_close(eve: Person) -> None:
    asset_id = await asset_of(eve)
    bar = {"open": "9", "high": "12", "low": "8", "volume": "100"}
    days = ["2026-01-29", "2026-01-30", "2026-02-02"]
    prices = [
        {"date": day, "close": str(10 + number), **bar, "high": str(12 + number)}
        for number, day in enumerate(days)
    ]
    await eve.post(f"/assets/{asset_id}/prices", {"prices": prices})

    weeks = (await history(eve, asset_id, frequency="week"))["prices"]
    months = (await history(eve, asset_id, frequency="month"))["prices"]

    assert (
        [each["date"] for each in weeks]
        == ["2026-01-30", "2026-02-02"]
        == [each["date"] for each in months]
    )
    first = weeks[0]
    assert (first["open"], first["high"], first["low"], first["close"]) == (
        *("9.00", "13.00", "8.00", "11.00"),
    )
    assert first["volume"] == "200"


async def test_what_is_not_told_of_every_day_is_null_for_the_week(eve: Person) -> None:
    asset_id = await asset_of(eve)
    days = [
        {"date": "2026-01-05", "close": "9", "high": "10"},
        {"date": "2026-01-06", "close": "8"},
    ]
    await eve.post(f"/assets/{asset_id}/prices", {"prices": days})

    (week,) = (await history(eve, asset_id, frequency="week"))["prices"]

    assert (week["open"], week["high"], week["volume"], week["close"]) == (None, None, None, "8.00")


async def test_a_history_goes_on_under_the_new_symbol(eve: Person) -> None:
    before, after = await asset_of(eve, symbol="FB"), await asset_of(eve, symbol="META")
    await keep(eve, before, d05="10", d06="11")
    await keep(eve, after, d07="12")
    change = {"date": "2026-01-07", "kind": "symbol_change", "new_asset_id": after}
    await eve.post(f"/assets/{before}/corporate-actions", change)

    told = await history(eve, after)

    assert [each["close"] for each in told["prices"]] == ["10.00", "11.00", "12.00"]
    assert told["former_symbols"] == ["FB"]


async def test_the_end_of_a_history_is_not_before_its_start(eve: Person) -> None:
    path = f"/assets/{await asset_of(eve)}/prices"

    answer = await eve.get(path, params={"start_date": "2026-02-01", "end_date": "2026-01-01"})

    assert answer.status_code == 400


async def test_a_file_with_a_bad_row_keeps_nothing_and_names_each(eve: Person) -> None:
    asset_id = await asset_of(eve, symbol="WINE")
    text = "Symbol,Date,Close,High\nWINE,2026-01-05,10,\nWINE,2026-01-06,0,\nNONE,2026-01-05,1,\n"

    refused = await upload(eve, text)

    assert refused.status_code == 422
    told = [(each["field"], each["code"]) for each in refused.json()["errors"]]
    assert told == [("row 2.close", "price_invalid"), ("row 3.symbol", "price_invalid")]
    assert (await history(eve, asset_id))["total_count"] == 0


async def test_a_file_of_many_symbols_is_kept_whole(eve: Person) -> None:
    wine, beer = await asset_of(eve, symbol="WINE"), await asset_of(eve, symbol="BEER")
    text = "\ufeffsymbol;date;open;high;low;close;adj close;volume\n" + "".join(
        f"{symbol};2026-01-0{day};9;11;8;10;7;100\n"
        for symbol in ("WINE", "beer")
        for day in (5, 6)
    )

    kept = await upload(eve, text)

    assert kept.json() == {
        "kept_count": 4,
        "asset_count": 2,
        "start_date": "2026-01-05",
        "end_date": "2026-01-06",
    }
    for asset_id in (wine, beer):
        prices = (await history(eve, asset_id))["prices"]
        assert [(each["close"], each["source"]) for each in prices] == [("10.00", "upload")] * 2


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("", "lacks"),
        ("date,price,fancy\n", "not known"),
        ("date,close\n2026-01-05,1,2\n", "cells"),
        ("date,close\n05.01.2026,1\n", "cells"),
        ("date,close\n2026-01-05,1e3\n", "cells"),
        ("date,close\n2026-01-05,\n", "cells"),
        ("date,close,close\n", "twice"),
        ('date,close\n"2026-01-05,1\n', "not CSV"),
        ("date,close\n2026-01-05,1\n2026-01-05,2\n", "cannot be kept"),
        ("date,close\n", "between 1 and"),
        ("date,close\n" + "\n".join(["2026-01-05,1"] * (MAX_BARS + 1)), "between 1 and"),
    ],
)
async def test_a_file_that_is_none_is_refused(ada: Person, text: str, detail: str) -> None:
    answer = await upload(ada, text, asset_id=await asset_of(ada))

    assert answer.status_code == 422
    assert detail in answer.json()["detail"]


async def test_a_file_in_another_encoding_is_refused(ada: Person) -> None:
    files = {"file": ("prices.csv", b"date,close\n2026-01-05,\xff\n")}

    answer = await ada.post("/price-uploads", files=files)

    assert answer.status_code == 422


async def test_prices_of_many_assets_come_in_one_body(eve: Person) -> None:
    wine, beer = await asset_of(eve, symbol="WINE"), await asset_of(eve, symbol="BEER")
    prices = [
        {"symbol": "WINE", "date": "2026-01-05", "close": "10"},
        {"asset_id": beer, "date": "2026-01-05", "close": "11"},
    ]

    kept = await eve.post("/prices", {"prices": prices})
    refused = await eve.post("/prices", {"prices": [*prices, {**prices[0], "high": "9"}]})

    assert kept.json()["asset_count"] == 2
    assert (await history(eve, wine))["total_count"] == 1
    assert [each["field"] for each in refused.json()["errors"]] == ["row 3.date"]


async def test_a_body_has_at_most_so_many_prices(ada: Person) -> None:
    price = {"symbol": "WINE", "date": "2026-01-05", "close": "10"}

    answer = await ada.post("/prices", {"prices": [price] * (MAX_PRICES + 1)})

    assert answer.status_code == 422


async def test_the_latest_prices_of_many_symbols_come_in_one_call(eve: Person) -> None:
    admin = await newcomer(eve.client, "librarian", "admin")
    shared = await asset_of(admin, symbol="WINE", is_shared=True)
    await keep(admin, shared, d05="99")
    await asset_of(eve, symbol="NONE")
    own = await asset_of(eve, symbol="WINE")
    await keep(eve, own, d05="10", d06="11")

    told = (await eve.get("/prices?symbols=none,WINE,what,wine")).json()

    assert [each["symbol"] for each in told["prices"]] == ["NONE", "WINE"]
    assert [each["price"] for each in told["prices"]] == [None, "11.00"]
    assert told["prices"][1]["asset_id"] == own
    assert (told["total_count"], told["unknown_symbols"]) == (2, ["WHAT"])


async def test_at_most_so_many_symbols_come_in_one_call(ada: Person) -> None:
    symbols = ",".join(f"S{number}" for number in range(501))

    assert (await ada.get("/prices", params={"symbols": symbols})).status_code == 422


async def test_a_source_never_overwrites_what_a_person_told(eve: Person) -> None:
    asset_id = await asset_of(eve)
    today = datetime.now(UTC).date() - timedelta(days=1)
    await eve.put(f"/assets/{asset_id}/prices/{today}", {"close": "10"})

    assert (await eve.get(f"/assets/{asset_id}")).json()["price_source"] == "manual"


async def test_an_action_is_corrected_and_forgotten(eve: Person) -> None:
    asset_id = await asset_of(eve)
    await keep(eve, asset_id, d05="100", d06="50")
    path = f"/assets/{asset_id}/corporate-actions"
    made = await eve.post(path, {"date": "2026-01-06", "kind": "split", "ratio": "4"})
    again = await eve.post(path, {"date": "2026-01-06", "kind": "split", "ratio": "2"})

    one = f"{path}/{made.json()['id']}"
    corrected = await eve.patch(one, {"ratio": "2"}, headers={"If-Match": made.headers["ETag"]})
    stale = await eve.patch(one, {"ratio": "3"}, headers={"If-Match": made.headers["ETag"]})
    closes = [each["close"] for each in (await history(eve, asset_id))["prices"]]
    gone = await eve.delete(one)

    assert again.json()["type"].endswith("/errors/corporate_action_known")
    assert corrected.json()["ratio"] == "2"
    assert stale.status_code == 412
    assert closes == ["50.00", "50.00"]
    assert gone.status_code == 204
    assert (await eve.get(one)).status_code == 404
    assert (await eve.get(path)).json() == {"corporate_actions": [], "total_count": 0}
