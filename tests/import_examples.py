"""What the routes of imports speak of."""

import json

from tests.people import Person
from tests.statements import CSV_LAYOUT, coffee, csv_of, imported, ofx, planned


async def a_plan(person: Person) -> str:
    return f"/imports/{(await planned(person, ofx(coffee())))['id']}"


async def an_applied_import(person: Person) -> str:
    return f"/imports/{(await imported(person, ofx(coffee())))['id']}"


async def a_statement(_: Person) -> object:
    """A form, in the parts that httpx takes."""
    return {"file": ("statement.ofx", ofx(coffee()))}


async def a_layout_to_try(_: Person) -> object:
    return {
        "file": ("statement.csv", csv_of(coffee())),
        "mapping": (None, json.dumps(CSV_LAYOUT)),
    }


async def the_plan_looked_at(person: Person) -> object:
    """The hash of the newest plan, or of none."""
    plans = (await person.get("/imports", params={"limit": 1})).json().get("imports", [])
    return {"plan_hash": plans[0]["plan_hash"] if plans else "0" * 64}
