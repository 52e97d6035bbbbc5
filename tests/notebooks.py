"""Accounts kept by hand over the API, and what is written down in them."""

from typing import Any

from tests.people import Person, insisting


async def notebook(person: Person, **changes: Any) -> str:
    """The id of an account kept by hand."""
    draft = {"name": "Cash", "account_type": "cash", "currency": "USD"}
    made = await person.post("/accounts", draft | changes)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def written(person: Person, account_id: str, **changes: Any) -> str:
    """The id of a movement: a coffee of 3.50, unless something else is said."""
    draft = {
        "account_id": account_id,
        "amount": "-3.50",
        "transaction_date": "2026-03-01",
        "description": "Coffee",
    }
    made = await insisting(lambda: person.post("/transactions", draft | changes))
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def movement_of(person: Person, transaction_id: str) -> dict[str, Any]:
    """The movement as it is shown."""
    shown: dict[str, Any] = (await person.get(f"/transactions/{transaction_id}")).json()
    return shown


async def movements(person: Person) -> list[dict[str, Any]]:
    """All there are, newest first, up to a hundred."""
    listed = (await person.get("/transactions?limit=100")).json()
    rows: list[dict[str, Any]] = listed["transactions"]
    return rows


def said_of(row: dict[str, Any]) -> dict[str, Any]:
    """What annotations there are."""
    names = ("category_id", "merchant", "notes", "tags", "is_ignored", "is_transfer")
    return {name: row[name] for name in (*names, "splits", "annotated_by")}
