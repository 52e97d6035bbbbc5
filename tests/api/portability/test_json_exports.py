"""GET /exports/json."""

import pytest

from tests.brokers import link, sync
from tests.people import Person

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECRETS = ("password", "token", "sealed", "hash", "session", "credential", "api_key")


async def test_an_export_has_everything_with_exact_decimals(ada: Person) -> None:
    made = await ada.post(
        "/accounts",
        {"name": "Cash", "account_type": "cash", "currency": "JPY", "opening_balance": "1500"},
    )

    answer = await ada.get("/exports/json")

    file = answer.json()
    assert answer.headers["content-disposition"].startswith('attachment; filename="coffers-')
    assert file["format"] == "coffers"
    assert file["version"] == 1
    assert file["profile"] == {"base_currency": "USD", "time_zone": "UTC"} | {"display_name": None}
    assert [row["id"] for row in file["accounts"]] == [made.json()["id"]]
    assert file["accounts"][0]["balance"] == "1500"
    assert file["counts"]["accounts"] == 1


async def test_no_secret_leaves(saver: Person) -> None:
    await sync(saver, await link(saver))
    await saver.post("/api-keys", {"name": "script", "scopes": ["read"]})

    file = (await saver.get("/exports/json")).json()

    lists = [rows for rows in file.values() if isinstance(rows, list)]
    named = {name for rows in lists for row in rows for name in row}
    assert not [name for name in named if any(word in name for word in SECRETS)]
    assert all(row["account_number"].isascii() for row in file["accounts"])
    assert {row["status"] for row in file["connections"]} == {"expired"}
