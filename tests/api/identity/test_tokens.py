import asyncio
import base64
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import time_machine
from sqlalchemy import select

from coffers.infrastructure.db.identity.sessions import refresh_tokens, sessions
from tests.conftest import running, settings_for
from tests.people import Person, sign_in, sign_up
from tests.rows import event_names, rows, set_user


async def refresh(client: httpx.AsyncClient, token: str) -> httpx.Response:
    return await client.post("/tokens", json={"refresh_token": token})


def slug(answer: httpx.Response) -> str:
    return str(answer.json()["type"].rpartition("/")[2])


async def test_a_refresh_token_is_traded_for_the_next_pair_of_the_same_session(
    client: httpx.AsyncClient, ada: Person
) -> None:
    before = (await ada.get("/sessions")).json()

    answer = await refresh(client, ada.refresh_token)

    pair = answer.json()
    assert answer.status_code == 201
    assert (pair["token_type"], pair["expires_in"]) == ("bearer", 900)
    assert pair["refresh_token"] != ada.refresh_token
    headers = {"Authorization": f"Bearer {pair['access_token']}"}
    after = (await client.get("/sessions", headers=headers)).json()
    assert after["total_count"] == before["total_count"]
    assert after["sessions"][0]["is_current"]
    assert after["sessions"][0]["last_activity_at"] > before["sessions"][0]["last_activity_at"]
    assert after["sessions"][0]["expires_at"] > before["sessions"][0]["expires_at"]


@pytest.mark.parametrize("token", ["x", "x" * 43, "x" * 512])
async def test_a_token_that_was_never_issued_is_refused(
    client: httpx.AsyncClient, token: str
) -> None:
    answer = await refresh(client, token)

    assert (answer.status_code, slug(answer)) == (401, "invalid_token")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_an_access_token_refreshes_nothing(client: httpx.AsyncClient, ada: Person) -> None:
    answer = await client.post("/tokens", json={"refresh_token": ada.access_token[:512]})

    assert answer.status_code == 401


async def test_a_token_of_an_ended_session_is_refused(
    client: httpx.AsyncClient, ada: Person
) -> None:
    await ada.delete("/sessions/current")

    answer = await refresh(client, ada.refresh_token)

    assert (answer.status_code, slug(answer)) == (401, "invalid_token")


async def test_a_token_of_a_deactivated_account_is_refused(
    client: httpx.AsyncClient, ada: Person
) -> None:
    await set_user(client, ada.email, is_active=False)

    assert (await refresh(client, ada.refresh_token)).status_code == 401


async def test_a_token_lives_for_thirty_days_and_each_refresh_begins_them_anew(
    client: httpx.AsyncClient,
) -> None:
    with time_machine.travel("2026-03-01T12:00:00Z", tick=True) as clock:
        ada, eve = await sign_up(client, "ada"), await sign_up(client, "eve")
        clock.shift(timedelta(days=29))
        renewed = await refresh(client, ada.refresh_token)
        clock.shift(timedelta(days=2))

        too_late = await refresh(client, eve.refresh_token)
        in_time = await refresh(client, renewed.json()["refresh_token"])

    assert (too_late.status_code, slug(too_late)) == (401, "invalid_token")
    assert in_time.status_code == 201


async def test_a_token_used_twice_ends_the_whole_family(
    client: httpx.AsyncClient, ada: Person
) -> None:
    elsewhere = await sign_in(client, ada.email)
    pair = (await refresh(client, ada.refresh_token)).json()

    again = await refresh(client, ada.refresh_token)

    assert (again.status_code, slug(again)) == (401, "token_reuse")
    assert (await refresh(client, pair["refresh_token"])).status_code == 401
    headers = {"Authorization": f"Bearer {pair['access_token']}"}
    assert (await client.get("/users/me", headers=headers)).status_code == 401
    assert (await ada.get("/users/me")).status_code == 401
    assert (await elsewhere.get("/users/me")).status_code == 200
    assert "TokenReuseDetected" in await event_names(client, ada.id)


async def test_of_two_refreshes_at_once_one_wins_and_the_other_is_a_reuse(
    database_url: str, tmp_path: Path
) -> None:
    async with running(settings_for(database_url, tmp_path)) as client:
        for number in range(5):
            ada = await sign_up(client, f"ada{number}")

            answers = await asyncio.gather(*(refresh(client, ada.refresh_token) for _ in range(2)))

            answers = sorted(answers, key=lambda answer: answer.status_code)
            assert [answer.status_code for answer in answers] == [201, 401]
            assert slug(answers[1]) == "token_reuse"
            won = answers[0].json()
            assert (await refresh(client, won["refresh_token"])).status_code == 401


async def test_a_refresh_token_is_256_random_bits(ada: Person) -> None:
    assert len(base64.urlsafe_b64decode(ada.refresh_token + "=")) == 32


async def test_only_the_hash_of_a_token_is_kept(client: httpx.AsyncClient, ada: Person) -> None:
    pair = (await refresh(client, ada.refresh_token)).json()
    kept = str([*await rows(client, select(refresh_tokens)), *await rows(client, select(sessions))])

    for token in (ada.refresh_token, pair["refresh_token"], pair["access_token"]):
        assert len(token) >= 43
        assert token not in kept


async def test_a_session_is_refreshed_ten_times_a_minute_at_most(
    sqlite_url: str, tmp_path: Path
) -> None:
    limits = {"AUTH_TOKEN_REFRESH": "10/10", "AUTH_LOGIN": "99/99", "AUTH_REGISTER": "99/99"}
    async with running(settings_for(sqlite_url, tmp_path, limits=limits)) as client:
        ada, eve = await sign_up(client, "ada"), await sign_up(client, "eve")
        token = ada.refresh_token
        statuses = []
        for _ in range(11):
            answer = await refresh(client, token)
            token = answer.json().get("refresh_token")
            statuses.append(answer.status_code)

        assert statuses == [201] * 10 + [429]
        assert (await refresh(client, eve.refresh_token)).status_code == 201


async def test_unknown_tokens_are_counted_by_address(sqlite_url: str, tmp_path: Path) -> None:
    limits = {"AUTH_TOKEN_REFRESH": "3/3"}
    async with running(settings_for(sqlite_url, tmp_path, limits=limits)) as client:
        answers = [await refresh(client, f"unknown-{number}") for number in range(4)]

    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
