"""Accounts kept by hand for tests: opened, filled and read over the API."""

from typing import Any, Final

from coffers.domain.spending.categories import SYSTEM_CATEGORIES
from tests.people import Person

Row = dict[str, Any]

#: The system's categories by kind and value.
CATEGORY: Final = {f"{each.kind}/{each.value}": str(each.id) for each in SYSTEM_CATEGORIES}
FOOD: Final = CATEGORY["expense/supermarket"]
MEALS: Final = CATEGORY["expense/restaurants"]
SALARY: Final = CATEGORY["income/salary"]


async def a_purse(person: Person, opening_balance: str | None = "100.00", **more: Any) -> str:
    """The id of a new account; None: nobody says what it opened with."""
    draft = {"name": "Purse", "account_type": "cash", "currency": "USD"} | more
    if opening_balance is not None:
        draft["opening_balance"] = opening_balance
    made = await person.post("/accounts", draft)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def an_entry(account_id: str, amount: str = "-3.50", **more: Any) -> Row:
    entry = {"amount": amount, "transaction_date": "2026-03-01", "description": "Coffee"}
    return {"account_id": account_id} | entry | more


async def entered(person: Person, account_id: str, amount: str = "-3.50", **more: Any) -> Row:
    made = await person.post("/transactions", an_entry(account_id, amount, **more))
    assert made.status_code == 201, made.text
    row: Row = made.json()
    return row


async def edited(person: Person, row: Row, **changes: Any) -> Row:
    answer = await person.patch(f"/transactions/{row['id']}", changes)
    assert answer.status_code == 200, answer.text
    changed: Row = answer.json()
    return changed


async def refused(person: Person, row: Row, **changes: Any) -> tuple[int, str]:
    """The status, and the slug of the problem or the field that it names."""
    answer = await person.patch(f"/transactions/{row['id']}", changes)
    return answer.status_code, why(answer.json())


def why(problem: Row) -> str:
    errors = problem.get("errors")
    return str(errors[0]["field"] if errors else problem["type"].rpartition("/")[2])


async def the_account(person: Person, account_id: str) -> Row:
    account: Row = (await person.get(f"/accounts/{account_id}")).json()
    return account


async def balance(person: Person, account_id: str) -> str | None:
    amount: str | None = (await the_account(person, account_id))["balance_amount"]
    return amount


async def snapshots(person: Person, account_id: str) -> list[tuple[str, str]]:
    """Balance and source, newest first."""
    answer = (await person.get(f"/accounts/{account_id}/balance-snapshots")).json()
    return [(each["balance"], each["source"]) for each in answer["snapshots"]]


async def told_of(person: Person) -> list[str]:
    """The names of what happened, oldest first."""
    names: list[str] = []
    query: dict[str, Any] = {"limit": 100}
    while True:
        page = (await person.get("/changes", params=query)).json()
        names += [each["name"] for each in page["changes"]]
        if not page["has_more"]:
            return names
        query["cursor"] = page["next_cursor"]
