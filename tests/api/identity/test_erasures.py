"""Erasure, proven by walking every table that the catalogue knows."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Integer,
    LargeBinary,
    String,
    Table,
    Uuid,
    insert,
    select,
)

from coffers.domain.ids import SYSTEM
from coffers.infrastructure.db.engines import open_engines
from coffers.infrastructure.db.live.events import chains, events
from coffers.infrastructure.db.tables import METADATA
from coffers.infrastructure.db.types import ExactDecimal, Json, UTCDateTime, Words
from tests.conftest import running, settings_for
from tests.letters import deliver, token_mailed_to
from tests.people import PASSWORD, Person, sign_in, sign_up
from tests.rows import event_names, rows, set_user, url_of

#: In every text of hers.
MARK = "lovelace"
EMAIL = f"{MARK}@example.com"
#: Tables without an owner: what is nobody's, and two that the erasure treats by name.
OWNERLESS = {"security_rotations", "users", "idempotency_keys", "reference_rates"}


async def erase(person: Person, password: str = PASSWORD, **more: Any) -> httpx.Response:
    return await person.post("/users/me/erasures", {"password": password}, **more)


async def move_in(client: httpx.AsyncClient) -> Person:
    """Somebody with a row in every table that has owners, and a mark in every text of hers."""
    headers = {"User-Agent": MARK, "Idempotency-Key": "once"}
    body = {"email": EMAIL, "password": PASSWORD}
    await client.post("/users", json=body, headers=headers)
    token = await token_mailed_to(client, EMAIL)
    await client.post("/email-verifications", json={"token": token}, headers=headers)
    ada = await sign_in(client, EMAIL)
    await ada.patch("/users/me", {"username": MARK, "display_name": MARK}, headers=headers)
    await ada.post("/api-keys", {"name": MARK, "scopes": ["read"]}, headers=headers)
    await client.post("/password-reset-tokens", json={"email": EMAIL}, headers=headers)
    owned = [table for table in METADATA.sorted_tables if "user_id" in table.c]
    async with open_engines(url_of(client)) as engines, engines.write.begin() as connection:
        for table in owned:
            if table not in {chains, events}:
                await connection.execute(insert(table).values(_row(table, UUID(ada.id))))
    return ada


def _row(table: Table, user_id: UUID) -> dict[str, object]:
    return {column.name: _value(column) for column in table.c} | {"user_id": user_id}


def _value(column: Column[Any]) -> object:  # Any: a column of any type
    kind = column.type
    if isinstance(kind, String):
        return f"{uuid4().hex[:6]}{MARK}"[: kind.length]
    made: dict[type, object] = {
        Uuid: uuid4(),
        UTCDateTime: datetime.now(UTC),
        ExactDecimal: Decimal(1),
        Json: {"name": MARK},
        Words: frozenset({MARK}),
        LargeBinary: MARK.encode(),
        Boolean: True,
        Integer: 1,
        Date: date(2026, 3, 1),
    }
    return next((made[known] for known in made if isinstance(kind, known)), f"{MARK}-text")


async def found(client: httpx.AsyncClient, *traces: str) -> set[str]:
    """Where any of these still stands: `table.column`."""
    places = set()
    async with open_engines(url_of(client)) as engines, engines.read.connect() as connection:
        for table in METADATA.sorted_tables:
            for row in await connection.execute(select(table)):
                places |= {
                    f"{table.name}.{name}"
                    for name, value in row._mapping.items()
                    if any(trace in _text(value) for trace in traces)
                }
    return places


def _text(value: object) -> str:
    return value.decode("latin-1").lower() if isinstance(value, bytes) else str(value).lower()


def test_every_table_has_an_owner_or_is_known_to_have_none() -> None:
    ownerless = {table.name for table in METADATA.sorted_tables if "user_id" not in table.c}

    assert ownerless == OWNERLESS


async def test_nothing_of_the_user_is_left_in_any_table(database_url: str, tmp_path: Path) -> None:
    async with running(settings_for(database_url, tmp_path)) as client:
        ada, eve = await move_in(client), await sign_up(client, "eve")
        owned = {table.name for table in METADATA.sorted_tables if "user_id" in table.c}
        before = await found(client, ada.id, UUID(ada.id).hex)
        assert {place.partition(".")[0] for place in before} >= owned | {"idempotency_keys"}

        answer = await erase(ada, headers={"Idempotency-Key": f"{MARK}-leaves"})

        assert (answer.status_code, answer.content) == (204, b"")
        assert await found(client, MARK) == set()
        # That there was somebody with this id, and how their chain ended, is the system's to know.
        assert await found(client, ada.id, UUID(ada.id).hex) == {"events.subject_id"}
        told = await rows(client, select(events).where(events.c.subject_id == UUID(ada.id)))
        assert {row.user_id for row in told} == {SYSTEM}
        assert {row.actor_id or row.ip_address or row.user_agent for row in told} == {None}
        assert (await eve.get("/users/me")).status_code == 200


async def test_the_system_s_chain_keeps_the_length_and_the_last_hash(
    client: httpx.AsyncClient, ada: Person
) -> None:
    chain = select(events).where(events.c.user_id == UUID(ada.id)).order_by(events.c.sequence)
    last = (await rows(client, chain))[-1]

    await erase(ada)

    (told,) = await rows(client, select(events).where(events.c.name == "UserErased"))
    assert told.user_id == SYSTEM
    assert last.hash in told.details
    assert f":{last.sequence}" in told.details
    assert await event_names(client, ada.id) == []


async def test_the_audit_log_still_verifies(client: httpx.AsyncClient, ada: Person) -> None:
    root = await sign_up(client, "root", "admin")

    await erase(ada)

    verified = (await root.get("/admin/audit-log/verification")).json()
    assert verified["is_intact"], verified
    assert verified["chains_erased"] == 1


async def test_access_refresh_and_keys_end_at_once(client: httpx.AsyncClient, ada: Person) -> None:
    other = await sign_in(client, ada.email)
    key = (await ada.post("/api-keys", {"name": "script", "scopes": ["read"]})).json()["key"]
    by_key = {"Authorization": f"Bearer {key}"}
    for headers in (other.headers, by_key):
        assert (await client.get("/users/me", headers=headers)).status_code == 200

    await erase(ada)

    for headers in (ada.headers, other.headers, by_key):
        assert (await client.get("/users/me", headers=headers)).status_code == 401
    for person in (ada, other):
        body = {"refresh_token": person.refresh_token}
        assert (await client.post("/tokens", json=body)).status_code == 401
    body = {"email": ada.email, "password": PASSWORD}
    assert (await client.post("/sessions", json=body)).status_code == 401


async def test_an_erased_session_stays_shut_after_a_restart(
    sqlite_url: str, tmp_path: Path
) -> None:
    settings = settings_for(sqlite_url, tmp_path)
    async with running(settings) as client:
        ada = await sign_up(client, "ada")
        await erase(ada)

    async with running(settings) as client:
        assert (await client.get("/users/me", headers=ada.headers)).status_code == 401


async def test_letters_to_somebody_who_left_are_not_written(
    client: httpx.AsyncClient, ada: Person
) -> None:
    await deliver(client)
    await client.post("/password-reset-tokens", json={"email": ada.email})

    await erase(ada)

    assert await deliver(client) == []


async def test_the_address_and_the_username_are_free_again(
    client: httpx.AsyncClient, ada: Person
) -> None:
    await ada.patch("/users/me", {"username": "lovelace"})
    await erase(ada)

    again = await sign_up(client, "ada")

    assert again.id != ada.id
    assert (await again.patch("/users/me", {"username": "lovelace"})).status_code == 200


async def test_leaving_needs_the_password(client: httpx.AsyncClient, ada: Person) -> None:
    answer = await erase(ada, "wrong")

    assert answer.status_code == 403
    assert answer.json()["type"].endswith("/errors/wrong_password")
    assert (await ada.get("/users/me")).status_code == 200
    assert (await event_names(client, ada.id))[-2:] == ["ErasureAttempted", "ErasureFailed"]


async def test_guessing_the_password_locks_the_account(
    client: httpx.AsyncClient, ada: Person
) -> None:
    for _ in range(5):
        await erase(ada, "wrong")

    answer = await erase(ada)

    assert answer.json()["type"].endswith("/errors/account_locked")
    assert (await ada.get("/users/me")).status_code == 200


async def test_readonly_people_do_not_erase_themselves(client: httpx.AsyncClient) -> None:
    reader = await sign_up(client, "reader", "readonly")

    assert (await erase(reader)).status_code == 403
    assert (await reader.get("/users/me")).status_code == 200


async def test_of_two_erasures_at_once_both_end_well(database_url: str, tmp_path: Path) -> None:
    async with running(settings_for(database_url, tmp_path)) as client:
        ada = await sign_up(client, "ada")

        answers = await asyncio.gather(*(erase(ada) for _ in range(2)))

        statuses = sorted(answer.status_code for answer in answers)
        assert statuses[0] == 204
        assert statuses[1] in {204, 401}
        assert await rows(client, select(chains).where(chains.c.user_id == UUID(ada.id))) == []


@pytest.mark.parametrize("round_", range(3))
async def test_whoever_writes_for_the_user_meanwhile_leaves_nothing_behind(
    database_url: str, tmp_path: Path, round_: int
) -> None:
    async with running(settings_for(database_url, tmp_path)) as client:
        ada = await sign_up(client, MARK)

        await asyncio.gather(*_writers(client, ada), _later(erase(ada), 0.005 * round_))

        last = await erase(ada)
        assert last.status_code in {204, 401}
        assert await found(client, MARK) == set()
        assert await found(client, ada.id, UUID(ada.id).hex) <= {"events.subject_id"}


def _writers(client: httpx.AsyncClient, ada: Person) -> Iterator[Any]:  # Any: coroutines
    credentials = {"email": ada.email, "password": PASSWORD}
    for number in range(4):
        yield ada.patch("/users/me", {"display_name": f"{MARK} {number}"})
        yield ada.post("/api-keys", {"name": MARK, "scopes": ["read"]})
        yield client.post("/sessions", json=credentials, headers={"User-Agent": MARK})
        yield client.post("/password-reset-tokens", json={"email": ada.email})


async def _later(work: Any, seconds: float) -> httpx.Response:  # Any: a coroutine
    await asyncio.sleep(seconds)
    answer: httpx.Response = await work
    return answer


async def test_an_inactive_person_has_no_way_to_leave_but_keeps_their_rows(
    client: httpx.AsyncClient, ada: Person
) -> None:
    await set_user(client, ada.email, is_active=False)
    await ada.delete("/sessions/current")

    assert (await erase(ada)).status_code == 401
