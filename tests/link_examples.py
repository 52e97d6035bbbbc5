"""What the tests made from the registry need of linking: connections to the sandbox, and bodies."""

from tests.brokers import consent, link
from tests.people import Person

#: For somebody who may not link: nothing has this id.
NOWHERE = {"connection_id": "0198c0de-5f00-7a10-8b3c-2f9d6e4a1b7c"}
#: By person; a second link for each call would use up their tokens.
_SYNCED: dict[str, str] = {}


async def a_provider(_: Person) -> str:
    return "/providers/sandbox"


async def a_connection(person: Person) -> str:
    return f"/connections/{(await link(person))['id']}"


async def an_account_to_sync(person: Person) -> str:
    connection = await _a_synced_connection(person)
    accounts = (await person.get(f"/connections/{connection}/accounts")).json()["accounts"]
    return f"/accounts/{accounts[0]['id']}"


async def a_link_to_begin(_: Person) -> object:
    return {"provider_slug": "sandbox"}


async def a_callback(person: Person) -> object:
    """What the sandbox's page sends back."""
    begun = await person.post("/connections", {"provider_slug": "sandbox"})
    if begun.status_code != 201:
        return {"code": "none", "state": "none"}
    return await consent(begun.json()["authorization_url"], "young-saver")


async def a_connection_to_sync(person: Person) -> object:
    may_link = person.id in _SYNCED or (await person.get("/users/me")).json()["roles"] == ["user"]
    if not may_link:
        return NOWHERE
    return {"connection_id": await _a_synced_connection(person), "force": True}


async def _a_synced_connection(person: Person) -> str:
    if person.id not in _SYNCED:
        connection = await link(person)
        made = await person.post("/accounts/syncs", {"connection_id": connection["id"]})
        assert made.status_code == 201, made.text
        _SYNCED[person.id] = connection["id"]
    return _SYNCED[person.id]
