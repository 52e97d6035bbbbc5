"""Importing at a terminal: the plan first, then the question, then the ledger."""

import json
import re
import shlex
from pathlib import Path

import pytest

from tests.api.ledger.test_card_imports import card
from tests.commands.conftest import Cli, served
from tests.dumps import dump
from tests.people import Person, sign_in
from tests.statements import CSV_LAYOUT, Line, coffee, csv_of, ledger, ofx

ADA = ("--user", "ada@example.com")
PASSWORD = "correct horse battery"


@pytest.fixture
def ada(run: Cli) -> None:
    run("user", "add", "ada@example.com", "--password", PASSWORD)


@pytest.fixture
def statement(tmp_path: Path) -> Path:
    file = tmp_path / "bank.ofx"
    file.write_bytes(ofx(coffee(id="a"), coffee(id="b", name="[red]Tea"), balance="9.00"))
    return file


async def movements(home: Path) -> list[str]:
    async with served(home) as client:
        person = await sign_in(client, "ada@example.com", PASSWORD)
        return [row[2] for row in await ledger(person)]


async def counts(home: Path) -> dict[str, int]:
    tables = await dump(f"sqlite+aiosqlite:///{home / 'coffers.sqlite3'}")
    return {name: len(rows) for name, rows in tables.items()}


@pytest.mark.usefixtures("ada")
async def test_a_statement_is_shown_and_imported(run: Cli, home: Path, statement: Path) -> None:
    done = run("import", str(statement), *ADA, "--yes")

    assert done.exit_code == 0, done.output
    assert "bank.ofx (ofx)" in done.output
    assert "new: 2" in done.output
    assert "[red]Tea" in done.output
    assert "9.00" in done.output
    assert await movements(home) == ["Coffee", "[red]Tea"]


@pytest.mark.usefixtures("ada")
async def test_again_it_brings_nothing_and_a_reversal_takes_it_back(
    run: Cli, home: Path, statement: Path
) -> None:
    first = run("import", str(statement), *ADA, "--yes")
    again = run("import", str(statement), *ADA, "--yes")
    told = [re.search(r"take it back: coffers (.+)\n", done.output) for done in (again, first)]

    reverted = [run(*shlex.split(found[1])) for found in told if found]

    assert "new:" not in again.output
    assert [done.exit_code for done in reverted] == [0, 0]
    assert set((await counts(home)).values()) == {0}


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(
    ("answer", "exit_code", "rows"), [("y\n", 0, 2), ("n\n", 1, 0), ("", 1, 0)]
)
async def test_it_asks_before_it_applies(
    run: Cli, home: Path, statement: Path, answer: str, exit_code: int, rows: int
) -> None:
    done = run("import", str(statement), *ADA, input=answer)

    assert done.exit_code == exit_code
    assert "Apply this?" in done.output
    assert (await counts(home))["transactions"] == rows


@pytest.mark.usefixtures("ada")
async def test_a_dry_run_changes_nothing_and_leaves_no_plan(
    run: Cli, home: Path, statement: Path
) -> None:
    done = run("import", str(statement), *ADA, "--dry-run")

    assert done.exit_code == 0
    assert "new: 2" in done.output
    assert set((await counts(home)).values()) == {0}
    async with served(home) as client:
        person = await sign_in(client, "ada@example.com", PASSWORD)
        assert (await person.get("/imports")).json()["total_count"] == 0


@pytest.mark.usefixtures("ada")
async def test_csv_goes_by_a_layout_to_the_account_that_is_named(
    run: Cli, home: Path, tmp_path: Path
) -> None:
    file, layout = tmp_path / "bank.csv", tmp_path / "layout.json"
    file.write_bytes(csv_of(coffee(), coffee()))
    layout.write_text(json.dumps(CSV_LAYOUT))
    wallet = await make_account(home, "Wallet")

    there = ("--mapping", str(layout), "--account")
    by_name = run("import", str(file), *ADA, *there, "wallet", "--yes")
    by_id = run("import", str(file), *ADA, *there, wallet, "--yes")

    assert (by_name.exit_code, by_id.exit_code) == (0, 0), by_name.output
    assert "Wallet" in by_name.output
    assert await movements(home) == ["Coffee", "Coffee"]


async def make_account(home: Path, name: str) -> str:
    async with served(home) as client:
        person: Person = await sign_in(client, "ada@example.com", PASSWORD)
        draft = {"name": name, "account_type": "checking", "currency": "USD"}
        return str((await person.post("/accounts", draft)).json()["id"])


@pytest.mark.usefixtures("ada")
async def test_an_account_that_is_not_clear_is_refused(
    run: Cli, home: Path, statement: Path
) -> None:
    ids = [await make_account(home, "Wallet") for _ in range(2)]

    unclear = run("import", str(statement), *ADA, "--account", "Wallet", "--yes")
    unknown = run("import", str(statement), *ADA, "--account", "Purse", "--yes")

    assert (unclear.exit_code, unknown.exit_code) == (1, 1)
    assert all(account_id in unclear.output for account_id in ids)
    assert await movements(home) == []


@pytest.mark.usefixtures("ada")
async def test_a_card_s_balance_that_may_be_a_debt_is_asked_about(
    run: Cli, home: Path, tmp_path: Path
) -> None:
    file = tmp_path / "card.ofx"
    file.write_bytes(card("50.25"))

    unclear = run("import", str(file), *ADA, "--yes")
    told = run("import", str(file), *ADA, "--owed", "positive", "--yes")

    assert "is left out: a debt or money in credit?" in unclear.output
    assert "The balance 50.25 of credit card …4111 is turned" in told.output
    (snapshot,) = (await dump(f"sqlite+aiosqlite:///{home / 'coffers.sqlite3'}"))[
        "balance_snapshots"
    ]
    assert str(snapshot["balance"]) == "-50.25"


@pytest.mark.usefixtures("ada")
def test_a_file_that_cannot_be_read_is_explained_row_by_row(run: Cli, tmp_path: Path) -> None:
    file = tmp_path / "bad.ofx"
    file.write_bytes(ofx(coffee(amount="NaN"), coffee(), coffee(amount="1E+999")))

    done = run("import", str(file), *ADA, "--yes")

    assert done.exit_code == 1
    assert "row 1, TRNAMT" in done.output
    assert "row 3, TRNAMT" in done.output


@pytest.mark.usefixtures("ada")
def test_conflicts_are_shown(run: Cli, tmp_path: Path, statement: Path) -> None:
    run("import", str(statement), *ADA, "--yes")
    other = tmp_path / "other.ofx"
    other.write_bytes(ofx(Line(amount="-400.00", id="a")))

    done = run("import", str(other), *ADA, "--yes")

    assert "conflict: 1" in done.output
    assert "the id is known with another amount" in done.output


def test_nobody_and_nothing_to_import_are_refused(run: Cli, statement: Path) -> None:
    nobody = run("import", str(statement), *ADA, "--yes")
    nothing = run("import", *ADA)
    nowhere = run("import", "no/such/file", *ADA)

    assert (nobody.exit_code, nothing.exit_code, nowhere.exit_code) == (1, 2, 2)
    assert "ada@example.com" in nobody.output
