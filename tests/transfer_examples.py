"""Transfers for the tests that are made from the registry."""

from tests.ledgers import ledger_of
from tests.people import Person
from tests.spendings import bank_account, ids_of, moved


async def two_legs(person: Person) -> dict[str, str]:
    """What left one account of this person and came into another."""
    async with ledger_of(person) as ledger:
        giro, savings = await bank_account(ledger, "giro"), await bank_account(ledger, "savings")
        await ledger.move(giro, moved("out", "-100.00"))
        await ledger.move(savings, moved("in", "100.00"))
    out, into = (await ids_of(person, giro))["out"], (await ids_of(person, savings))["in"]
    return {"outgoing_transaction_id": out, "incoming_transaction_id": into}


async def a_transfer(person: Person) -> str:
    made = await person.post("/transfers", await two_legs(person))
    return f"/transfers/{made.json()['id']}"
