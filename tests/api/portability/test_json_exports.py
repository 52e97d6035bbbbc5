"""GET /exports/json."""

from tests.people import Person


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
