import uuid
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
import time_machine
from jose import jwt

from tests.conftest import running, settings_for
from tests.forgeries import RSA_PEM
from tests.people import Person, sign_in, sign_up
from tests.rows import event_names


@pytest.fixture
async def root(client: httpx.AsyncClient) -> Person:
    return await sign_up(client, "root", "admin")


async def refresh(client: httpx.AsyncClient, person: Person) -> httpx.Response:
    return await client.post("/tokens", json={"refresh_token": person.refresh_token})


async def rotate(person: Person, body: object = None) -> httpx.Response:
    return await person.post("/admin/security/rotations", body)


async def test_a_rotation_voids_everybody_s_refresh_tokens_at_once(
    database_url: str, tmp_path: Path
) -> None:
    async with running(settings_for(database_url, tmp_path)) as client:
        root, ada = await sign_up(client, "root", "admin"), await sign_up(client, "ada")

        answer = await rotate(root, {})

        body = answer.json()
        assert answer.status_code == 201
        assert body["tokens_valid_from"] == body["enforced_from"]
        assert (body["version"], body["grace_period_minutes"]) == (1, 0)
        assert [(await refresh(client, person)).status_code for person in (root, ada)] == [401, 401]
        fresh = await sign_in(client, ada.email)
        assert (await refresh(client, fresh)).status_code == 201


async def test_within_the_grace_period_old_tokens_are_traded_for_good_ones(
    client: httpx.AsyncClient,
) -> None:
    with time_machine.travel("2026-03-01T12:00:00Z", tick=True) as clock:
        root = await sign_up(client, "root", "admin")
        ada, eve = await sign_up(client, "ada"), await sign_up(client, "eve")
        clock.shift(timedelta(seconds=1))
        await rotate(root, {"grace_period_minutes": 10})
        clock.shift(timedelta(minutes=9))

        traded = await refresh(client, ada)
        clock.shift(timedelta(minutes=2))
        late = await refresh(client, eve)
        again = await client.post("/tokens", json={"refresh_token": traded.json()["refresh_token"]})

    assert [answer.status_code for answer in (traded, late, again)] == [201, 401, 201]


async def test_a_later_grace_period_never_revives_what_is_void(client: httpx.AsyncClient) -> None:
    with time_machine.travel("2026-03-01T12:00:00Z", tick=True) as clock:
        root, ada = await sign_up(client, "root", "admin"), await sign_up(client, "ada")
        clock.shift(timedelta(seconds=1))
        await rotate(root, {"grace_period_minutes": 0})
        eve = await sign_up(client, "eve")
        clock.shift(timedelta(seconds=1))
        await rotate(root, {"grace_period_minutes": 60})

        void, graced = await refresh(client, ada), await refresh(client, eve)

    assert (void.status_code, graced.status_code) == (401, 201)


async def test_the_configuration_tells_of_rotations_in_force_and_to_come(
    database_url: str, tmp_path: Path
) -> None:
    with time_machine.travel("2026-03-01T12:00:00Z", tick=True) as clock:
        async with running(settings_for(database_url, tmp_path)) as client:
            root = await sign_up(client, "root", "admin")
            before = await root.get("/admin/security/config")
            rotation = (await rotate(root, {"grace_period_minutes": 5})).json()
            during = await root.get("/admin/security/config")
            clock.shift(timedelta(minutes=6))
            after = await root.get("/admin/security/config")

    assert before.json() == {
        "version": 0,
        "tokens_valid_from": None,
        "pending_valid_from": None,
        "pending_enforced_from": None,
        "access_token_minutes": 15,
        "refresh_token_days": 30,
        "max_failed_sign_ins": 5,
        "lock_out_minutes": 15,
    }
    assert during.json()["pending_valid_from"] == rotation["tokens_valid_from"]
    assert during.json()["pending_enforced_from"] == rotation["enforced_from"]
    assert during.json()["tokens_valid_from"] is None
    assert after.json()["tokens_valid_from"] == rotation["tokens_valid_from"]
    assert after.json()["pending_valid_from"] is None
    tags = [answer.headers["etag"] for answer in (before, during, after)]
    assert len(set(tags)) == 3


async def test_one_person_s_rotation_voids_theirs_only(
    client: httpx.AsyncClient, root: Person
) -> None:
    ada, eve = await sign_up(client, "ada"), await sign_up(client, "eve")

    answer = await root.post(f"/admin/users/{ada.id}/rotations")

    assert answer.status_code == 201
    assert set(answer.json()) == {"user_id", "tokens_valid_from", "message"}
    assert answer.json()["user_id"] == ada.id
    assert [(await refresh(client, person)).status_code for person in (ada, eve)] == [401, 201]
    assert (await refresh(client, await sign_in(client, ada.email))).status_code == 201


async def test_rotations_are_told_in_threes(client: httpx.AsyncClient, root: Person) -> None:
    ada = await sign_up(client, "ada")

    await rotate(root)
    await root.post(f"/admin/users/{ada.id}/rotations")
    nobody = await root.post(f"/admin/users/{uuid.uuid4()}/rotations")

    assert nobody.status_code == 404
    assert (await event_names(client))[-4:] == [
        *("RotationAttempted", "RotationSucceeded"),
        *("UserRotationAttempted", "UserRotationFailed"),
    ]
    assert (await event_names(client, ada.id))[-2:] == [
        "UserRotationAttempted",
        "UserRotationSucceeded",
    ]


@pytest.mark.parametrize("minutes", [-1, 1_441, 2**40, 0.5, "5", True, None])
async def test_a_grace_period_lasts_a_day_at_most(root: Person, minutes: object) -> None:
    assert (await rotate(root, {"grace_period_minutes": 1_440})).status_code == 201
    assert (await rotate(root, {"grace_period_minutes": minutes})).status_code == 422


@pytest.mark.parametrize("role", ["user", "readonly"])
async def test_only_administrators_rotate(client: httpx.AsyncClient, role: str) -> None:
    person = await sign_up(client, "somebody", role)

    for answer in (
        await rotate(person, {}),
        await person.post(f"/admin/users/{person.id}/rotations"),
        await person.get("/admin/security/config"),
    ):
        assert answer.status_code == 403
    assert (await refresh(client, person)).status_code == 201


async def test_with_a_secret_the_key_set_is_empty(client: httpx.AsyncClient) -> None:
    answer = await client.get("http://test/.well-known/jwks.json")

    assert answer.json() == {"keys": []}
    assert answer.headers["cache-control"] == "public, max-age=300"


async def test_with_a_private_key_others_can_verify_our_tokens(
    sqlite_url: str, tmp_path: Path
) -> None:
    asymmetric = settings_for(sqlite_url, tmp_path, jwt_algorithm="RS256", secret_key=RSA_PEM)
    async with running(asymmetric) as client:
        ada = await sign_up(client, "ada")

        keys = (await client.get("http://test/.well-known/jwks.json")).json()

        claims = jwt.decode(ada.access_token, keys, "RS256", audience="coffers-api")
        assert claims["sub"] == ada.id
        assert (await ada.get("/users/me")).status_code == 200


async def test_after_a_change_of_keys_people_stay_signed_in(
    sqlite_url: str, tmp_path: Path
) -> None:
    old, new = "the first secret of this installation", "the second secret of this installation"
    async with running(settings_for(sqlite_url, tmp_path, secret_key=old)) as client:
        ada = await sign_up(client, "ada")
    changed = settings_for(sqlite_url, tmp_path, secret_key=new, previous_secret_keys=[old])
    dropped = settings_for(sqlite_url, tmp_path, secret_key=new)

    for settings, status in ((changed, 200), (dropped, 401)):
        async with running(settings) as client:
            answer = await client.get("/users/me", headers=ada.headers)
            assert answer.status_code == status
