"""Assets and prices for the tests that are made from the registry."""

from uuid import uuid4

from tests.people import Person


async def asset_of(person: Person, **changes: object) -> str:
    """An asset of this person's own, of a symbol that nothing else has; answers its id."""
    draft = {
        "symbol": f"X{uuid4().hex[:12]}",
        "name": "Cellar Fund",
        "asset_type": "other",
        "currency": "EUR",
    }
    made = await person.post("/assets", draft | changes)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def an_asset(person: Person) -> str:
    return f"/assets/{await asset_of(person)}"


async def a_price(person: Person) -> str:
    path = f"{await an_asset(person)}/prices/2026-01-30"
    kept = await person.put(path, {"close": "175.50"})
    assert kept.status_code == 200, kept.text
    return path


async def an_action(person: Person) -> str:
    path = f"{await an_asset(person)}/corporate-actions"
    made = await person.post(path, {"date": "2026-03-02", "kind": "dividend", "amount": "5"})
    return f"{path}/{made.json()['id']}"


async def _any_asset(person: Person) -> str:
    """An asset of this person's own, if they may have one."""
    me = (await person.get("/users/me")).json()
    return str(uuid4()) if me["roles"] == ["readonly"] else await asset_of(person)


async def a_meaning(person: Person) -> object:
    return {"symbol": "AAPL", "currency": "EUR", "asset_id": await _any_asset(person)}


async def some_prices(person: Person) -> object:
    price = {"asset_id": await _any_asset(person), "date": "2026-01-30", "close": "175.50"}
    return {"prices": [price]}


async def a_file_of_prices(person: Person) -> object:
    """A form, in the parts that httpx takes."""
    content = b"date,close\n2026-01-30,175.50\n"
    return {"file": ("prices.csv", content), "asset_id": (None, await _any_asset(person))}
