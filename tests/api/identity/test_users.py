import asyncio
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select

from coffers.infrastructure.db.identity.users import users
from tests.conftest import running, settings_for
from tests.letters import deliver
from tests.people import PASSWORD, Person, sign_up
from tests.rows import event_names, rows

PROFILE = {
    "id",
    "email",
    "username",
    "display_name",
    "base_currency",
    "time_zone",
    "roles",
    "is_verified",
    "created_at",
    "updated_at",
}


async def register(
    client: httpx.AsyncClient, email: str = "grace@example.com", password: str = PASSWORD
) -> httpx.Response:
    return await client.post("/users", json={"email": email, "password": password})


async def test_registration_answers_the_account_and_writes_a_letter(
    client: httpx.AsyncClient,
) -> None:
    answer = await register(client)

    body = answer.json()
    assert answer.status_code == 201
    assert set(body) == {"id", "email", "is_verified", "created_at"}
    assert (body["email"], body["is_verified"]) == ("grace@example.com", False)
    assert [letter.to for letter in await deliver(client)] == ["grace@example.com"]


async def test_registration_works_on_both_engines(database_url: str, tmp_path: Path) -> None:
    async with running(settings_for(database_url, tmp_path)) as client:
        grace = await sign_up(client, "grace")

        profile = await grace.get("/users/me")

        assert profile.json()["email"] == "grace@example.com"


async def test_a_password_is_kept_as_an_argon2id_hash(client: httpx.AsyncClient) -> None:
    await register(client)

    (row,) = await rows(client, select(users))

    assert row.password_hash.startswith("$argon2id$")
    assert PASSWORD not in str(row)


async def test_registering_a_taken_address_is_a_conflict(
    client: httpx.AsyncClient, ada: Person
) -> None:
    answer = await register(client, "ADA@example.com", "another long password")

    assert answer.status_code == 409
    assert answer.json()["type"].endswith("/errors/email_taken")
    assert (await event_names(client))[-2:] == ["RegistrationAttempted", "RegistrationFailed"]


async def test_of_many_registrations_of_an_address_at_once_one_succeeds(
    database_url: str, tmp_path: Path
) -> None:
    async with running(settings_for(database_url, tmp_path)) as client:
        answers = await asyncio.gather(*(register(client) for _ in range(8)))

        assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
        assert len(await rows(client, select(users))) == 1


@pytest.mark.parametrize(
    ("email", "password", "field"),
    [
        ("no address", PASSWORD, "email"),
        ("x" * 255 + "@example.com", PASSWORD, "email"),
        ("grace@example.com", "short", "password"),
        ("grace@example.com", "Password1", "password"),
        ("grace@example.com", "x" * 129, "password"),
        ("grace@example.com", "", "password"),
    ],
)
async def test_a_registration_that_breaks_a_rule_names_the_field_and_repeats_no_input(
    client: httpx.AsyncClient, email: str, password: str, field: str
) -> None:
    answer = await register(client, email, password)

    assert answer.status_code == 422
    (flaw,) = answer.json()["errors"]
    assert flaw["field"] == field
    assert len(password) < 5 or password not in answer.text


async def test_a_registration_repeated_with_its_key_happens_once(client: httpx.AsyncClient) -> None:
    body = {"email": "grace@example.com", "password": PASSWORD}
    headers = {"Idempotency-Key": "once"}

    first, second = [await client.post("/users", json=body, headers=headers) for _ in range(2)]

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert second.headers["idempotency-replayed"] == "true"


async def test_an_address_registers_three_times_a_minute(sqlite_url: str, tmp_path: Path) -> None:
    limits = {"AUTH_REGISTER": "3/3"}
    async with running(settings_for(sqlite_url, tmp_path, limits=limits)) as client:
        answers = [await register(client, f"ada{number}@example.com") for number in range(4)]

    assert [answer.status_code for answer in answers] == [201, 201, 201, 429]


async def test_a_profile_has_exactly_the_fields_of_the_contract(ada: Person) -> None:
    answer = await ada.get("/users/me")

    profile = answer.json()
    assert set(profile) == PROFILE
    assert (profile["roles"], profile["is_verified"]) == (["user"], True)
    assert (profile["username"], profile["display_name"]) == (None, None)
    assert (profile["base_currency"], profile["time_zone"]) == ("USD", "UTC")


async def test_a_profile_is_edited_field_by_field(client: httpx.AsyncClient, ada: Person) -> None:
    changes = {
        "username": "Ada.L",
        "display_name": "Ada Lovelace 🧮",
        "base_currency": "GBP",
        "time_zone": "Europe/London",
    }

    answer = await ada.patch("/users/me", changes)
    emptied = await ada.patch("/users/me", {"username": None, "display_name": None})

    assert answer.json().items() >= changes.items()
    assert (emptied.json()["username"], emptied.json()["base_currency"]) == (None, "GBP")
    assert (await ada.get("/users/me")).json() == emptied.json()
    assert (await event_names(client, ada.id)).count("ProfileChanged") == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"username": "ab"},
        {"username": "ada@example.com"},
        {"username": "x" * 31},
        {"display_name": ""},
        {"display_name": "  "},
        {"display_name": "x" * 101},
        {"base_currency": "XYZ"},
        {"base_currency": None},
        {"time_zone": "Europe/Atlantis"},
        {"time_zone": None},
        {"email": "eve@example.com"},
        {"roles": ["admin"]},
        {"is_verified": True},
        {"version": 7},
    ],
)
async def test_a_profile_edit_that_breaks_a_rule_changes_nothing(
    ada: Person, changes: dict[str, object]
) -> None:
    before = (await ada.get("/users/me")).content

    answer = await ada.patch("/users/me", changes)

    assert answer.status_code == 422
    assert (await ada.get("/users/me")).content == before


async def test_a_username_is_one_person_s_in_any_case_of_letters(
    database_url: str, tmp_path: Path
) -> None:
    async with running(settings_for(database_url, tmp_path)) as client:
        ada, eve = await sign_up(client, "ada"), await sign_up(client, "eve")
        await ada.patch("/users/me", {"username": "Lovelace"})

        answer = await eve.patch("/users/me", {"username": "LOVELACE"})

        assert answer.status_code == 409
        assert answer.json()["type"].endswith("/errors/username_taken")


async def test_readonly_people_do_not_edit_their_profile(client: httpx.AsyncClient) -> None:
    reader = await sign_up(client, "reader", "readonly")

    answer = await reader.patch("/users/me", {"display_name": "Reader"})

    assert answer.status_code == 403
    assert (await reader.get("/users/me")).status_code == 200


async def test_a_profile_that_is_known_already_is_not_sent_again(ada: Person) -> None:
    tag = (await ada.get("/users/me")).headers["etag"]

    known = await ada.get("/users/me", headers={"If-None-Match": tag})
    await ada.patch("/users/me", {"display_name": "Ada"})
    changed = await ada.get("/users/me", headers={"If-None-Match": tag})

    assert (known.status_code, known.content) == (304, b"")
    assert changed.status_code == 200


async def test_a_profile_edit_with_a_stale_etag_is_refused(ada: Person) -> None:
    etag = (await ada.get("/users/me")).headers["etag"]
    first = await ada.patch("/users/me", {"display_name": "Ada"}, headers={"If-Match": etag})

    second = await ada.patch("/users/me", {"display_name": "Eve"}, headers={"If-Match": etag})

    assert first.status_code == 200
    assert second.status_code == 412
    assert second.headers["content-type"] == "application/problem+json"
    assert (await ada.get("/users/me")).json()["display_name"] == "Ada"


async def test_of_fifty_edits_at_once_with_one_etag_one_succeeds(
    database_url: str, tmp_path: Path
) -> None:
    async with running(settings_for(database_url, tmp_path)) as client:
        ada = await sign_up(client, "ada")
        tag = {"If-Match": (await ada.get("/users/me")).headers["etag"]}

        answers = await asyncio.gather(
            *(
                ada.patch("/users/me", {"display_name": f"Ada {number}"}, headers=tag)
                for number in range(50)
            )
        )

        assert sorted(answer.status_code for answer in answers) == [200] + [412] * 49
        (won,) = [answer.json() for answer in answers if answer.status_code == 200]
        assert (await ada.get("/users/me")).json() == won
        assert (await event_names(client, ada.id)).count("ProfileChanged") == 1
