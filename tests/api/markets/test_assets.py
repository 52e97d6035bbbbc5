from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from coffers.presentation.api.markets.assets import MAX_Q
from tests.api.conftest import newcomer
from tests.ledgers import movement, position, reported_account
from tests.market_examples import asset_of
from tests.people import Person, sign_up
from tests.scripted import Script, ScriptedBank, connect, running_with, sync_all

pytestmark = pytest.mark.asyncio(loop_scope="module")

DRAFT = {"symbol": "WINE", "name": "Cellar Fund", "asset_type": "other", "currency": "EUR"}


async def found(person: Person, **query: Any) -> list[str]:
    answer = await person.get("/assets", params=query)
    assert answer.status_code == 200, answer.text
    return [each["symbol"] for each in answer.json()["assets"]]


async def test_an_asset_of_one_s_own_is_nobody_else_s(eve: Person) -> None:
    made = await eve.post("/assets", DRAFT | {"isin": "US0378331005", "exchange": "xetra"})
    mallory = await newcomer(eve.client, "mallory")

    asset = made.json()
    theirs = await mallory.get(f"/assets/{asset['id']}")

    assert made.headers["Location"] == f"/api/v1/assets/{asset['id']}"
    assert (asset["symbol"], asset["exchange"], asset["is_private"]) == ("WINE", "XETRA", True)
    assert (asset["price"], asset["is_stale"], asset["trading_calendar"]) == (
        None,
        None,
        "XETR",
    )
    assert theirs.status_code == 403
    assert await found(mallory, q="wine") == []


async def test_the_shared_catalogue_is_kept_by_administrators(eve: Person) -> None:
    admin = await newcomer(eve.client, "root", "admin")

    refused = await eve.post("/assets", DRAFT | {"is_shared": True})
    shared = await admin.post("/assets", DRAFT | {"is_shared": True, "symbol": "SHRD"})
    path = f"/assets/{shared.json()['id']}"

    assert refused.status_code == 403
    assert refused.json()["type"].endswith("/errors/asset_shared")
    assert (await eve.get(path)).json()["is_private"] is False
    for answer in (
        await eve.patch(path, {"name": "Mine"}),
        await eve.delete(path),
        await eve.put(f"{path}/prices/2026-01-30", {"close": "1"}),
        await eve.post(f"{path}/prices", {"prices": [{"date": "2026-01-30", "close": "1"}]}),
    ):
        assert answer.status_code == 403
    assert (await admin.patch(path, {"name": "Ours"})).json()["name"] == "Ours"
    assert (await admin.delete(path)).status_code == 204


async def test_a_symbol_is_taken_once_per_exchange_and_currency(eve: Person) -> None:
    await eve.post("/assets", DRAFT)

    same = await eve.post("/assets", DRAFT | {"symbol": "wine"})
    other = await eve.post("/assets", DRAFT | {"currency": "USD"})

    assert same.status_code == 409
    assert same.json()["type"].endswith("/errors/asset_taken")
    assert other.status_code == 201


async def test_one_symbol_of_the_shared_catalogue_is_taken_once_too(eve: Person) -> None:
    admin = await newcomer(eve.client, "keeper", "admin")
    await admin.post("/assets", DRAFT | {"is_shared": True, "symbol": "ONCE"})

    again = await admin.post("/assets", DRAFT | {"is_shared": True, "symbol": "ONCE"})

    assert again.status_code == 409


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("isin", "US0378331006"),
        ("cusip", "037833101"),
        ("figi", "BBG000B9XRY5"),
        ("market_cap", "-1"),
        ("multiplier", "0"),
        ("multiplier", "1000000.00000001"),
        ("multiplier", "0.000000001"),
        ("currency", "euro"),
        ("symbol", ""),
        ("symbol", "X" * 41),
        ("country", "usa"),
    ],
)
async def test_what_cannot_be_of_an_asset_is_refused(eve: Person, field: str, value: str) -> None:
    answer = await eve.post("/assets", DRAFT | {field: value})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field


async def test_a_search_ranks_symbol_prefix_identifier_and_words_of_the_name(eve: Person) -> None:
    for symbol, name, isin in (
        ("PEAR", "Fruit of the Tree", None),
        ("PEARL", "Diving Company", None),
        ("ORCH", "The Pear Orchard", None),
        ("SPPEAR", "Compear Tools", None),
        ("ISIN", "Identified", "US0378331005"),
    ):
        await eve.post("/assets", DRAFT | {"symbol": symbol, "name": name, "isin": isin})

    assert await found(eve, q="pear") == ["PEAR", "PEARL", "ORCH", "SPPEAR"]
    assert await found(eve, q="us0378331005") == ["ISIN"]
    assert await found(eve, q="orchard the") == ["ORCH"]
    assert await found(eve, q="%") == []
    assert (await eve.get("/assets", params={"q": "x" * (MAX_Q + 1)})).status_code == 422


async def test_assets_are_filtered_and_paged(eve: Person) -> None:
    for number in range(3):
        await asset_of(eve, symbol=f"P{number}", sector="Wine", exchange="NYSE")
    await asset_of(eve, symbol="Q0", asset_type="equity", currency="USD")

    assert await found(eve, sector="Wine", exchange="nyse", currency="EUR") == ["P0", "P1", "P2"]
    assert await found(eve, asset_type="equity") == ["Q0"]
    first = (await eve.get("/assets?limit=3&is_private=true")).json()
    rest = (await eve.get(f"/assets?limit=3&is_private=true&cursor={first['next_cursor']}")).json()
    assert [each["symbol"] for each in first["assets"] + rest["assets"]] == ["P0", "P1", "P2", "Q0"]
    assert (first["total_count"], rest["next_cursor"]) == (4, None)
    assert (await eve.get("/assets?asset_type=gold")).status_code == 422


async def test_an_asset_is_changed_by_whoever_read_it_last(eve: Person) -> None:
    path = f"/assets/{await asset_of(eve, sector='Wine')}"
    tag = (await eve.get(path)).headers["ETag"]

    changed = await eve.patch(path, {"sector": None, "country": "FR"}, headers={"If-Match": tag})
    stale = await eve.patch(path, {"country": "IT"}, headers={"If-Match": tag})

    assert (changed.json()["sector"], changed.json()["country"]) == (None, "FR")
    assert stale.status_code == 412
    assert (await eve.get(path, headers={"If-None-Match": tag})).status_code == 200


async def test_an_answer_that_is_known_already_is_not_sent_again_until_a_price_comes(
    eve: Person,
) -> None:
    path = f"/assets/{await asset_of(eve)}"
    tag = (await eve.get(path)).headers["ETag"]

    same = await eve.get(path, headers={"If-None-Match": tag})
    await eve.put(f"{path}/prices/2026-01-30", {"close": "10"})
    priced = await eve.get(path, headers={"If-None-Match": tag})

    assert same.status_code == 304
    assert priced.json()["price"] == "10.00"


async def test_a_deleted_asset_takes_its_prices_along(eve: Person) -> None:
    path = f"/assets/{await asset_of(eve)}"
    await eve.put(f"{path}/prices/2026-01-30", {"close": "10"})

    assert (await eve.delete(path)).status_code == 204
    assert (await eve.get(path)).status_code == 404


async def test_the_quote_compares_with_the_close_before_in_units_after_a_split(
    eve: Person,
) -> None:
    asset_id = await asset_of(eve, exchange="NYSE")
    today = datetime.now(UTC).date()
    before, last = today - timedelta(days=2), today - timedelta(days=1)
    bar = {"open": "43", "high": "44", "low": "42", "close": "43.2", "volume": "1000"}
    days = [{"date": str(before), "close": "210"}, {"date": str(last), **bar}]
    await eve.post(f"/assets/{asset_id}/prices", {"prices": days})
    action = {"date": str(last), "kind": "split", "ratio": "5"}
    await eve.post(f"/assets/{asset_id}/corporate-actions", action)

    asset = (await eve.get(f"/assets/{asset_id}")).json()

    assert (asset["price"], asset["previous_close"]) == ("43.20", "42.00")
    assert (asset["change"], asset["change_percent"]) == ("1.20", 2.86)
    assert (asset["day_open"], asset["day_high"], asset["day_low"]) == ("43.00", "44.00", "42.00")
    assert (asset["volume"], asset["price_source"]) == ("1000", "upload")
    assert (asset["price_date"], asset["is_stale"]) == (str(last), False)
    assert asset["last_price_update"].endswith("Z")


async def test_an_old_price_says_how_many_trading_days_it_missed(eve: Person) -> None:
    asset_id = await asset_of(eve)
    long_ago = datetime.now(UTC).date() - timedelta(days=15)
    await eve.put(f"/assets/{asset_id}/prices/{long_ago}", {"close": "10"})

    asset = (await eve.get(f"/assets/{asset_id}")).json()

    assert asset["is_stale"] is True
    assert asset["missed_trading_days"] in {9, 10}


async def test_what_the_ledger_holds_is_linked_once_synced_and_unknown_symbols_are_made(
    settings: Any,
) -> None:
    script = Script()
    async with running_with(settings, ScriptedBank(script)) as client:
        holder, admin = await sign_up(client, "holder"), await sign_up(client, "admin", "admin")
        known = DRAFT | {"symbol": "KNWN", "currency": "USD", "is_shared": True}
        shared = (await admin.post("/assets", known)).json()["id"]
        own = (await holder.post("/assets", DRAFT | {"symbol": "OWN", "currency": "USD"})).json()
        script.accounts.append(reported_account("a1"))
        held = ("KNWN", "OWN", "NEW")
        script.holdings["a1"] = [position(symbol) for symbol in held]
        traded = movement("t1", symbol="SOLD", security_name="Sold Inc.")
        script.pages["a1"] = [[traded]]

        await sync_all(holder, await connect(holder))
        links = (await holder.get("/asset-links")).json()["asset_links"]

        meant = {each["symbol"]: each["asset_id"] for each in links}
        assert set(meant) == {"KNWN", "OWN", "NEW", "SOLD"}
        assert (meant["KNWN"], meant["OWN"]) == (shared, own["id"])
        made = (await holder.get(f"/assets/{meant['SOLD']}")).json()
        assert (made["name"], made["asset_type"], made["is_private"]) == (
            "Sold Inc.",
            "other",
            True,
        )
        assert (await admin.delete(f"/assets/{shared}")).status_code == 409
        relinked = {"symbol": "KNWN", "currency": "USD", "asset_id": own["id"]}
        assert (await holder.put("/asset-links", relinked)).json() == relinked
        assert (await admin.delete(f"/assets/{shared}")).status_code == 204


async def test_a_link_to_what_somebody_else_has_is_refused(eve: Person) -> None:
    mallory = await newcomer(eve.client, "mallory-2")
    link = {"symbol": "AAPL", "currency": "USD", "asset_id": await asset_of(mallory)}

    assert (await eve.put("/asset-links", link)).status_code == 403


async def test_the_events_tell_what_became_of_an_asset(eve: Person) -> None:
    asset_id = await asset_of(eve)
    await eve.patch(f"/assets/{asset_id}", {"name": "Other"})
    await eve.delete(f"/assets/{asset_id}")

    changes = (await eve.get("/changes")).json()["changes"]

    names = [each["name"] for each in changes if "Asset" in each["name"]]
    assert names[-3:] == ["AssetCreated", "AssetChanged", "AssetDeleted"]
