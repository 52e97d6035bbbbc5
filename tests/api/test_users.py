from pathlib import Path

import httpx

from tests.conftest import running, settings_for
from tests.people import Person, sign_up


async def test_a_profile_edit_with_a_stale_etag_is_refused(ada: Person) -> None:
    etag = (await ada.get("/users/me")).headers["etag"]
    first = await ada.patch("/users/me", {"display_name": "Ada"}, headers={"If-Match": etag})

    second = await ada.patch("/users/me", {"display_name": "Eve"}, headers={"If-Match": etag})

    assert first.status_code == 200
    assert second.status_code == 412
    assert second.headers["content-type"] == "application/problem+json"
    assert (await ada.get("/users/me")).json()["display_name"] == "Ada"


async def test_registering_a_taken_address_is_a_conflict(
    client: httpx.AsyncClient, ada: Person
) -> None:
    again = {"email": "ADA@example.com", "password": "another long password"}

    answer = await client.post("/users", json=again)

    assert answer.status_code == 409
    assert answer.json()["type"].endswith("/errors/email_taken")


async def test_registration_works_on_both_engines(database_url: str, tmp_path: Path) -> None:
    async with running(settings_for(database_url, tmp_path)) as client:
        grace = await sign_up(client, "grace")

        profile = await grace.get("/users/me")

        assert profile.json()["email"] == "grace@example.com"
