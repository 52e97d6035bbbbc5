"""GET /exports/csv."""

import csv
import io

import pytest

from tests import brokers
from tests.api.portability.test_beancount_exports import category, move, open_account
from tests.exporting import STATEMENT, apply, made
from tests.people import Person
from tests.trading import a_depot, done, sold

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def lines(person: Person, table: str = "transactions") -> list[dict[str, str]]:
    answer = await person.get(f"/exports/csv?table={table}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


async def test_a_split_has_a_line_for_each_part(ada: Person) -> None:
    purse = await open_account(ada, "Purse")
    food, home = await category(ada, "supermarket"), await category(ada, "home")
    parts = [
        {"amount": "-2.00", "category_id": food, "notes": "bread"},
        {"amount": "-1.50", "category_id": home},
    ]
    more = {"merchant": "Corner", "tags": ["b", "a"], "notes": "the rest"}
    made_here = await move(ada, purse, "-3.50", splits=parts, **more)

    first, second = await lines(ada)

    assert [first["id"], second["id"]] == [made_here["id"]] * 2
    assert [first["part"], second["part"]] == ["1 of 2", "2 of 2"]
    assert [first["amount"], second["amount"]] == ["-2.00", "-1.50"]
    assert [first["category"], second["category"]] == ["Supermarket", "Home"]
    assert [first["notes"], second["notes"]] == ["bread", "the rest"]
    assert (first["account"], first["merchant"], first["tags"]) == ("Purse", "Corner", "a; b")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "'quoted", '"a";\n=b,c'])
async def test_no_text_is_a_formula(ada: Person, text: str) -> None:
    purse = await open_account(ada, "Purse")
    await move(ada, purse, "-3.50", notes=text)

    (line,) = await lines(ada)

    assert line["amount"] == "-3.50"
    assert line["notes"].removeprefix("'") == text
    assert not line["notes"].startswith(("=", "+", "-", "@"))


async def test_a_sale_has_the_lots_that_it_names(ada: Person) -> None:
    depot = await a_depot(ada)
    came = await done(ada, depot, subtype="transfer_in", acquired_date="2020-05-04")
    lots = [{"transaction_id": came["id"], "quantity": "4"}]
    await sold(ada, depot, "4", "2026-02-02", lots=lots)

    first, second = await lines(ada)

    assert (first["acquired_date"], first["lots"]) == ("2020-05-04", "")
    assert (second["acquired_date"], second["lots"]) == ("", f"4.00000000 of {came['id']}")


async def test_the_lines_add_up_to_the_balance(ada: Person) -> None:
    await apply(ada, STATEMENT)

    texts = [line["description"] for line in await lines(ada)]

    assert texts == ["Coffee", "Coffee", '\'=HYPERLINK("http://evil")', "Salary"]


async def test_accounts_and_holdings_are_tables_too(saver: Person) -> None:
    await brokers.sync(saver, await brokers.link(saver))

    accounts, holdings = await lines(saver, "accounts"), await lines(saver, "holdings")

    shown = (await made(saver.get("/accounts")))["accounts"]
    assert [line["balance"] for line in accounts] == [one["balance_amount"] for one in shown]
    assert {line["is_active"] for line in accounts} == {"true"}
    assert {line["symbol"] for line in holdings} >= {"TMKX"}
    assert {line["account"] for line in holdings} <= {one["name"] for one in shown}


async def test_a_table_that_there_is_not_is_refused(ada: Person) -> None:
    assert (await ada.get("/exports/csv?table=sessions")).status_code == 422
