"""Deleting movements: what a provider reports stands, everything else may go."""

from collections.abc import Awaitable, Callable

import pytest

from tests.ledgers import ledger_of, movement
from tests.people import Person
from tests.statements import coffee, dumped, imported, ofx

pytestmark = pytest.mark.asyncio(loop_scope="module")

Enrol = Callable[..., Awaitable[Person]]


async def only_transaction(person: Person) -> str:
    (found,) = (await person.get("/transactions")).json()["transactions"]
    return f"/transactions/{found['id']}"


async def test_an_imported_movement_can_be_deleted(eve: Person) -> None:
    await imported(eve, ofx(coffee(id="a")))

    gone = await eve.delete(await only_transaction(eve))

    assert gone.status_code == 204
    tables = await dumped(eve)
    assert tables["transactions"] == []
    (tombstone,) = tables["transaction_tombstones"]
    assert (tombstone["kind"], tombstone["key"]) == ("id", "a")


async def test_what_a_provider_reports_cannot_be_deleted(ada: Person) -> None:
    async with ledger_of(ada) as ledger:
        await ledger.move(await ledger.account(), movement())

    refused = await ada.delete(await only_transaction(ada))

    assert refused.status_code == 409
    assert refused.json()["type"].endswith("/errors/transaction_reported")


async def test_only_the_version_that_was_read_is_deleted(ada: Person) -> None:
    await imported(ada, ofx(coffee()))
    path = await only_transaction(ada)

    assert (await ada.delete(path, headers={"If-Match": '"7"'})).status_code == 412
    etag = (await ada.get(path)).headers["etag"]
    assert (await ada.delete(path, headers={"If-Match": etag})).status_code == 204


async def test_another_s_movement_is_forbidden_and_none_is_not_found(
    ada: Person, enrol: Enrol
) -> None:
    await imported(ada, ofx(coffee()))
    path, bob = await only_transaction(ada), await enrol("bob")

    assert (await bob.delete(path)).status_code == 403
    await ada.delete(path)
    assert (await ada.delete(path)).status_code == 404
