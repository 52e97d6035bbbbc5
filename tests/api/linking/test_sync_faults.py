"""Every fault script of the sandbox: a definite answer in time, and nothing stored is lost."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
import pytest_asyncio

from coffers.sandbox.faults import HOSTILE_KINDS
from tests.api.conftest import recently
from tests.brokers import Broker, consent, ledger, link, sync
from tests.conftest import running, settings_for
from tests.people import Person, settle

#: How long a call to the broker may take here; and a sync with its reads around it.
DEADLINE_S: Final = 1.5
PATIENCE_S: Final = 8 * DEADLINE_S

#: Of so many days, movements fill more than one page.
DAYS_OF_PAGES: Final = 1_000

#: Each fault that an upstream can meet: what the caller is told, and what the connection becomes.
FAULTS = {
    "unauthorized": (502, "expired"),
    "expired_token": (502, "expired"),
    "rate_limited:7": (429, "active"),
    "gone": (502, "active"),
    "error": (502, "active"),
    "truncated_json": (502, "active"),
    "truncated_json:connection": (502, "active"),
    "html": (502, "active"),
    "redirect": (502, "active"),
    "zip_bomb": (502, "active"),
    "oversized": (502, "active"),
    "hostile_values": (502, "active"),
    "repeated_page": (502, "active"),
    "endless_cursor": (502, "active"),
}
#: Spoilt values that a sync refuses; of the others it makes what can be made of them.
REFUSED: Final = {"nan", "exponent", "missing", "duplicate", "literal", "surrogate"}


pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass(frozen=True)
class Settled:
    """Somebody who synced before, and may do so again and again."""

    person: Person
    connection: dict[str, Any]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def settled(service: httpx.AsyncClient) -> Settled:
    person = await settle(service, "settled")
    connection = await link(person)
    with recently(60):
        await sync(person, connection)
    return Settled(person, connection)


@pytest_asyncio.fixture(loop_scope="module")
async def hurried(broker: Broker, sqlite_url: str, tmp_path: Path) -> AsyncIterator[Person]:
    """Somebody whose service gives a broker little time."""
    settings = settings_for(
        sqlite_url, tmp_path, sandbox_url=broker.url, provider_deadline_s=DEADLINE_S
    )
    async with running(settings) as client:
        yield await settle(client, "saver")


@pytest.mark.parametrize("fault", FAULTS)
async def test_every_fault_upstream_gets_a_definite_answer_and_loses_nothing(
    fault: str, settled: Settled, broker: Broker
) -> None:
    status, becomes = FAULTS[fault]

    answer = await struck(settled.person, settled.connection, broker, fault)

    assert answer.status_code == status, answer.text
    state = (await settled.person.get(f"/connections/{settled.connection['id']}")).json()
    assert state["status"] == becomes
    if status == 429:
        assert answer.headers["Retry-After"] == "7"
    if becomes == "expired":
        await broker.relent()
        await link(settled.person, connection_id=settled.connection["id"])


@pytest.mark.parametrize("fault", ["hang", "slow_drip:50"])
async def test_a_broker_that_is_too_slow_is_given_up_in_time(
    fault: str, hurried: Person, broker: Broker
) -> None:
    connection = await link(hurried)
    await hurried.post("/accounts/syncs", {"connection_id": connection["id"]})
    begun = time.monotonic()

    answer = await struck(hurried, connection, broker, fault)

    assert answer.status_code == 504
    assert time.monotonic() - begun < PATIENCE_S


async def struck(
    person: Person, connection: dict[str, Any], broker: Broker, fault: str
) -> httpx.Response:
    """A sync that meets the fault. What was stored stays, and what happened is told."""
    before = await ledger(person)
    is_paging = "page" in fault or "cursor" in fault
    await broker.strike(fault, "/v1/accounts/*/transactions" if is_paging else "/v1/*")
    path = f"/connections/{connection['id']}/syncs"
    answer = await person.post(path, {"force": True})
    assert answer.headers["content-type"] == "application/problem+json"
    assert await ledger(person) == before
    last = (await person.get(path)).json()["syncs"][0]
    assert (last["status"], last["report"]) == ("failed", None)
    assert last["problem"] in answer.json()["type"]
    return answer


async def test_a_position_endpoint_that_is_gone_never_becomes_zero_holdings(
    settled: Settled, broker: Broker
) -> None:
    held = (await settled.person.get("/holdings")).json()
    await broker.strike("gone", "/v1/accounts/*/positions")

    answer = await sync(settled.person, settled.connection, force=True)

    assert answer.status_code == 502
    assert held["active_count"] == held["total_count"] == 2
    assert (await settled.person.get("/holdings")).json() == held


@pytest.mark.parametrize("kind", HOSTILE_KINDS)
async def test_a_hostile_value_is_refused_or_kept_as_what_it_is(
    kind: str, settled: Settled, broker: Broker
) -> None:
    person, before = settled.person, await ledger(settled.person)
    await broker.strike(f"hostile_values:{kind}", "/v1/accounts")

    body = {"connection_id": settled.connection["id"], "force": True}
    answer = await person.post("/accounts/syncs", body)

    assert answer.status_code == (502 if kind in REFUSED else 201)
    after = await ledger(person)
    assert len(after["accounts"]) == len(before["accounts"])
    if kind in REFUSED:
        assert after == before


async def test_a_list_that_changes_while_it_is_paged_neither_doubles_nor_drops_rows(
    service: httpx.AsyncClient, broker: Broker
) -> None:
    saver, disturbed = await settle(service, "saver"), await settle(service, "disturbed")
    expected, connection = await link(saver), await link(disturbed)
    with recently(DAYS_OF_PAGES):
        await sync(saver, expected)
        await broker.strike("mutation_while_paging", "/v1/accounts/*/transactions")

        await sync(disturbed, connection)
        await broker.relent()
        await sync(disturbed, connection, force=True)

    assert _without_ids(await ledger(disturbed)) == _without_ids(await ledger(saver))


async def test_a_fault_in_the_middle_of_an_account_stores_nothing_of_the_others(
    service: httpx.AsyncClient, broker: Broker
) -> None:
    saver = await settle(service, "unlucky")
    connection = await link(saver)
    await broker.strike("error:503", "/v1/accounts/ys-brokerage/transactions")

    with recently(60):
        answer = await sync(saver, connection)

    assert answer.status_code == 502
    assert (await ledger(saver))["count"] == 0
    assert (await saver.get("/accounts")).json()["total_count"] == 0


async def test_a_fault_in_linking_links_nothing_and_the_link_can_be_begun_again(
    service: httpx.AsyncClient, broker: Broker
) -> None:
    saver = await settle(service, "patient")
    for fault in ("error:500", "html", "truncated_json", "rate_limited:3"):
        await broker.strike(fault, "/oauth/token")
        refused = await _try_to_link(saver)
        await broker.relent()
        assert refused in {429, 502}, fault

    assert (await saver.get("/connections")).json()["total_count"] == 0
    assert (await link(saver))["status"] == "active"


async def _try_to_link(saver: Person) -> int:
    begun = (await saver.post("/connections", {"provider_slug": "sandbox"})).json()
    back = await consent(begun["authorization_url"], "young-saver")
    return (await saver.post("/connections/callback", back)).status_code


def _without_ids(whole: dict[str, Any]) -> dict[str, Any]:
    """What two ledgers of the same broker have in common: no ids and no instants of ours."""
    ours = {"id", "account_id", "connection_id", "created_at", "updated_at", "last_synced_at"}
    ours |= {"captured_at", "source", "change_amount", "change_percent"}

    def plain(row: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in row.items() if name not in ours}

    return {
        name: sorted(map(str, map(plain, rows))) if isinstance(rows, list) else rows
        for name, rows in whole.items()
    }
