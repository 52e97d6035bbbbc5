from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from coffers.application.markets.asset_links import NEW_PRICES
from coffers.application.markets.market_data import FAILURES_TO_REST
from coffers.application.markets.price_refreshes import REFRESH
from coffers.background import KINDS
from coffers.domain.ids import new_id
from coffers.domain.jobs import Job
from tests.conftest import running, settings_for
from tests.ledgers import position, reported_account
from tests.market_examples import asset_of
from tests.people import Person, sign_up
from tests.provider_upstream import serve
from tests.scripted import Script, ScriptedBank, connect, running_with, sync_all

TODAY = datetime.now(UTC).date()


def prices(*closes: object) -> Response:
    """Of the last days, up to yesterday."""
    first = TODAY - timedelta(days=len(closes))
    bars = [
        {"date": str(first + timedelta(days=count)), "close": close}
        for count, close in enumerate(closes)
    ]
    return JSONResponse({"prices": bars})


class Told:
    def __init__(self) -> None:
        self.answer: Response = prices("10", "11")
        self.requests = 0


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def origin(told: Told) -> Iterator[str]:
    async def answer(_: Request) -> Response:
        told.requests += 1
        return told.answer

    with serve(Starlette(routes=[Route("/prices", answer)])) as upstream:
        yield upstream.origin


@pytest.fixture
async def mia(database_url: str, tmp_path: Path, origin: str) -> AsyncIterator[Person]:
    """Somebody on each engine in turn, with the demo's prices and those of a server."""
    more = {
        "sandbox_url": "http://127.0.0.1:1",
        "price_source_url": origin,
        "price_sources": "demo,http,yahoo",
        "private_origins": origin,
    }
    async with running(settings_for(database_url, tmp_path, **more)) as client:
        yield await sign_up(client, "mia")


async def refresh(person: Person, asset_id: str, status: int = 201) -> Any:
    answer = await person.post(f"/assets/{asset_id}/price-refreshes")
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_the_first_source_that_knows_the_asset_tells_its_prices(mia: Person) -> None:
    demo = await asset_of(mia, symbol="TMKX", currency="USD", asset_type="etf")
    other = await asset_of(mia)

    invented, served = await refresh(mia, demo), await refresh(mia, other)

    assert (invented["source"], served["source"]) == ("demo", "http")
    assert invented["kept_count"] > 1_000
    assert [each["outcome"] for each in served["attempts"]] == ["unknown", "told"]
    assert (await mia.get(f"/assets/{other}")).json()["price"] == "11.00"
    actions = (await mia.get(f"/assets/{demo}/corporate-actions")).json()["corporate_actions"]
    assert {each["kind"] for each in actions} == {"dividend"}


async def test_refreshing_again_adds_nothing_twice(mia: Person) -> None:
    demo = await asset_of(mia, symbol="TMKX", currency="USD")
    await refresh(mia, demo)
    path = f"/assets/{demo}/corporate-actions"
    before = (await mia.get(path)).json()["total_count"]

    again = await refresh(mia, demo)

    assert again["kept_count"] < 10
    assert (await mia.get(path)).json()["total_count"] == before


async def test_what_cannot_be_believed_is_named_and_not_kept(mia: Person, told: Told) -> None:
    told.answer = prices("10", "0", "-1", "1001", "11")
    asset_id = await asset_of(mia)

    outcome = await refresh(mia, asset_id)

    assert (outcome["kept_count"], outcome["rejected_count"]) == (2, 3)
    history = (await mia.get(f"/assets/{asset_id}/prices")).json()
    assert [each["close"] for each in history["prices"]] == ["10.00", "11.00"]


async def test_a_source_never_overwrites_what_a_person_told(mia: Person) -> None:
    asset_id = await asset_of(mia)
    await mia.put(f"/assets/{asset_id}/prices/{TODAY - timedelta(days=1)}", {"close": "9"})

    await refresh(mia, asset_id)

    asset = (await mia.get(f"/assets/{asset_id}")).json()
    assert (asset["price"], asset["price_source"]) == ("9.00", "manual")


async def test_a_source_that_keeps_failing_is_left_alone_and_prices_stay(
    mia: Person, told: Told
) -> None:
    asset_id = await asset_of(mia)
    await refresh(mia, asset_id)
    told.answer = JSONResponse({"prices": "none"})
    others = [await asset_of(mia) for _ in range(FAILURES_TO_REST + 1)]

    refusals = [await refresh(mia, other, 502) for other in others]
    asked = told.requests
    (_, http, yahoo) = (await mia.get("/market-data/sources")).json()["sources"]

    assert refusals[0]["type"].endswith("/errors/price_sources_failed")
    assert asked == 1 + FAILURES_TO_REST
    assert (http["name"], http["state"], http["preference"]) == ("http", "resting", 2)
    assert http["failures_in_a_row"] == FAILURES_TO_REST
    assert http["last_success_at"] < http["last_failure_at"] < http["rests_until"]
    assert (yahoo["name"], yahoo["is_online"]) == ("yahoo", True)
    assert (await mia.get(f"/assets/{asset_id}")).json()["price"] == "11.00"


async def test_an_offer_of_nonsense_only_counts_as_a_failure(mia: Person, told: Told) -> None:
    told.answer = prices("0", "-1")

    refused = await refresh(mia, await asset_of(mia), 502)

    assert "believed" in refused["detail"]


async def test_what_no_source_knows_has_no_price(mia: Person, told: Told) -> None:
    told.answer = Response(status_code=404)

    outcome = await refresh(mia, await asset_of(mia))

    assert (outcome["source"], outcome["kept_count"]) == (None, 0)


async def test_everything_works_without_a_source(ada: Person) -> None:
    outcome = await refresh(ada, await asset_of(ada))

    assert outcome["source"] is None


async def test_a_background_job_refreshes_what_people_hold(
    database_url: str, tmp_path: Path
) -> None:
    script = Script()
    settings = settings_for(database_url, tmp_path, sandbox_url="http://127.0.0.1:1")
    async with running_with(settings, ScriptedBank(script)) as client:
        holder = await sign_up(client, "holder")
        script.accounts.append(reported_account("a1"))
        script.holdings["a1"] = [position("TMKX"), position("WHAT")]
        script.pages["a1"] = [[]]
        await sync_all(holder, await connect(holder))
        services = client.app.state.services  # type: ignore[attr-defined]  # set by `client_of`
        now = services.clock.now()

        assert NEW_PRICES in await services.job_queue.due(now)
        for kind in (NEW_PRICES, REFRESH):
            await KINDS[kind].run(services, Job(new_id(), kind, {}, now))

        told = (await holder.get("/prices?symbols=TMKX,WHAT")).json()["prices"]
        assert told[0]["price_source"] == "demo"
        assert told[1]["price"] is None
