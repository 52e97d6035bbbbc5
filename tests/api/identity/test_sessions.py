import uuid
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import time_machine

from tests.conftest import running, settings_for
from tests.people import Person, sign_in, sign_up
from tests.rows import event_names

FIELDS = {
    "id",
    "device_info",
    "ip_address",
    "user_agent",
    "created_at",
    "last_activity_at",
    "expires_at",
    "is_current",
    "is_revoked",
}
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


async def session_id_of(person: Person) -> str:
    listed = (await person.get("/sessions")).json()["sessions"]
    (current,) = [session["id"] for session in listed if session["is_current"]]
    return str(current)


async def test_sessions_are_listed_newest_first_with_exactly_the_fields_of_the_contract(
    client: httpx.AsyncClient, ada: Person
) -> None:
    begun = await client.post(
        "/sessions",
        json={"email": ada.email, "password": "correct horse battery"},
        headers={"User-Agent": FIREFOX},
    )

    answer = await ada.get("/sessions")

    body = answer.json()
    assert set(body) == {"sessions", "total_count", "active_count"}
    assert (body["total_count"], body["active_count"]) == (2, 2)
    newest, mine = body["sessions"]
    assert set(newest) == set(mine) == FIELDS
    assert begun.headers["Location"] == f"/api/v1/sessions/{newest['id']}"
    assert (newest["device_info"], newest["user_agent"]) == ("Firefox on Linux", FIREFOX)
    assert newest["ip_address"] == "127.0.0.1"
    assert (newest["is_current"], mine["is_current"]) == (False, True)
    assert (newest["is_revoked"], mine["is_revoked"]) == (False, False)
    assert all(newest[name].endswith("Z") for name in ("created_at", "expires_at"))


async def test_ended_and_expired_sessions_are_listed_but_not_active(
    client: httpx.AsyncClient,
) -> None:
    with time_machine.travel("2026-03-01T12:00:00Z", tick=True) as clock:
        await sign_up(client, "ada")
        clock.shift(timedelta(days=31))
        ended, ada = [await sign_in(client, "ada@example.com") for _ in range(2)]
        await ended.delete("/sessions/current")

        body = (await ada.get("/sessions")).json()

    assert (body["total_count"], body["active_count"]) == (3, 1)
    assert [session["is_revoked"] for session in body["sessions"]] == [False, True, False]


async def test_many_sessions_come_in_pages(client: httpx.AsyncClient, ada: Person) -> None:
    for _ in range(4):
        await sign_in(client, ada.email)
    everything = (await ada.get("/sessions")).json()["sessions"]
    seen, url = [], "/sessions?limit=2"

    while url:
        answer = await ada.get(url)
        body = answer.json()
        seen += body["sessions"]
        assert (body["total_count"], body["active_count"]) == (5, 5)
        assert ("next_cursor" in body) is ("next" in answer.links)
        url = answer.links["next"]["url"] if answer.links else ""

    assert seen == everything


async def test_a_page_has_a_hundred_sessions_at_most(ada: Person) -> None:
    assert (await ada.get("/sessions?limit=100")).status_code == 200
    assert (await ada.get("/sessions?limit=101")).status_code == 422
    assert (await ada.get("/sessions?limit=0")).status_code == 422
    assert (await ada.get("/sessions?limit=1_0")).status_code == 422
    assert (await ada.get("/sessions?limit=%2B5")).status_code == 422


async def test_a_cursor_is_of_no_use_to_somebody_else(
    client: httpx.AsyncClient, ada: Person
) -> None:
    eve = await sign_up(client, "eve")
    await sign_in(client, ada.email)
    cursor = (await ada.get("/sessions?limit=1")).json()["next_cursor"]

    answers = [await eve.get(f"/sessions?cursor={text}") for text in (cursor, cursor[:-2], "x")]

    assert {answer.status_code for answer in answers} == {422}


async def test_one_session_is_read_with_a_tag_that_changes_with_it(
    client: httpx.AsyncClient, ada: Person
) -> None:
    path = f"/sessions/{await session_id_of(ada)}"
    listed = (await ada.get("/sessions")).json()["sessions"]

    first = await ada.get(path)
    same = await ada.get(path, headers={"If-None-Match": first.headers["etag"]})
    pair = await client.post("/tokens", json={"refresh_token": ada.refresh_token})
    changed = await ada.get(path, headers={"If-None-Match": first.headers["etag"]})

    assert first.json() == listed[0]
    assert same.status_code == 304
    assert pair.status_code == 201
    assert changed.status_code == 200
    assert changed.headers["etag"] != first.headers["etag"]


async def test_another_session_is_ended_by_its_id_and_at_once(
    client: httpx.AsyncClient, ada: Person
) -> None:
    other = await sign_in(client, ada.email)
    path = f"/sessions/{await session_id_of(other)}"
    assert (await other.get("/users/me")).status_code == 200

    answer = await ada.delete(path)

    assert (answer.status_code, answer.content) == (204, b"")
    assert (await other.get("/users/me")).status_code == 401
    assert (await ada.get(path)).json()["is_revoked"]
    assert (await ada.delete(path)).status_code == 204
    assert (await event_names(client, ada.id)).count("SessionRevoked") == 1


async def test_a_session_that_changed_is_not_ended_by_an_old_tag(
    client: httpx.AsyncClient, ada: Person
) -> None:
    path = f"/sessions/{await session_id_of(ada)}"
    tag = (await ada.get(path)).headers["etag"]
    await client.post("/tokens", json={"refresh_token": ada.refresh_token})

    refused = await ada.delete(path, headers={"If-Match": tag})
    current = (await ada.get(path)).headers["etag"]
    ended = await ada.delete(path, headers={"If-Match": current})

    assert (refused.status_code, ended.status_code) == (412, 204)


async def test_signing_out_ends_this_session_only(client: httpx.AsyncClient, ada: Person) -> None:
    other = await sign_in(client, ada.email)

    answer = await ada.delete("/sessions/current")

    assert answer.status_code == 204
    assert (await ada.get("/users/me")).status_code == 401
    assert (await other.get("/users/me")).status_code == 200


async def test_all_other_sessions_end_together(client: httpx.AsyncClient, ada: Person) -> None:
    others = [await sign_in(client, ada.email) for _ in range(3)]
    bystander = await sign_up(client, "eve")
    await others[0].delete("/sessions/current")

    answer = await ada.delete("/sessions")
    again = await ada.delete("/sessions")

    assert answer.status_code == 200
    assert answer.json() == {"revoked_count": 2, "message": "2 other sessions ended."}
    assert again.json() == {"revoked_count": 0, "message": "0 other sessions ended."}
    assert [(await other.get("/users/me")).status_code for other in others] == [401] * 3
    for token in (other.refresh_token for other in others):
        answer = await client.post("/tokens", json={"refresh_token": token})
        assert answer.status_code == 401
    assert (await ada.get("/users/me")).status_code == 200
    assert (await bystander.get("/users/me")).status_code == 200


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_somebody_else_s_session_is_forbidden_and_no_session_is_not_found(
    client: httpx.AsyncClient, ada: Person, method: str
) -> None:
    eve = await sign_up(client, "eve")
    hers = await session_id_of(ada)

    foreign = await eve.request(method, f"/sessions/{hers}")
    nothing = await eve.request(method, f"/sessions/{uuid.uuid4()}")

    assert (foreign.status_code, nothing.status_code) == (403, 404)
    assert (await ada.get("/users/me")).status_code == 200


async def test_sessions_work_alike_on_both_engines(database_url: str, tmp_path: Path) -> None:
    async with running(settings_for(database_url, tmp_path)) as client:
        ada = await sign_up(client, "ada")
        other = await sign_in(client, ada.email)

        page = (await ada.get("/sessions?limit=1")).json()
        ended = await ada.delete(f"/sessions/{page['sessions'][0]['id']}")
        rest = (await ada.get(f"/sessions?cursor={page['next_cursor']}")).json()

        assert ended.status_code == 204
        assert (await other.get("/users/me")).status_code == 401
        assert [session["is_current"] for session in rest["sessions"]] == [True]
        assert (rest["total_count"], rest["active_count"]) == (2, 1)
