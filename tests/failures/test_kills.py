"""The service, killed in the middle of writes: what was acknowledged is there, nothing is half."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx
import pytest
from sqlalchemy import select

from coffers.application.live.audit_log import AuditVerification, verify_audit_log
from coffers.infrastructure.clock import SystemClock
from coffers.infrastructure.db.engines import open_engines
from coffers.infrastructure.db.identity.users import users
from coffers.infrastructure.db.live.audit_log import SqlAuditLogs
from coffers.infrastructure.db.reader import Reader
from tests.nursery import ForkedService
from tests.people import PASSWORD, Person, sign_up
from tests.programs import NO_TLS
from tests.service_processes import Service
from tests.working import until

ROUNDS: Final = 20 if os.environ.get("TORTURE") else 1
WRITERS: Final = 6
ALIVE_S: Final = 0.7


@dataclass
class Written:
    """What clients know when the service is gone."""

    acknowledged: list[str] = field(default_factory=list)
    #: Whose answer never came.
    unknown: list[str] = field(default_factory=list)
    #: The last name that an edit acknowledged, and the one that was under way.
    name: str | None = None
    next_name: str | None = None


@pytest.fixture
async def service(database_url: str, tmp_path: Path) -> AsyncIterator[Service]:
    started = ForkedService(tmp_path, database_url=database_url)
    await asyncio.to_thread(started.start)
    yield started
    started.close()


@pytest.mark.torture
async def test_a_killed_service_has_lost_nothing_and_halved_nothing(
    service: Service, database_url: str
) -> None:
    async with httpx.AsyncClient(base_url=service.api, timeout=20, verify=NO_TLS) as client:
        ada = await sign_up(client, "ada", database_url=database_url)
    everybody: list[str] = []
    written = Written()
    for number in range(ROUNDS):
        written = await _write_until_killed(service, ada, number, Written(name=written.name))
        await asyncio.to_thread(service.start)
        async with httpx.AsyncClient(base_url=service.api, timeout=20, verify=NO_TLS) as client:
            again = [await _register(client, email) for email in written.acknowledged]
            settled = [await _register(client, email) for email in written.unknown]
            profile = await client.get("/users/me", headers=ada.headers)

        everybody += [*written.acknowledged, *written.unknown]
        assert written.acknowledged
        assert {answer.headers.get("idempotency-replayed") for answer in again} == {"true"}
        assert {answer.status_code for answer in settled} <= {201}
        assert profile.json()["display_name"] in {written.name, written.next_name}
        assert Counter(await _emails(database_url)) == Counter(everybody)
        verified = await _verify(database_url)
        assert verified.is_intact, verified.first_break
        assert verified.chains_checked == len(everybody) + 2  # Ada's and the system's


async def _write_until_killed(
    service: Service, ada: Person, number: int, written: Written
) -> Written:
    async with httpx.AsyncClient(base_url=service.api, timeout=20, verify=NO_TLS) as client:
        writing = [
            asyncio.create_task(_register_on(client, written, f"kill-{number}-{writer}"))
            for writer in range(WRITERS)
        ]
        writing.append(asyncio.create_task(_edit_on(client, written, ada, f"Ada {number}")))
        await asyncio.sleep(ALIVE_S)
        await until(lambda: bool(written.acknowledged), within_s=20)
        await asyncio.to_thread(service.kill)
        await asyncio.gather(*writing)
    return written


async def _register_on(client: httpx.AsyncClient, written: Written, name: str) -> None:
    for count in range(10_000):
        email = f"{name}-{count}@example.com"
        try:
            answer = await _register(client, email)
        except httpx.TransportError:
            written.unknown.append(email)
            return
        assert answer.status_code == 201, answer.text
        written.acknowledged.append(email)


async def _edit_on(client: httpx.AsyncClient, written: Written, ada: Person, name: str) -> None:
    for count in range(10_000):
        written.next_name = f"{name} {count}"
        edit = {"display_name": written.next_name}
        try:
            answer = await client.patch("/users/me", json=edit, headers=ada.headers)
        except httpx.TransportError:
            return
        assert answer.status_code == 200, answer.text
        written.name = written.next_name


async def _register(client: httpx.AsyncClient, email: str) -> httpx.Response:
    newcomer = {"email": email, "password": PASSWORD}
    return await client.post("/users", json=newcomer, headers={"Idempotency-Key": email})


async def _emails(url: str) -> list[str]:
    async with open_engines(url) as engines, engines.read.connect() as connection:
        made = select(users.c.email).where(users.c.email.like("kill-%"))
        return [row.email for row in await connection.execute(made)]


async def _verify(url: str) -> AuditVerification:
    async with open_engines(url) as engines:
        return await verify_audit_log(SqlAuditLogs(Reader(engines)), SystemClock())
