"""The sandbox broker as tests meet it: linked by its login page, struck by faults on demand."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.people import Person
from tests.programs import NO_TLS

PASSWORDS = {
    "young-saver": "coffee-twice",
    "active-trader": "short-squeeze",
    "retiree": "four-currencies",
}


@dataclass(frozen=True)
class Broker:
    """A running sandbox and its admin calls."""

    url: str

    async def admin(self, method: str, path: str, **more: Any) -> Any:
        async with httpx.AsyncClient(base_url=self.url, timeout=30, verify=NO_TLS) as client:
            answer = await client.request(method, path, **more)
            answer.raise_for_status()
            return answer.json() if answer.content else None

    async def strike(self, fault: str, path: str = "/v1/*", times: int | None = None) -> None:
        """From now on, requests to this path meet this fault."""
        rule = {"path": path, "fault": fault, "times": times}
        await self.admin("POST", "/admin/faults", json=rule)

    async def relent(self) -> None:
        await self.admin("DELETE", "/admin/faults")

    async def calls(self) -> dict[str, Any]:
        counted: dict[str, Any] = await self.admin("GET", "/admin/calls")
        return counted


async def consent(authorization_url: str, persona: str) -> dict[str, str]:
    """Sign in on the broker's page and answer what it sends back: code and state, or an error."""
    form = {"username": persona, "password": PASSWORDS[persona]}
    async with httpx.AsyncClient(verify=NO_TLS) as browser:
        answer = await browser.post(authorization_url, data=form)
    assert answer.status_code == 303, answer.text
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    return {name: values[0] for name, values in query.items()}


async def link(person: Person, persona: str = "young-saver", **more: Any) -> dict[str, Any]:
    """Link the sandbox through its page; answers the connection."""
    begun = await person.post("/connections", {"provider_slug": "sandbox", **more})
    assert begun.status_code == 201, begun.text
    back = await consent(begun.json()["authorization_url"], persona)
    made = await person.post(
        "/connections/callback", {"code": back["code"], "state": back["state"]}
    )
    assert made.status_code == 201, made.text
    connection: dict[str, Any] = made.json()
    return connection


async def sync(person: Person, connection: dict[str, Any], **more: Any) -> httpx.Response:
    """Sync everything of a connection."""
    return await person.post(f"/connections/{connection['id']}/syncs", more)


async def ledger(person: Person) -> dict[str, Any]:
    """Everything that a sync may touch, without the instants of reading."""
    accounts = (await person.get("/accounts")).json()["accounts"]
    holdings = (await person.get("/holdings?active_only=false")).json()["holdings"]
    snapshots = (await person.get("/balance-snapshots")).json()["snapshots"]
    transactions = (await person.get("/transactions?limit=100")).json()
    return {
        "accounts": accounts,
        "holdings": holdings,
        "snapshots": snapshots,
        "transactions": transactions["transactions"],
        "count": transactions["total_count"],
    }
