from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import time_machine

from tests.conftest import running, settings_for
from tests.letters import deliver, token_mailed_to
from tests.people import PASSWORD, Person, sign_in, sign_up
from tests.rows import event_names, set_user

NEXT = "another long password"


async def change(
    person: Person, current: str = PASSWORD, new: str = NEXT, **more: object
) -> httpx.Response:
    body = {"current_password": current, "new_password": new}
    return await person.put("/users/me/password", body, **more)


async def attempt(client: httpx.AsyncClient, email: str, password: str) -> int:
    body = {"email": email, "password": password}
    return (await client.post("/sessions", json=body)).status_code


async def reset(client: httpx.AsyncClient, token: str, password: str = NEXT) -> httpx.Response:
    return await client.post("/password-resets", json={"token": token, "new_password": password})


async def token_for(client: httpx.AsyncClient, email: str) -> str:
    await deliver(client)
    asked = await client.post("/password-reset-tokens", json={"email": email})
    assert asked.status_code == 201
    return await token_mailed_to(client, email)


def slug(answer: httpx.Response) -> str:
    return str(answer.json()["type"].rpartition("/")[2])


async def test_a_changed_password_opens_and_the_old_one_does_not(
    client: httpx.AsyncClient, ada: Person
) -> None:
    answer = await change(ada)

    assert (answer.status_code, answer.content) == (204, b"")
    assert await attempt(client, ada.email, NEXT) == 201
    assert await attempt(client, ada.email, PASSWORD) == 401


async def test_a_change_ends_every_other_session_at_once(
    client: httpx.AsyncClient, ada: Person
) -> None:
    other, eve = await sign_in(client, ada.email), await sign_up(client, "eve")
    assert (await other.get("/users/me")).status_code == 200

    await change(ada)

    assert (await other.get("/users/me")).status_code == 401
    refreshed = await client.post("/tokens", json={"refresh_token": other.refresh_token})
    assert refreshed.status_code == 401
    assert (await ada.get("/users/me")).status_code == 200
    assert (await eve.get("/users/me")).status_code == 200
    mine = await client.post("/tokens", json={"refresh_token": ada.refresh_token})
    assert mine.status_code == 201


async def test_a_change_needs_the_current_password(client: httpx.AsyncClient, ada: Person) -> None:
    answer = await change(ada, current="wrong")

    assert (answer.status_code, slug(answer)) == (403, "wrong_password")
    assert await attempt(client, ada.email, PASSWORD) == 201
    told = await event_names(client, ada.id)
    assert "PasswordChangeFailed" in told
    assert "PasswordChangeSucceeded" not in told


async def test_a_stolen_access_token_is_no_way_to_guess_the_password(
    client: httpx.AsyncClient, ada: Person
) -> None:
    for _ in range(5):
        await change(ada, current="wrong")

    right = await change(ada)

    assert (right.status_code, slug(right)) == (403, "account_locked")
    assert await attempt(client, ada.email, PASSWORD) == 403


async def test_a_weak_new_password_is_refused_before_anything_is_asked(
    client: httpx.AsyncClient, ada: Person
) -> None:
    answer = await change(ada, current="wrong", new="short")

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "new_password"
    assert "PasswordChangeAttempted" not in await event_names(client, ada.id)


async def test_readonly_people_may_change_their_password(client: httpx.AsyncClient) -> None:
    reader = await sign_up(client, "reader", "readonly")

    assert (await change(reader)).status_code == 204


async def test_the_profile_s_version_is_not_the_password_s(ada: Person) -> None:
    before = (await ada.get("/users/me")).headers["etag"]

    await change(ada)

    assert (await ada.get("/users/me")).headers["etag"] == before


async def test_a_letter_sets_a_new_password_and_ends_every_session(
    database_url: str, tmp_path: Path
) -> None:
    async with running(settings_for(database_url, tmp_path)) as client:
        ada = await sign_up(client, "ada")
        other = await sign_in(client, ada.email)
        assert (await other.get("/users/me")).status_code == 200

        answer = await reset(client, await token_for(client, ada.email))

        assert answer.status_code == 201
        assert set(answer.json()) == {"message"}
        for person in (ada, other):
            assert (await person.get("/users/me")).status_code == 401
            body = {"refresh_token": person.refresh_token}
            assert (await client.post("/tokens", json=body)).status_code == 401
        assert await attempt(client, ada.email, PASSWORD) == 401
        assert await attempt(client, ada.email, NEXT) == 201


async def test_a_reset_is_told_in_threes(client: httpx.AsyncClient, ada: Person) -> None:
    token = await token_for(client, ada.email)
    await reset(client, token)
    await reset(client, token)

    told = [name for name in await event_names(client, ada.id) if name.startswith("PasswordReset")]

    assert told == [
        "PasswordResetRequested",
        "PasswordResetAttempted",
        "PasswordResetSucceeded",
    ]
    assert (await event_names(client))[-2:] == ["PasswordResetAttempted", "PasswordResetFailed"]


@pytest.mark.parametrize("token", ["x", "x" * 43, "x" * 512])
async def test_a_token_that_nobody_was_sent_resets_nothing(
    client: httpx.AsyncClient, token: str
) -> None:
    answer = await reset(client, token)

    assert (answer.status_code, slug(answer)) == (400, "token_invalid")


async def test_a_reset_token_works_once_within_an_hour(client: httpx.AsyncClient) -> None:
    with time_machine.travel("2026-03-01T12:00:00Z", tick=True) as clock:
        ada = await sign_up(client, "ada")
        late = await token_for(client, ada.email)
        clock.shift(timedelta(hours=1, seconds=1))
        expired = await reset(client, late)
        token = await token_for(client, ada.email)
        clock.shift(timedelta(minutes=59))

        first, second = await reset(client, token), await reset(client, token)

    assert [answer.status_code for answer in (expired, first, second)] == [400, 201, 400]


async def test_a_later_letter_makes_the_earlier_one_void(
    client: httpx.AsyncClient, ada: Person
) -> None:
    first = await token_for(client, ada.email)
    second = await token_for(client, ada.email)

    assert (await reset(client, first)).status_code == 400
    assert (await reset(client, second)).status_code == 201


async def test_a_weak_password_does_not_use_the_token_up(
    client: httpx.AsyncClient, ada: Person
) -> None:
    token = await token_for(client, ada.email)

    weak = await reset(client, token, "short")

    assert weak.status_code == 422
    assert (await reset(client, token)).status_code == 201


async def test_a_verification_token_resets_no_password(client: httpx.AsyncClient) -> None:
    await client.post("/users", json={"email": "grace@example.com", "password": PASSWORD})
    token = await token_mailed_to(client, "grace@example.com")

    assert (await reset(client, token)).status_code == 400


async def test_a_reset_unlocks_but_neither_verifies_nor_activates(
    client: httpx.AsyncClient, ada: Person
) -> None:
    for _ in range(5):
        await attempt(client, ada.email, "wrong")
    await set_user(client, ada.email, is_verified=False)

    await reset(client, await token_for(client, ada.email))

    answer = await client.post("/sessions", json={"email": ada.email, "password": NEXT})
    assert slug(answer) == "email_not_verified"


async def test_the_answer_is_always_the_same_and_nobody_inactive_gets_a_letter(
    client: httpx.AsyncClient, ada: Person
) -> None:
    gone = await sign_up(client, "gone")
    await set_user(client, gone.email, is_active=False)
    await deliver(client)

    answers = [
        await client.post("/password-reset-tokens", json={"email": email})
        for email in (ada.email, gone.email, "nobody@example.com")
    ]

    assert {(answer.status_code, answer.content) for answer in answers} == {
        (201, answers[0].content)
    }
    assert [letter.to for letter in await deliver(client)] == [ada.email]
