import asyncio
import uuid
from pathlib import Path

import httpx
import pytest

from tests.conftest import running, settings_for
from tests.people import PASSWORD, Person, sign_in, sign_up
from tests.rows import event_names

FIELDS = {
    "id",
    "email",
    "username",
    "display_name",
    "roles",
    "is_verified",
    "is_active",
    "created_at",
    "updated_at",
}


@pytest.fixture
async def root(client: httpx.AsyncClient) -> Person:
    return await sign_up(client, "root", "admin")


async def names(person: Person, query: str = "") -> list[str]:
    listed = (await person.get(f"/users{query}")).json()["users"]
    return [user["email"].partition("@")[0] for user in listed]


async def test_administrators_see_everybody_newest_first(
    client: httpx.AsyncClient, root: Person
) -> None:
    await sign_up(client, "ada")

    body = (await root.get("/users")).json()

    assert set(body) == {"users", "total_count", "next_cursor"}
    assert [user["email"] for user in body["users"]] == ["ada@example.com", "root@example.com"]
    assert all(set(user) == FIELDS for user in body["users"])
    assert (body["total_count"], body["next_cursor"]) == (2, None)
    assert "password" not in str(body)


async def test_pages_follow_the_link_and_miss_nobody(database_url: str, tmp_path: Path) -> None:
    async with running(settings_for(database_url, tmp_path)) as client:
        root = await sign_up(client, "root", "admin")
        for number in range(4):
            await sign_up(client, f"ada{number}")
        seen, url = [], "/users?limit=2&role=user"

        while url:
            answer = await root.get(url)
            body = answer.json()
            assert body["total_count"] == 4
            seen += [user["email"][:4] for user in body["users"]]
            url = answer.links["next"]["url"] if body["next_cursor"] else ""
            assert not url or "role=user" in url

        assert seen == ["ada3", "ada2", "ada1", "ada0"]


async def test_the_list_is_narrowed_by_role_and_activation(
    client: httpx.AsyncClient, root: Person
) -> None:
    ada = await sign_up(client, "ada")
    await sign_up(client, "reader", "readonly")
    await root.patch(f"/users/{ada.id}", {"is_active": False})

    assert await names(root, "?role=admin") == ["root"]
    assert await names(root, "?role=readonly") == ["reader"]
    assert await names(root, "?is_active=false") == ["ada"]
    assert await names(root, "?role=user&is_active=true") == []
    for query in ("?role=root", "?is_active=perhaps", "?limit=101", "?limit=0", "?unknown=1"):
        assert (await root.get(f"/users{query}")).status_code == 422


async def test_a_cursor_belongs_to_its_asker_and_filter(
    client: httpx.AsyncClient, root: Person
) -> None:
    other = await sign_up(client, "other", "admin")
    cursor = (await root.get("/users?limit=1")).json()["next_cursor"]

    assert (await root.get(f"/users?limit=1&cursor={cursor}")).status_code == 200
    for person, query in ((other, ""), (root, "&role=admin"), (root, "&is_active=true")):
        assert (await person.get(f"/users?cursor={cursor}{query}")).status_code == 422
    for forged in ("x", cursor[:-3], cursor + "AAAA", "A" * 1_001):
        assert (await root.get(f"/users?cursor={forged}")).status_code == 422


@pytest.mark.parametrize("role", ["user", "readonly"])
async def test_nobody_else_sees_or_changes_people(
    client: httpx.AsyncClient, root: Person, role: str
) -> None:
    person = await sign_up(client, "somebody", role)

    assert (await person.get("/users")).status_code == 403
    assert (await person.get(f"/users/{root.id}")).status_code == 403
    assert (await person.patch(f"/users/{person.id}", {"roles": ["admin"]})).status_code == 403


async def test_given_roles_count_from_the_next_sign_in(
    client: httpx.AsyncClient, root: Person
) -> None:
    ada = await sign_up(client, "ada")

    answer = await root.patch(f"/users/{ada.id}", {"roles": ["admin", "user"]})

    assert answer.json()["roles"] == ["admin", "user"]
    assert (await ada.get("/users/me")).status_code == 401
    again = await sign_in(client, ada.email)
    assert (await again.get("/users")).status_code == 200
    assert (await event_names(client, ada.id)).count("UserChanged") == 1


async def test_a_deactivated_person_is_out_at_once_and_stays_out(
    client: httpx.AsyncClient, root: Person
) -> None:
    ada = await sign_up(client, "ada")
    assert (await ada.get("/users/me")).status_code == 200

    answer = await root.patch(f"/users/{ada.id}", {"is_active": False})

    assert answer.json()["is_active"] is False
    assert (await ada.get("/users/me")).status_code == 401
    refreshed = await client.post("/tokens", json={"refresh_token": ada.refresh_token})
    assert refreshed.status_code == 401
    body = {"email": ada.email, "password": PASSWORD}
    assert (await client.post("/sessions", json=body)).status_code == 403
    await root.patch(f"/users/{ada.id}", {"is_active": True})
    assert (await client.post("/sessions", json=body)).status_code == 201


async def test_what_changes_nothing_ends_no_session(
    client: httpx.AsyncClient, root: Person
) -> None:
    ada = await sign_up(client, "ada")

    await root.patch(f"/users/{ada.id}", {"is_active": True, "roles": ["user"]})

    assert (await ada.get("/users/me")).status_code == 200


@pytest.mark.parametrize("changes", [{"roles": ["user"]}, {"is_active": False}])
async def test_the_last_administrator_stays(
    client: httpx.AsyncClient, root: Person, changes: dict[str, object]
) -> None:
    other = await sign_up(client, "other", "admin")
    await root.patch(f"/users/{other.id}", {"is_active": False})

    answer = await root.patch(f"/users/{root.id}", changes)

    assert answer.status_code == 409
    assert answer.json()["type"].endswith("/errors/last_admin")
    assert (await root.get("/users")).status_code == 200


async def test_two_administrators_cannot_remove_each_other_at_once(
    database_url: str, tmp_path: Path
) -> None:
    async with running(settings_for(database_url, tmp_path)) as client:
        one, two = await sign_up(client, "one", "admin"), await sign_up(client, "two", "admin")

        answers = await asyncio.gather(
            one.patch(f"/users/{two.id}", {"roles": ["user"]}),
            two.patch(f"/users/{one.id}", {"roles": ["user"]}),
        )

        assert sorted(answer.status_code for answer in answers) == [200, 409]


@pytest.mark.parametrize(
    "changes",
    [
        {"roles": []},
        {"roles": ["root"]},
        {"roles": ["user"] * 4},
        {"roles": "admin"},
        {"is_active": "no"},
        {"is_active": 0},
        {"email": "x@example.com"},
        {"password": "x"},
    ],
)
async def test_only_roles_and_activation_can_be_changed(
    root: Person, changes: dict[str, object]
) -> None:
    assert (await root.patch(f"/users/{root.id}", changes)).status_code == 422


async def test_one_person_is_read_and_changed_by_version(
    client: httpx.AsyncClient, root: Person
) -> None:
    ada = await sign_up(client, "ada")
    first = await root.get(f"/users/{ada.id}")
    tag = {"If-Match": first.headers["etag"]}

    changed = await root.patch(f"/users/{ada.id}", {"roles": ["readonly"]}, headers=tag)
    stale = await root.patch(f"/users/{ada.id}", {"roles": ["user"]}, headers=tag)

    assert set(first.json()) == FIELDS
    assert (changed.status_code, stale.status_code) == (200, 412)
    now = await root.get(f"/users/{ada.id}")
    assert now.json() == changed.json()
    assert now.headers["etag"] == changed.headers["etag"]
    unchanged = await root.get(f"/users/{ada.id}", headers={"If-None-Match": now.headers["etag"]})
    assert unchanged.status_code == 304


async def test_nobody_is_not_found(root: Person) -> None:
    for answer in (
        await root.get(f"/users/{uuid.uuid4()}"),
        await root.patch(f"/users/{uuid.uuid4()}", {"is_active": False}),
    ):
        assert answer.status_code == 404
