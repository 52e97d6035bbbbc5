from datetime import timedelta
from pathlib import Path

import httpx
import time_machine
from sqlalchemy import select

from coffers.infrastructure.db.identity.verifications import one_time_tokens
from coffers.infrastructure.db.jobs import jobs
from coffers.infrastructure.db.tables import METADATA
from tests.conftest import running, settings_for
from tests.dumps import dump
from tests.letters import deliver, token_mailed_to
from tests.people import PASSWORD, Person
from tests.rows import event_names, rows

EMAIL = "grace@example.com"


async def register(client: httpx.AsyncClient) -> str:
    answer = await client.post("/users", json={"email": EMAIL, "password": PASSWORD})
    return str(answer.json()["id"])


async def verify(client: httpx.AsyncClient, token: str) -> httpx.Response:
    return await client.post("/email-verifications", json={"token": token})


async def ask(client: httpx.AsyncClient, email: str = EMAIL) -> httpx.Response:
    return await client.post("/email-verification-tokens", json={"email": email})


async def sign_in(client: httpx.AsyncClient) -> int:
    answer = await client.post("/sessions", json={"email": EMAIL, "password": PASSWORD})
    return answer.status_code


async def test_the_letter_of_the_registration_confirms_the_address(
    database_url: str, tmp_path: Path
) -> None:
    async with running(settings_for(database_url, tmp_path)) as client:
        user_id = await register(client)
        assert await sign_in(client) == 403

        answer = await verify(client, await token_mailed_to(client, EMAIL))

        assert answer.status_code == 201
        assert set(answer.json()) == {"message", "verified_at"}
        assert answer.json()["verified_at"].endswith("Z")
        assert await sign_in(client) == 201
        assert (await event_names(client, user_id))[-4:-2] == [
            "EmailVerificationAttempted",
            "EmailVerificationSucceeded",
        ]


async def test_a_verified_profile_says_so_and_has_a_new_version(client: httpx.AsyncClient) -> None:
    await register(client)
    await verify(client, await token_mailed_to(client, EMAIL))
    pair = (await client.post("/sessions", json={"email": EMAIL, "password": PASSWORD})).json()

    profile = await client.get(
        "/users/me", headers={"Authorization": f"Bearer {pair['access_token']}"}
    )

    assert profile.json()["is_verified"] is True
    assert profile.headers["etag"] == '"2"'


async def test_a_token_confirms_once(client: httpx.AsyncClient) -> None:
    await register(client)
    token = await token_mailed_to(client, EMAIL)

    first, second = await verify(client, token), await verify(client, token)

    assert (first.status_code, second.status_code) == (201, 400)
    assert second.json()["type"].endswith("/errors/token_invalid")
    assert (await event_names(client))[-2:] == [
        "EmailVerificationAttempted",
        "EmailVerificationFailed",
    ]


async def test_a_token_confirms_for_a_day(client: httpx.AsyncClient) -> None:
    with time_machine.travel("2026-03-01T12:00:00Z", tick=True) as clock:
        user_id = await register(client)
        token = await token_mailed_to(client, EMAIL)
        clock.shift(timedelta(days=1, seconds=1))

        answer = await verify(client, token)

    assert answer.status_code == 400
    assert (await event_names(client, user_id))[-1] == "EmailVerificationFailed"


async def test_another_letter_can_be_had_and_makes_the_earlier_one_void(
    client: httpx.AsyncClient,
) -> None:
    await register(client)
    first = await token_mailed_to(client, EMAIL)

    asked = await ask(client, EMAIL.upper())
    second = await token_mailed_to(client, EMAIL)

    assert asked.status_code == 201
    assert (await verify(client, first)).status_code == 400
    assert (await verify(client, second)).status_code == 201


async def test_the_answer_is_always_the_same_and_only_who_needs_a_letter_gets_one(
    client: httpx.AsyncClient, ada: Person
) -> None:
    await register(client)
    await deliver(client)

    answers = [
        await ask(client, email) for email in (EMAIL, ada.email, "nobody@example.com", "x@y")
    ]

    assert {(answer.status_code, answer.content) for answer in answers} == {
        (201, answers[0].content)
    }
    assert [letter.to for letter in await deliver(client)] == [EMAIL]


async def test_a_reset_token_confirms_no_address(client: httpx.AsyncClient) -> None:
    await register(client)
    await deliver(client)
    await client.post("/password-reset-tokens", json={"email": EMAIL})

    assert (await verify(client, await token_mailed_to(client, EMAIL))).status_code == 400


async def test_a_letter_is_written_by_a_job_and_its_token_kept_as_a_hash(
    client: httpx.AsyncClient,
) -> None:
    await register(client)
    await deliver(client)
    await ask(client)
    waiting = [dict(row.payload) for row in await rows(client, select(jobs)) if row.payload]

    token = await token_mailed_to(client, EMAIL)

    assert waiting == [{"purpose": "email_verification"}]
    kept = str([*await rows(client, select(one_time_tokens)), *await rows(client, select(jobs))])
    assert token not in kept


async def test_an_address_may_ask_and_confirm_three_times_and_then_once_a_minute(
    sqlite_url: str, tmp_path: Path
) -> None:
    limits = {"AUTH_RECOVERY": "3/1"}
    async with running(settings_for(sqlite_url, tmp_path, limits=limits)) as client:
        statuses = [
            (await ask(client)).status_code,
            (await verify(client, "unknown")).status_code,
            (await client.post("/password-reset-tokens", json={"email": EMAIL})).status_code,
            (await ask(client)).status_code,
        ]
        reset = {"token": "unknown", "new_password": PASSWORD}
        statuses.append((await client.post("/password-resets", json=reset)).status_code)

    assert statuses == [201, 400, 201, 429, 429]


def files_of(home: Path) -> bytes:
    """The database with its log, if it is SQLite's."""
    return b"".join(file.read_bytes() for file in home.glob("coffers.sqlite3*"))


async def test_no_token_stands_in_the_database_while_its_letter_waits(
    database_url: str, tmp_path: Path
) -> None:
    async with running(settings_for(database_url, tmp_path)) as client:
        await register(client)
        waiting = str(await dump(database_url, METADATA.tables))
        written = files_of(tmp_path)

        token = await token_mailed_to(client, EMAIL)

    assert token not in waiting
    assert token.encode() not in written
    assert "sealed" in waiting
