"""Rules, their runs and edits over filters, for tests that need some."""

from typing import Any, Final

from coffers.domain.spending.categories import SYSTEM_CATEGORIES
from tests.people import Person

RESTAURANTS: Final = next(str(each.id) for each in SYSTEM_CATEGORIES if each.value == "restaurants")
PETS: Final = next(str(each.id) for each in SYSTEM_CATEGORIES if each.value == "pets")


def looks_for(text: str, match: str = "contains", field: str = "description") -> dict[str, Any]:
    """Conditions that ask for a text."""
    return {"texts": [{"field": field, "match": match, "text": text}]}


async def rule(
    person: Person,
    conditions: dict[str, Any] | None = None,
    actions: dict[str, Any] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A rule of this person's: coffee is for restaurants."""
    draft = {
        "name": "Coffee",
        "conditions": conditions or looks_for("coffee"),
        "actions": actions or {"category_id": RESTAURANTS},
    }
    answer = await person.post("/rules", draft | more)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def a_rule(person: Person) -> str:
    return f"/rules/{(await rule(person))['id']}"


async def every_rule(person: Person) -> object:
    listed = (await person.get("/rules")).json()["rules"]
    return {"rule_ids": [each["id"] for each in listed]}
