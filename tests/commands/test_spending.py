"""Spending at a terminal: written down, looked at, held against budgets."""

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.commands.conftest import Cli, served
from tests.exporting import made
from tests.people import Person, sign_in

ADA = ("--user", "ada@example.com")
PASSWORD = "correct horse battery"
PURSE = {"name": "Purse", "account_type": "cash", "currency": "EUR", "opening_balance": "100"}

Asked = Callable[..., Awaitable[Any]]


@pytest.fixture
def ada(run: Cli) -> None:
    run("user", "add", "ada@example.com", "--password", PASSWORD)


async def as_ada(home: Path, work: Callable[[Person], Awaitable[Any]]) -> Any:
    async with served(home) as client:
        return await work(await sign_in(client, "ada@example.com", PASSWORD))


@pytest.fixture
async def purse(ada: None, home: Path) -> None:
    await as_ada(home, lambda person: made(person.post("/accounts", PURSE)))


def plain(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


async def rows(person: Person) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await made(person.get("/transactions")))["transactions"]
    return found


async def test_what_is_added_goes_out_of_the_only_account(
    run: Cli, purse: None, home: Path
) -> None:
    said = run(
        *("add", "12.50", "[b]Lunch", *ADA, "--category", "restaurants", "--date", "2026-03-01"),
        *("--merchant", "Corner", "--tag", "Work", "--tag", "out"),
    )

    assert said.exit_code == 0, said.output
    assert plain(said.output) == [
        "2026-03-01 -12.50 EUR [b]Lunch",
        "Purse now has 87.50 EUR.",
    ]
    (row,) = await as_ada(home, rows)
    assert (row["amount_value"], row["category"], row["merchant"]) == (
        "-12.50",
        "restaurants",
        "Corner",
    )
    assert row["tags"] == ["out", "work"]


async def test_an_unknown_balance_is_not_told_as_nothing(run: Cli, ada: None, home: Path) -> None:
    unknown = {name: value for name, value in PURSE.items() if name != "opening_balance"}
    await as_ada(home, lambda person: made(person.post("/accounts", unknown)))

    said = run("add", "5", "Lunch", *ADA)

    assert "Purse has no balance: nobody has said yet what it opened with." in said.output
    assert "now has" not in said.output


async def test_shares_are_bought_and_sold_and_no_more_than_there_are(
    run: Cli, purse: None, home: Path
) -> None:
    shares = ("--symbol", "acme", "--date", "2026-03-01", *ADA)

    bought = run("add", "54.95", "Acme", "--quantity", "5", "--commission", "4.95", *shares)
    sold = run("add", "+12", "Acme", "--quantity", "1", *shares)
    oversold = run("add", "+60", "Acme", "--quantity", "5", *shares)

    assert (bought.exit_code, sold.exit_code) == (0, 0), bought.output + sold.output
    assert oversold.exit_code == 1
    assert "there are 4.00000000, not 5.00000000" in " ".join(oversold.output.split())
    told = [(row["symbol"], row["subtype"], row["quantity"]) for row in await as_ada(home, rows)]
    assert told == [("ACME", "sell", "-1.00000000"), ("ACME", "buy", "5.00000000")]


@pytest.mark.parametrize(
    ("amount", "category", "wanted"),
    [
        ("5", None, "-5.00"),
        ("+5", None, "5.00"),
        ("5", "salary", "5.00"),
        ("5", "Gifts", "-5.00"),
        ("+5", "Gifts", "5.00"),
    ],
)
async def test_the_sign_is_what_a_person_means(
    amount: str, category: str | None, wanted: str, run: Cli, purse: None, home: Path
) -> None:
    options = () if category is None else ("--category", category)

    run("add", amount, "Something", *ADA, *options)

    (row,) = await as_ada(home, rows)
    assert row["amount_value"] == wanted


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("add", "ten", "Lunch"), "Not a decimal number"),
        (("add", "10", "Lunch", "--category", "food"), "There is no category food"),
        (("add", "10", "Lunch", "--account", "Chest"), "no account Chest"),
        (("add", "10", "Lunch", "--date", "tomorrow"), "date"),
    ],
)
def test_what_cannot_be_added_is_said_in_plain_words(
    arguments: tuple[str, ...], reason: str, run: Cli, purse: None
) -> None:
    said = run(*arguments, *ADA)

    assert said.exit_code != 0
    assert reason in said.output


async def test_several_accounts_have_to_be_told_apart(run: Cli, purse: None, home: Path) -> None:
    await as_ada(home, lambda person: made(person.post("/accounts", PURSE | {"name": "Jar"})))

    vague = run("add", "1", "Tea", *ADA)
    exact = run("add", "1", "Tea", *ADA, "--account", "jar")

    assert vague.exit_code == 1
    assert "Jar" in vague.output
    assert "Purse" in vague.output
    assert "Jar now has 99.00 EUR." in exact.output


def test_a_month_is_shown_by_category_beside_the_average(run: Cli, purse: None) -> None:
    for day, amount, category in [
        ("2026-01-10", "40", "supermarket"),
        ("2026-02-10", "60", "supermarket"),
        ("2026-03-01", "75", "supermarket"),
        ("2026-03-02", "25", "restaurants"),
        ("2026-03-03", "1000", "salary"),
    ]:
        run("add", amount, "Something", *ADA, "--date", day, "--category", category)

    said = run("spending", *ADA, "--month", "2026-03")

    assert said.exit_code == 0, said.output
    lines = plain(said.output)
    assert lines[0] == "March 2026 in EUR"
    assert [line for line in lines if "Supermarket" in line] == [
        f"🛒 Supermarket 75.00 {'█' * 24} 75 % 50.00 +50 %"
    ]
    assert [line for line in lines if "Restaurants" in line] == [
        f"🍽️ Restaurants 25.00 {'█' * 8} 25 % 0.00 new"
    ]
    assert "Spent 100.00 100 % 50.00 +100 %" in lines
    assert lines[-1] == "Earned 1 000.00, spent 100.00: 900.00 EUR left"
    assert "\x1b[" not in said.output


def test_a_month_without_anything_says_so(run: Cli, ada: None) -> None:
    said = run("spending", *ADA, "--month", "2026-03")

    assert plain(said.output) == ["Nothing was earned or spent in March 2026."]


async def test_budgets_are_shown_with_what_is_left(run: Cli, purse: None, home: Path) -> None:
    async def a_budget(person: Person) -> Any:
        found = (await made(person.get("/categories")))["categories"]
        food = next(each["id"] for each in found if each["value"] == "supermarket")
        draft = {"name": "Food", "amount": "200", "currency": "EUR", "period": "year"}
        return await made(
            person.post("/budgets", draft | {"starts_on": "2026-01-01", "category_ids": [food]})
        )

    await as_ada(home, a_budget)
    run("add", "50", "Something", *ADA, "--category", "supermarket")

    said = run("budget", *ADA)

    assert said.exit_code == 0, said.output
    line = next(line for line in plain(said.output) if line.startswith("Food"))
    assert re.search(r"50\.00 200\.00 150\.00 EUR █{6} 25 % (fine|too fast), \d+ days to go", line)


def test_without_a_budget_it_says_how_to_get_one(run: Cli, ada: None) -> None:
    assert "POST /budgets" in run("budget", *ADA).output


@pytest.mark.parametrize("command", ["spending", "budget", "export"])
def test_nobody_has_nothing(command: str, run: Cli) -> None:
    said = run(command, "--user", "eve")

    assert said.exit_code == 1
    assert "nobody called eve" in said.output
