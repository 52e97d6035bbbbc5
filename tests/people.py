"""People for tests: registered, verified and signed in over the API, as users are."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import httpx
from sqlalchemy import update

from coffers.application.identity.sign_ins import begin_session
from coffers.application.identity.users import DEFAULT_CURRENCY
from coffers.application.ports import Passwords
from coffers.domain.identity.users import Role
from coffers.domain.ids import UserId, new_id
from coffers.domain.live.events import Origin
from coffers.infrastructure.db.engines import open_engines
from coffers.infrastructure.db.identity.users import users
from coffers.services import Services
from tests.stores import user

PASSWORD: Final = "correct horse battery"
_HASHES: Final[list[str]] = []


@dataclass(frozen=True)
class Person:
    """Somebody signed in. `client` sends their access token along."""

    id: str
    email: str
    access_token: str
    refresh_token: str
    client: httpx.AsyncClient

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.access_token}"}

    async def get(self, path: str, **more: Any) -> httpx.Response:
        return await self.request("GET", path, **more)

    async def post(self, path: str, json: object = None, **more: Any) -> httpx.Response:
        return await self.request("POST", path, json=json, **more)

    async def patch(self, path: str, json: object, **more: Any) -> httpx.Response:
        return await self.request("PATCH", path, json=json, **more)

    async def put(self, path: str, json: object, **more: Any) -> httpx.Response:
        return await self.request("PUT", path, json=json, **more)

    async def delete(self, path: str, **more: Any) -> httpx.Response:
        return await self.request("DELETE", path, **more)

    async def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = self.headers | more.pop("headers", {})
        return await self.client.request(method, path, headers=headers, **more)


async def insisting(ask: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
    """What any client of a busy service does: come back when it is told to."""
    answer = await ask()
    for _ in range(20):
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            break
        await asyncio.sleep(0.5)
        answer = await ask()
    return answer


async def sign_up(
    client: httpx.AsyncClient, name: str, *roles: str, database_url: str | None = None
) -> Person:
    """Register `name`@example.com, confirm the address, give the roles if any, sign in.

    A service that is a process of its own needs its database to be named.
    """
    email = f"{name}@example.com"
    made = await client.post("/users", json={"email": email, "password": PASSWORD})
    assert made.status_code == 201, made.text
    url = database_url or client.app.state.settings.database  # type: ignore[attr-defined]  # set by `running`
    await _confirm(url, email, roles)
    return await sign_in(client, email)


async def settle(client: httpx.AsyncClient, name: str, *roles: str) -> Person:
    """Sign in somebody as registration leaves them, at half the price of `sign_up`."""
    services: Services = client.app.state.services  # type: ignore[attr-defined]  # set by `running`
    now = services.clock.now()
    person = replace(
        user(UserId(new_id()), name),
        base_currency=DEFAULT_CURRENCY,
        created_at=now,
        updated_at=now,
        password_hash=await _hashed(services.passwords),
        roles=frozenset(map(Role, roles or ["user"])),
    )
    origin = Origin(ip_address="127.0.0.1", user_agent="a test")
    uow = services.unit_of_work(origin, None)
    async with uow:
        await uow.users.add(person)
        pair = await begin_session(uow, services.access_tokens, person, origin, now)
        await uow.commit()
    return Person(str(person.id), person.email, pair.access_token, pair.refresh_token, client)


async def sign_in(client: httpx.AsyncClient, email: str, password: str = PASSWORD) -> Person:
    answer = await client.post("/sessions", json={"email": email, "password": password})
    assert answer.status_code == 201, answer.text
    pair = answer.json()
    headers = {"Authorization": f"Bearer {pair['access_token']}"}
    me = (await client.get("/users/me", headers=headers)).json()
    return Person(me["id"], email, pair["access_token"], pair["refresh_token"], client)


async def _confirm(url: str, email: str, roles: tuple[str, ...]) -> None:
    """Behind the API's back, as the operator's command line would do it."""
    values: dict[str, object] = {"is_verified": True}
    if roles:
        values["roles"] = frozenset(roles)
    async with open_engines(url) as engines, engines.write.begin() as connection:
        await connection.execute(update(users).where(users.c.email == email).values(values))


async def _hashed(passwords: Passwords) -> str:
    if not _HASHES:
        _HASHES.append(await passwords.hash(PASSWORD))
    return _HASHES[0]
