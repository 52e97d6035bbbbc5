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


async def rule_run(person: Person, **asked: Any) -> dict[str, Any]:
    """The plan of a run."""
    answer = await person.post("/rule-runs", asked)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def bulk_edit(person: Person, wanted: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    """The plan of an edit over a filter."""
    answer = await person.post("/bulk-edits", {"filter": wanted, "edit": said})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def applied(person: Person, path: str) -> dict[str, Any]:
    """The plan at this path, applied as it stands."""
    plan_hash = (await person.get(path)).json()["plan_hash"]
    answer = await person.post(f"{path}/application", {"plan_hash": plan_hash})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def a_rule_run(person: Person) -> str:
    return f"/rule-runs/{(await rule_run(person))['id']}"


async def an_applied_rule_run(person: Person) -> str:
    path = await a_rule_run(person)
    await applied(person, path)
    return path


async def a_bulk_edit(person: Person) -> str:
    return f"/bulk-edits/{(await bulk_edit(person, {}, {'is_ignored': False}))['id']}"


async def an_applied_bulk_edit(person: Person) -> str:
    path = await a_bulk_edit(person)
    await applied(person, path)
    return path


async def the_run_looked_at(person: Person) -> object:
    return await _newest_hash(person, "/rule-runs", "rule_runs")


async def the_edit_looked_at(person: Person) -> object:
    return await _newest_hash(person, "/bulk-edits", "bulk_edits")


async def _newest_hash(person: Person, path: str, noun: str) -> object:
    """Of the person's newest plan; somebody without any has none to name."""
    plans = (await person.get(path)).json().get(noun, [])
    return {"plan_hash": plans[0]["plan_hash"] if plans else "0" * 64}
