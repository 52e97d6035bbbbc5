import asyncio
import uuid
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import time_machine
from sqlalchemy import select

from coffers.domain.identity.api_keys import MAX_KEYS, MAX_SCOPES, PREFIX
from coffers.infrastructure.db.idempotency import idempotency_keys
from coffers.infrastructure.db.identity.api_keys import api_keys
from tests.conftest import running, settings_for
from tests.people import Person, sign_up
from tests.rows import event_names, rows, set_user

NEW = {"name": "nightly export", "scopes": ["users:read"]}


async def make(person: Person, **changes: object) -> httpx.Response:
    return await person.post("/api-keys", NEW | changes)


async def use(client: httpx.AsyncClient, key: str) -> httpx.Response:
    return await client.get("/users/me", headers={"Authorization": f"Bearer {key}"})


async def test_a_key_is_shown_once_and_kept_as_a_hash(
    client: httpx.AsyncClient, ada: Person
) -> None:
    answer = await make(ada)

    made = answer.json()
    assert answer.status_code == 201
    assert set(made) == {"id", "name", "key", "scopes", "created_at", "expires_at"}
    assert made["key"].startswith(PREFIX)
    listed = (await ada.get("/api-keys")).json()
    assert made["key"] not in str(listed)
    assert made["key"] not in str(await rows(client, select(api_keys)))
    assert listed == {
        "api_keys": [
            {
                "id": made["id"],
                "name": "nightly export",
                "hint": made["key"][:10],
                "scopes": ["users:read"],
                "created_at": made["created_at"],
                "expires_at": None,
                "last_used_at": None,
            }
        ],
        "total_count": 1,
    }


async def test_a_key_is_sent_as_a_bearer_token_and_its_use_is_noted(
    client: httpx.AsyncClient, ada: Person
) -> None:
    key = (await make(ada)).json()["key"]

    answer = await use(client, key)

    assert answer.json()["id"] == ada.id
    (listed,) = (await ada.get("/api-keys")).json()["api_keys"]
    assert listed["last_used_at"] is not None


async def test_a_key_is_never_kept_for_a_repetition(client: httpx.AsyncClient, ada: Person) -> None:
    headers = {"Idempotency-Key": "once"}

    answers = [await ada.post("/api-keys", NEW, headers=headers) for _ in range(2)]

    assert len({answer.json()["key"] for answer in answers}) == 2
    assert not await rows(client, select(idempotency_keys))


async def test_a_deleted_key_ends_at_once(client: httpx.AsyncClient, ada: Person) -> None:
    made = (await make(ada)).json()
    assert (await use(client, made["key"])).status_code == 200

    answer = await ada.delete(f"/api-keys/{made['id']}")

    assert (answer.status_code, answer.content) == (204, b"")
    assert (await use(client, made["key"])).status_code == 401
    assert (await ada.delete(f"/api-keys/{made['id']}")).status_code == 404
    assert (await event_names(client, ada.id))[-2:] == ["ApiKeyCreated", "ApiKeyDeleted"]


async def test_a_key_ends_when_it_was_told_to(client: httpx.AsyncClient) -> None:
    with time_machine.travel("2026-03-01T12:00:00Z", tick=True) as clock:
        ada = await sign_up(client, "ada")
        made = (await make(ada, expires_at="2026-03-01T14:10:00+02:00")).json()
        clock.shift(timedelta(minutes=9))
        in_time = await use(client, made["key"])
        clock.shift(timedelta(minutes=1, seconds=1))

        too_late = await use(client, made["key"])

    assert made["expires_at"] == "2026-03-01T12:10:00Z"
    assert (in_time.status_code, too_late.status_code) == (200, 401)


@pytest.mark.parametrize(
    "changes",
    [
        {"scopes": []},
        {"scopes": ["admin"]},
        {"scopes": ["user:read"]},
        {"scopes": ["admin:read"]},
        {"scopes": ["read"] * (MAX_SCOPES + 1)},
        {"scopes": "read"},
        {"name": ""},
        {"name": "x" * 101},
        {"expires_at": "2020-01-01T00:00:00Z"},
        {"expires_at": "8000-01-01T00:00:00Z"},
        {"expires_at": "9999-12-31T23:59:59-12:00"},
        {"expires_at": "2030-01-01T00:00:00"},
        {"user_id": "1"},
    ],
)
async def test_a_key_that_makes_no_sense_is_refused(
    ada: Person, changes: dict[str, object]
) -> None:
    assert (await make(ada, **changes)).status_code == 422


async def test_nobody_has_more_than_fifty_keys(database_url: str, tmp_path: Path) -> None:
    async with running(settings_for(database_url, tmp_path)) as client:
        ada, eve = await sign_up(client, "ada"), await sign_up(client, "eve")
        for _ in range(MAX_KEYS - 2):
            await make(ada)

        answers = await asyncio.gather(*(make(ada) for _ in range(4)))

        assert sorted(answer.status_code for answer in answers) == [201, 201, 422, 422]
        assert (await ada.get("/api-keys")).json()["total_count"] == MAX_KEYS
        assert (await make(eve)).status_code == 201


async def test_somebody_else_s_key_is_forbidden_and_no_key_is_not_found(
    client: httpx.AsyncClient, ada: Person
) -> None:
    eve = await sign_up(client, "eve")
    made = (await make(ada)).json()

    foreign = await eve.delete(f"/api-keys/{made['id']}")
    nothing = await eve.delete(f"/api-keys/{uuid.uuid4()}")

    assert (foreign.status_code, nothing.status_code) == (403, 404)
    assert (await use(client, made["key"])).status_code == 200
    assert (await eve.get("/api-keys")).json() == {"api_keys": [], "total_count": 0}


async def test_a_key_makes_no_keys_and_ends_no_sessions(
    client: httpx.AsyncClient, ada: Person
) -> None:
    key = (await make(ada, scopes=["write"])).json()["key"]
    headers = {"Authorization": f"Bearer {key}"}

    statuses = {
        (await client.request(method, path, json=body, headers=headers)).status_code
        for method, path, body in (
            ("POST", "/api-keys", NEW),
            ("GET", "/api-keys", None),
            ("DELETE", "/sessions", None),
            ("PUT", "/users/me/password", {}),
            ("POST", "/users/me/erasures", {}),
            ("GET", "/admin/security/config", None),
        )
    }

    assert statuses == {403}


@pytest.mark.parametrize("changes", [{"is_active": False}, {"roles": frozenset({"readonly"})}])
async def test_a_key_is_never_more_than_its_user(
    client: httpx.AsyncClient, ada: Person, changes: dict[str, object]
) -> None:
    key = (await make(ada, scopes=["write"])).json()["key"]
    headers = {"Authorization": f"Bearer {key}"}

    await set_user(client, ada.email, **changes)

    written = await client.post("/connections", json={"provider_slug": "sandbox"}, headers=headers)
    assert written.status_code == (403 if "roles" in changes else 401)


async def test_readonly_people_see_keys_and_make_none(client: httpx.AsyncClient) -> None:
    reader = await sign_up(client, "reader", "readonly")

    assert (await make(reader)).status_code == 403
    assert (await reader.get("/api-keys")).status_code == 200


@pytest.mark.parametrize("tail", ["", "x", "x" * 43, "é", " ", "' OR 1=1 --", "x" * 5_000])
async def test_what_only_looks_like_a_key_is_nobody(
    client: httpx.AsyncClient, ada: Person, tail: str
) -> None:
    header = f"Bearer {PREFIX}{tail}".encode("latin-1")

    answer = await client.get("/users/me", headers=[(b"authorization", header)])

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
