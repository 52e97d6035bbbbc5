import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from coffers.infrastructure.db.linking.connections import connection_credentials
from coffers.settings import Settings
from tests.brokers import Broker, consent, link, sync
from tests.conftest import running, settings_for
from tests.people import Person, sign_in, sign_up
from tests.rows import rows

pytestmark = pytest.mark.asyncio(loop_scope="module")

Enrol = Callable[..., Awaitable[Person]]

FIELDS = {
    "id",
    "provider_slug",
    "alias",
    "status",
    "is_connected",
    "needs_reauthentication",
    "connected_at",
    "last_sync_at",
    "created_at",
    "updated_at",
}


async def credentials_of(person: Person) -> list[Any]:
    mine = connection_credentials.c.user_id == UUID(person.id)
    return await rows(person.client, select(connection_credentials).where(mine))


async def test_the_catalogue_lists_what_can_be_linked(saver: Person) -> None:
    providers = (await saver.get("/providers")).json()["providers"]

    assert [provider["slug"] for provider in providers] == [
        "alpaca",
        "file",
        "sandbox",
        "simplefin",
    ]
    assert set(providers[0]) == {
        "slug",
        "name",
        "category",
        "credential_type",
        "capabilities",
        "website_url",
        "credential_fields",
    }
    assert (await saver.get("/providers/sandbox")).json()["credential_type"] == "oauth2"
    assert (await saver.get("/providers/nobody")).status_code == 404


async def test_a_link_leads_to_the_providers_page_and_back(saver: Person) -> None:
    begun = (await saver.post("/connections", {"provider_slug": "sandbox"})).json()
    back = await consent(begun["authorization_url"], "young-saver")

    made = await saver.post("/connections/callback", back)

    assert begun["expires_in"] == 600
    assert back["state"] == begun["state"]
    assert made.status_code == 201
    assert set(made.json()) == FIELDS
    assert made.json()["status"] == "active"
    listed = (await saver.get("/connections")).json()
    assert listed["total_count"] == listed["active_count"] == 1


async def test_a_state_works_once_and_only_for_whoever_began(saver: Person, enrol: Enrol) -> None:
    eve = await enrol("eve")
    begun = (await saver.post("/connections", {"provider_slug": "sandbox"})).json()
    back = await consent(begun["authorization_url"], "young-saver")

    stolen = await eve.post("/connections/callback", back)
    first = await saver.post("/connections/callback", back)
    second = await saver.post("/connections/callback", back)

    assert [stolen.status_code, first.status_code, second.status_code] == [400, 201, 400]
    assert stolen.json()["type"].endswith("/errors/oauth_state_invalid")


async def test_a_wrong_code_fails_upstream_and_links_nothing(saver: Person) -> None:
    begun = (await saver.post("/connections", {"provider_slug": "sandbox"})).json()

    answer = await saver.post(
        "/connections/callback", {"code": "invented", "state": begun["state"]}
    )

    assert answer.status_code == 502
    assert (await saver.get("/connections")).json()["total_count"] == 0


async def test_a_redirect_uri_off_the_list_is_refused(saver: Person) -> None:
    wish = {"provider_slug": "sandbox", "redirect_uri": "https://evil.example/callback"}

    answer = await saver.post("/connections", wish)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "redirect_uri"


@pytest.mark.parametrize("more", [{}, {"credentials": {"password": "secret"}}])
async def test_files_are_imported_not_linked(saver: Person, more: dict[str, object]) -> None:
    refused = await saver.post("/connections", {"provider_slug": "file", **more})

    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"] == "provider_slug"
    assert "/imports" in refused.json()["detail"]


@pytest.mark.parametrize("body", [{"provider_slug": "alpaca"}, {"provider_slug": "file"}])
async def test_a_provider_is_connected_in_its_own_way_only(
    saver: Person, body: dict[str, Any]
) -> None:
    assert (await saver.post("/connections", body)).status_code == 422


async def test_a_link_survives_a_restart_between_its_halves(
    broker: Broker, sqlite_url: str, tmp_path: Any
) -> None:
    settings = settings_for(sqlite_url, tmp_path, sandbox_url=broker.url)
    async with running(settings) as before:
        saver = await sign_up(before, "saver")
        begun = (await saver.post("/connections", {"provider_slug": "sandbox"})).json()
        back = await consent(begun["authorization_url"], "young-saver")

    async with running(settings) as after:
        again = await sign_in(after, "saver@example.com")
        made = await again.post("/connections/callback", back)

        assert made.status_code == 201


async def test_credentials_at_rest_are_sealed(saver: Person) -> None:
    await link(saver)

    (row,) = await credentials_of(saver)

    assert b"token" not in row.sealed


async def test_disconnecting_wipes_the_credentials_and_keeps_the_history(saver: Person) -> None:
    connection = await link(saver)
    assert (await sync(saver, connection)).status_code == 201

    gone = await saver.delete(f"/connections/{connection['id']}")

    assert gone.status_code == 204
    state = (await saver.get(f"/connections/{connection['id']}")).json()
    assert state["status"] == "disconnected"
    assert (await saver.get("/accounts")).json()["total_count"] == 4
    assert (await sync(saver, connection, force=True)).status_code == 409
    assert await credentials_of(saver) == []


async def test_a_renewed_link_keeps_its_id_and_its_accounts(saver: Person, broker: Broker) -> None:
    connection = await link(saver)
    await sync(saver, connection)
    await broker.admin("POST", "/admin/tokens/revoke")
    refused = await sync(saver, connection, force=True)
    expired = (await saver.get(f"/connections/{connection['id']}")).json()

    renewed = await link(saver, connection_id=connection["id"])

    assert refused.status_code == 502
    assert (expired["status"], expired["needs_reauthentication"]) == ("expired", True)
    assert renewed["id"] == connection["id"]
    assert renewed["status"] == "active"
    assert (await sync(saver, renewed, force=True)).json()["accounts_created"] == 0
    assert (await saver.get("/accounts")).json()["total_count"] == 4


async def test_an_expiring_token_is_refreshed_exactly_once_by_many_callers(
    saver: Person, broker: Broker
) -> None:
    connection = await link(saver)
    before = (await broker.calls())["refresh_grants"]
    path = f"/connections/{connection['id']}/token-refreshes"

    answers = await asyncio.gather(*(saver.post(path, {"force": True}) for _ in range(12)))

    assert {answer.status_code for answer in answers} == {201}
    assert answers[0].json()["success"] is True
    assert (await broker.calls())["refresh_grants"] - before == 1


async def test_a_token_that_the_provider_ended_early_is_renewed_once_and_the_sync_goes_on(
    saver: Person, broker: Broker
) -> None:
    connection = await link(saver)
    await broker.admin("POST", "/admin/tokens/expire")

    answer = await sync(saver, connection)

    assert answer.status_code == 201
    assert (await broker.calls())["refresh_grants"] == 1


async def test_somebody_elses_connection_is_forbidden_and_an_unknown_one_not_found(
    saver: Person, enrol: Enrol
) -> None:
    connection = await link(saver)
    eve = await enrol("eve")
    unknown = "01900000-0000-7000-8000-000000000000"

    theirs = await eve.get(f"/connections/{connection['id']}")
    nobodys = await eve.get(f"/connections/{unknown}")

    assert (theirs.status_code, nobodys.status_code) == (403, 404)
    assert (await sync(eve, connection)).status_code == 403
    assert (await eve.delete(f"/connections/{connection['id']}")).status_code == 403


async def test_an_alias_is_changed_under_its_etag(saver: Person) -> None:
    connection = await link(saver, alias="old")
    path = f"/connections/{connection['id']}"
    etag = (await saver.get(path)).headers["etag"]

    renamed = await saver.patch(path, {"alias": "new"}, headers={"If-Match": etag})
    late = await saver.patch(path, {"alias": "late"}, headers={"If-Match": etag})

    assert renamed.json()["alias"] == "new"
    assert late.status_code == 412


async def test_settings_decide_whether_there_is_a_sandbox(settings: Settings) -> None:
    without = settings.model_copy(update={"sandbox_url": ""})

    async with running(without) as client:
        saver = await sign_up(client, "saver")
        slugs = [one["slug"] for one in (await saver.get("/providers")).json()["providers"]]

    assert "sandbox" not in slugs
