"""The page that browsers are sent back to by default."""

import re
from html import unescape
from pathlib import Path

import httpx
import pytest

from tests.brokers import Broker, consent
from tests.conftest import running, settings_for
from tests.people import Person, settle, sign_in

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGE = "http://test/oauth/callback"


async def test_the_page_shows_what_to_send_and_sending_it_ends_the_link(saver: Person) -> None:
    begun = (await saver.post("/connections", {"provider_slug": "sandbox"})).json()
    back = await consent(begun["authorization_url"], "young-saver")

    page = await saver.client.get(PAGE, params=back)
    listed = await saver.get("/connections")
    (body,) = re.findall(r"\{.*\}", unescape(page.text.partition("<pre>")[2]))
    made = await saver.post(
        "/connections/callback", content=body, headers={"Content-Type": "application/json"}
    )

    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert listed.json()["total_count"] == 0
    assert made.status_code == 201


@pytest.mark.parametrize("field", ["code", "state", "error"])
async def test_whatever_the_address_says_is_text_on_the_page(
    client: httpx.AsyncClient, field: str
) -> None:
    hostile = '"></pre><script>alert(1)</script>{0}\\'
    query = {"code": "c", "state": "s"} if field != "error" else {}

    page = await client.get(PAGE, params=query | {field: hostile})

    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("query", "said"),
    [("error=access_denied&state=s", "access_denied"), ("", "nothing that"), ("code=c", "nothing")],
)
async def test_without_a_code_there_is_nothing_to_send(
    client: httpx.AsyncClient, query: str, said: str
) -> None:
    page = await client.get(f"{PAGE}?{query}")

    assert page.status_code == 200
    assert said in page.text
    assert "POST /api" not in page.text


async def test_parameters_that_a_provider_adds_do_no_harm(client: httpx.AsyncClient) -> None:
    page = await client.get(f"{PAGE}?code=c&state=s&session=x&iss=https%3A%2F%2Fbroker.example")

    assert page.status_code == 200
    assert "session" not in page.text


@pytest.mark.parametrize(("field", "most"), [("code", 2_000), ("state", 200), ("error", 200)])
async def test_it_shows_no_more_than_a_link_takes(
    client: httpx.AsyncClient, field: str, most: int
) -> None:
    fits = await client.get(PAGE, params={field: "x" * most})
    beyond = await client.get(PAGE, params={field: "x" * (most + 1)})

    assert (fits.status_code, beyond.status_code) == (200, 422)


async def test_it_needs_no_database_and_is_limited_as_everything_is(tmp_path: Path) -> None:
    nowhere = "postgresql+asyncpg://nobody@127.0.0.1:9/none"
    settings = settings_for(nowhere, tmp_path, limits={"ADDRESS": "2/1"})
    async with running(settings) as client:
        statuses = [(await client.get(f"{PAGE}?code=c&state=s")).status_code for _ in range(3)]

    assert statuses == [200, 200, 429]


@pytest.mark.usefixtures("recent_only")
async def test_a_link_begun_in_one_service_is_ended_in_another(
    broker: Broker, database_url: str, tmp_path: Path
) -> None:
    settings = settings_for(database_url, tmp_path, sandbox_url=broker.url)
    async with running(settings) as here, running(settings) as there:
        begins = await settle(here, "saver")
        ends = await sign_in(there, begins.email)
        begun = (await begins.post("/connections", {"provider_slug": "sandbox"})).json()
        back = await consent(begun["authorization_url"], "young-saver")

        made = await ends.post("/connections/callback", back)
        again = await begins.post("/connections/callback", back)
        synced = await begins.post(f"/connections/{made.json()['id']}/syncs")

    assert [made.status_code, again.status_code, synced.status_code] == [201, 400, 201]
