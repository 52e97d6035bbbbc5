import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import time_machine
from sqlalchemy import func, select

from coffers.infrastructure.db.idempotency import idempotency_keys
from coffers.infrastructure.db.identity.sessions import sessions
from coffers.infrastructure.db.identity.users import users
from tests.conftest import running, settings_for
from tests.people import PASSWORD, Person, sign_up
from tests.rows import event_names, rows, set_user

QUARTER = timedelta(minutes=15)


async def attempt(
    client: httpx.AsyncClient, name: str, password: str = PASSWORD, **headers: str
) -> httpx.Response:
    body = {"email": name, "password": password}
    return await client.post("/sessions", json=body, headers=headers)


async def fail(client: httpx.AsyncClient, email: str, times: int) -> None:
    for _ in range(times):
        assert (await attempt(client, email, "wrong")).status_code == 401


def slug(answer: httpx.Response) -> str:
    return str(answer.json()["type"].rpartition("/")[2])


async def test_signing_in_answers_a_pair_of_tokens(client: httpx.AsyncClient, ada: Person) -> None:
    answer = await attempt(client, ada.email)

    pair = answer.json()
    assert answer.status_code == 201
    assert set(pair) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert (pair["token_type"], pair["expires_in"]) == ("bearer", 900)


@pytest.mark.parametrize("name", ["ADA@Example.COM", "ada.l", "ADA.L"])
async def test_the_address_and_the_username_open_in_any_case_of_letters(
    client: httpx.AsyncClient, ada: Person, name: str
) -> None:
    await ada.patch("/users/me", {"username": "Ada.L"})

    assert (await attempt(client, name)).status_code == 201


async def test_whatever_is_wrong_the_answer_is_the_same(
    client: httpx.AsyncClient, ada: Person
) -> None:
    for name, changes in {
        "unverified": {"is_verified": False},
        "inactive": {"is_active": False},
    }.items():
        await sign_up(client, name)
        await set_user(client, f"{name}@example.com", **changes)
    await sign_up(client, "locked")
    await fail(client, "locked@example.com", 5)
    names = ["ada", "unverified", "inactive", "locked", "unknown"]

    answers = [await attempt(client, f"{name}@example.com", "wrong") for name in names]
    answers.append(await attempt(client, "no address at all", "wrong"))

    assert {answer.status_code for answer in answers} == {401}
    assert len({_body(answer) for answer in answers}) == 1
    assert len({_headers(answer) for answer in answers}) == 1
    assert slug(answers[0]) == "invalid_credentials"


def _body(answer: httpx.Response) -> str:
    body: dict[str, Any] = answer.json()
    return str(sorted((body | {"trace_id": ""}).items()))


def _headers(answer: httpx.Response) -> str:
    mine = {"x-trace-id", "x-ratelimit-reset", "x-ratelimit-remaining", "ratelimit"}
    return str([(name, value) for name, value in answer.headers.items() if name not in mine])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"is_verified": False}, "email_not_verified"), ({"is_active": False}, "account_inactive")],
)
async def test_why_an_account_is_shut_is_told_only_after_the_right_password(
    client: httpx.AsyncClient, ada: Person, changes: dict[str, object], reason: str
) -> None:
    await set_user(client, ada.email, **changes)

    right, wrong = await attempt(client, ada.email), await attempt(client, ada.email, "wrong")

    assert (right.status_code, slug(right)) == (403, reason)
    assert wrong.status_code == 401


async def test_four_failures_do_not_lock_and_a_success_forgets_them(
    client: httpx.AsyncClient, ada: Person
) -> None:
    await fail(client, ada.email, 4)
    first = await attempt(client, ada.email)
    await fail(client, ada.email, 4)

    second = await attempt(client, ada.email)

    assert (first.status_code, second.status_code) == (201, 201)


async def test_five_failures_lock_for_a_quarter_of_an_hour(
    client: httpx.AsyncClient, ada: Person
) -> None:
    with time_machine.travel("2026-03-01T12:00:00Z", tick=True) as clock:
        await fail(client, ada.email, 5)

        locked = await attempt(client, ada.email)
        clock.shift(QUARTER - timedelta(seconds=30))
        still_locked = await attempt(client, ada.email)
        clock.shift(timedelta(seconds=31))
        open_again = await attempt(client, ada.email)

    assert (locked.status_code, slug(locked)) == (403, "account_locked")
    assert still_locked.status_code == 403
    assert open_again.status_code == 201


async def test_failures_while_locked_do_not_lock_for_longer(
    client: httpx.AsyncClient, ada: Person
) -> None:
    with time_machine.travel("2026-03-01T12:00:00Z", tick=True) as clock:
        await fail(client, ada.email, 5)
        clock.shift(timedelta(minutes=14))
        await fail(client, ada.email, 7)
        clock.shift(timedelta(minutes=1, seconds=1))

        answer = await attempt(client, ada.email)

    assert answer.status_code == 201


async def test_failures_at_once_are_each_counted(database_url: str, tmp_path: Path) -> None:
    async with running(settings_for(database_url, tmp_path)) as client:
        ada = await sign_up(client, "ada")

        await asyncio.gather(*(attempt(client, ada.email, "wrong") for _ in range(4)))

        (row,) = await rows(client, select(users.c.failed_sign_ins, users.c.locked_until))
        assert tuple(row) == (4, None)


async def test_of_fifty_guesses_at_once_the_fifth_locks(database_url: str, tmp_path: Path) -> None:
    async with running(settings_for(database_url, tmp_path)) as client:
        ada = await sign_up(client, "ada")

        answers = await asyncio.gather(*(attempt(client, ada.email, "wrong") for _ in range(50)))

        assert {answer.status_code for answer in answers} == {401}
        assert (await event_names(client, ada.id)).count("AccountLocked") == 1
        assert (await attempt(client, ada.email)).status_code == 403


async def test_signing_in_leaves_the_profile_s_version_alone(
    client: httpx.AsyncClient, ada: Person
) -> None:
    before = (await ada.get("/users/me")).headers["etag"]

    await fail(client, ada.email, 3)
    await attempt(client, ada.email)

    assert (await ada.get("/users/me")).headers["etag"] == before


async def test_sign_ins_are_told_in_threes(client: httpx.AsyncClient, ada: Person) -> None:
    await fail(client, ada.email, 1)
    await attempt(client, ada.email)
    await set_user(client, ada.email, is_active=False)
    await attempt(client, ada.email)
    await attempt(client, "nobody@example.com")

    told = [name for name in await event_names(client, ada.id) if name.startswith("SignIn")]

    assert told[2:] == [
        *("SignInAttempted", "SignInFailed"),
        *("SignInAttempted", "SignInSucceeded"),
        *("SignInAttempted", "SignInFailed"),
    ]
    assert (await event_names(client))[-2:] == ["SignInAttempted", "SignInFailed"]


async def test_a_pair_of_tokens_is_never_kept_for_a_repetition(
    client: httpx.AsyncClient, ada: Person
) -> None:
    answers = [await attempt(client, ada.email, **{"Idempotency-Key": "once"}) for _ in range(2)]

    assert len({answer.json()["refresh_token"] for answer in answers}) == 2
    assert not await rows(client, select(idempotency_keys))


@pytest.mark.parametrize(
    "user_agent",
    [
        b"x" * 100_000,
        b"\xf0\x9f\x94\x91\xff\xfe",
        b"'; DROP TABLE sessions; --",
        b"\t\x7f\x1b[31m",
        b"a\0b",
    ],
)
async def test_a_long_or_hostile_user_agent_is_cut_and_kept(
    database_url: str, tmp_path: Path, user_agent: bytes
) -> None:
    async with running(settings_for(database_url, tmp_path)) as client:
        ada = await sign_up(client, "ada")

        answer = await client.post(
            "/sessions",
            json={"email": ada.email, "password": PASSWORD},
            headers=[(b"user-agent", user_agent)],
        )

        assert answer.status_code == 201
        longest = select(
            func.max(func.length(sessions.c.user_agent)).label("agent"),
            func.max(func.length(sessions.c.device_info)).label("device"),
        )
        (row,) = await rows(client, longest)
        assert row.agent <= 400
        assert row.device <= 100


async def test_a_forwarded_address_of_any_length_is_cut_and_kept(
    database_url: str, tmp_path: Path
) -> None:
    proxied = settings_for(database_url, tmp_path, trusted_proxies=["127.0.0.1/32"])
    async with running(proxied) as client:
        ada = await sign_up(client, "ada")

        answer = await attempt(client, ada.email, **{"X-Forwarded-For": "10.0.0.1" * 1_000})

        assert answer.status_code == 201
        (newest, _) = (await ada.get("/sessions")).json()["sessions"]
        assert len(newest["ip_address"]) <= 45


async def test_an_address_may_try_five_times_a_minute(sqlite_url: str, tmp_path: Path) -> None:
    limits = {"AUTH_LOGIN": "5/5", "AUTH_REGISTER": "9/9"}
    async with running(settings_for(sqlite_url, tmp_path, limits=limits)) as client:
        answers = [await attempt(client, f"nobody{number}@example.com") for number in range(6)]

    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == list("432100")
    assert int(answers[-1].headers["retry-after"]) > 0


async def test_an_account_may_be_tried_five_times_a_minute_from_all_addresses_together(
    sqlite_url: str, tmp_path: Path
) -> None:
    proxied = settings_for(
        sqlite_url,
        tmp_path,
        limits={"AUTH_LOGIN": "5/5"},
        trusted_proxies=["127.0.0.1/32"],
    )
    async with running(proxied) as client:
        answers = [
            await attempt(client, name, **{"X-Forwarded-For": f"10.0.0.{number}"})
            for number, name in enumerate(["ada@example.com", "ADA@example.com"] * 3)
        ]

    assert [answer.status_code for answer in answers] == [401] * 5 + [429]


async def test_a_hash_made_with_other_parameters_is_made_anew_by_the_next_sign_in(
    database_url: str, tmp_path: Path
) -> None:
    async with running(settings_for(database_url, tmp_path)) as client:
        ada = await sign_up(client, "ada")
    async with running(settings_for(database_url, tmp_path, argon2_memory_kib=16)) as client:
        answers = [await attempt(client, ada.email) for _ in range(2)]

        (row,) = await rows(client, select(users.c.password_hash))
        names = await event_names(client, ada.id)

    assert [answer.status_code for answer in answers] == [201, 201]
    assert "$m=16," in row.password_hash
    assert names.count("PasswordHashRenewed") == 1


async def test_sign_ins_at_once_make_a_hash_anew_and_none_of_them_fails(
    database_url: str, tmp_path: Path
) -> None:
    async with running(settings_for(database_url, tmp_path)) as client:
        ada = await sign_up(client, "ada")
    async with running(settings_for(database_url, tmp_path, argon2_time_cost=2)) as client:
        answers = await asyncio.gather(*(attempt(client, ada.email) for _ in range(4)))

    assert [answer.status_code for answer in answers] == [201] * 4


async def test_a_wrong_password_leaves_an_outdated_hash_as_it_is(
    sqlite_url: str, tmp_path: Path
) -> None:
    async with running(settings_for(sqlite_url, tmp_path)) as client:
        ada = await sign_up(client, "ada")
    async with running(settings_for(sqlite_url, tmp_path, argon2_memory_kib=16)) as client:
        await fail(client, ada.email, times=1)

        (row,) = await rows(client, select(users.c.password_hash))

    assert "$m=8," in row.password_hash
