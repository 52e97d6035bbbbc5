"""Ledgers with something of everything, and their way out and back in."""

import json
from typing import Any

import httpx

from tests import brokers
from tests.people import Person
from tests.trading import a_depot, done, sold

STATEMENT = b"""Date,Description,Amount,Currency
2026-02-01,Coffee,-3.50,EUR
2026-02-01,Coffee,-3.50,EUR
2026-02-02,=HYPERLINK("http://evil"),-7.00,EUR
2026-02-03,Salary,2500.00,EUR
"""


async def fill(person: Person) -> None:
    """A broker's history, accounts kept by hand, an applied import, and what is said of them."""
    await brokers.sync(person, await brokers.link(person, "active-trader", alias='My "broker"'))
    await made(person.patch("/users/me", {"display_name": "Ada \u2764", "time_zone": "Asia/Tokyo"}))
    draft = {"name": "Purse", "account_type": "cash", "currency": "JPY"}
    await made(person.post("/accounts", draft | {"opening_balance": "1500"}))
    await apply(person, STATEMENT)
    rows = (await person.get("/transactions?q=Coffee")).json()["transactions"]
    await made(person.delete(f"/transactions/{rows[0]['id']}"), 204)
    await trade(person)
    rate = {"base_currency": "EUR", "quote_currency": "XAU", "date": "2026-03-02", "rate": "0.0004"}
    await made(person.post("/exchange-rates", {"exchange_rates": [rate]}))


async def trade(person: Person) -> None:
    """A contract of its own size, a position entered as it stands, a sale that names its lot."""
    mini = {"symbol": "MINI", "name": "Mini", "asset_type": "option", "currency": "USD"}
    await made(person.post("/assets", mini | {"multiplier": "10"}))
    depot = await a_depot(person)
    held = {"symbol": "MINI", "quantity": "3", "first_purchase_date": "2024-01-15"}
    await made(person.post(f"/accounts/{depot}/positions", held | {"average_cost": "1.25"}))
    came = await done(person, depot, subtype="transfer_in", acquired_date="2020-05-04")
    lots = [{"transaction_id": came["id"], "quantity": "4"}]
    await sold(person, depot, "4", "2026-02-02", lots=lots)


async def apply(person: Person, statement: bytes) -> dict[str, Any]:
    """Import a statement, all of it."""
    plan = await made(person.post("/imports", files={"file": ("statement.csv", statement)}))
    wish = {"plan_hash": plan["plan_hash"]}
    applied: dict[str, Any] = await made(person.post(f"/imports/{plan['id']}/application", wish))
    return applied


async def made(request: Any, *statuses: int) -> Any:  # Any: an awaitable, and JSON
    """The answer to a request that must go well."""
    answer: httpx.Response = await request
    assert answer.status_code in (statuses or (200, 201)), answer.text
    return answer.json() if answer.content else None


async def exported(person: Person) -> str:
    """Everything, as it comes."""
    answer = await person.get("/exports/json")
    assert answer.status_code == 200, answer.text
    return answer.text


async def restored(person: Person, file: str | bytes) -> httpx.Response:
    """What becomes of this file."""
    content = file.encode() if isinstance(file, str) else file
    return await person.request("POST", "/restorations", files={"file": ("coffers.json", content)})


def undated(file: str) -> str:
    """The file without the instant of its making."""
    at = json.loads(file)["exported_at"]
    return file.replace(f'"exported_at":"{at}"', '"exported_at":""', 1)


async def an_export(person: Person) -> object:
    """A form with everything that somebody has, in the parts that httpx takes."""
    return {"file": ("coffers.json", await exported(person))}
