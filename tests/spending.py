"""Money earned and spent, for tests: written down over the API, as its owner does it."""

from datetime import date
from typing import Any, Final
from uuid import UUID

from coffers.domain.spending.categories import SYSTEM_CATEGORIES
from tests.people import Person

MONDAY: Final = date(2026, 3, 2)
#: The system's, by value; `gifts` is the expense.
CATEGORY: Final = {each.value: str(each.id) for each in reversed(SYSTEM_CATEGORIES)}


async def purse(person: Person, currency: str = "USD", name: str = "Purse") -> UUID:
    """An account kept by hand."""
    draft = {"name": name, "account_type": "cash", "currency": currency}
    answer = await person.post("/accounts", draft)
    assert answer.status_code == 201, answer.text
    return UUID(answer.json()["id"])


async def enter(
    person: Person, account: UUID, amount: str, on: date = MONDAY, **more: Any
) -> dict[str, Any]:
    """A movement; `category` is the value of one of the system's."""
    if "category" in more:
        more["category_id"] = CATEGORY[more.pop("category")]
    draft = {"account_id": str(account), "amount": amount, "transaction_date": str(on)}
    answer = await person.post("/transactions", draft | {"description": "Something"} | more)
    assert answer.status_code == 201, answer.text
    entered: dict[str, Any] = answer.json()
    return entered


async def report(person: Person, path: str, **query: Any) -> Any:
    """An answer of /reports."""
    answer = await person.get(f"/reports/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def amounts(view: dict[str, Any]) -> tuple[str, str]:
    """What was earned and spent."""
    return view["earned"], view["spent"]
