"""Everything out of a ledger at the terminal, and back into an empty one."""

import json
import os
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import typer
from beancount import loader

from coffers.commands.export import print_pieces
from tests.commands.conftest import Cli
from tests.commands.test_spending import ADA, PASSWORD, ada, purse
from tests.exporting import undated

__all__ = ["ada", "purse"]
BOB = ("--user", "bob@example.com")


@pytest.fixture
def spent(run: Cli, purse: None) -> None:
    run("add", "12.50", "Lunch", *ADA, "--date", "2026-03-01")


def test_an_export_is_restored_as_it_was(run: Cli, spent: None, tmp_path: Path) -> None:
    file, again = tmp_path / "coffers.json", tmp_path / "again.json"
    run("user", "add", "bob@example.com", "--password", PASSWORD)

    out = run("export", *ADA, "--output", str(file))
    back = run("restore-export", str(file), *BOB)
    run("export", *BOB, "-o", str(again))

    assert out.exit_code == 0, out.output
    assert back.exit_code == 0, back.output
    assert "1 transactions" in back.output
    assert undated(again.read_text()) == undated(file.read_text())
    assert [each.name for each in tmp_path.glob(".*.unfinished")] == []


def test_an_account_that_has_something_is_not_overwritten(
    run: Cli, spent: None, tmp_path: Path
) -> None:
    file = tmp_path / "coffers.json"
    run("export", *ADA, "--output", str(file))

    back = run("restore-export", str(file), *ADA)

    assert back.exit_code == 1
    assert "empty" in back.output


def test_a_damaged_file_is_refused_with_its_row(run: Cli, spent: None, tmp_path: Path) -> None:
    file = tmp_path / "coffers.json"
    run("user", "add", "bob@example.com", "--password", PASSWORD)
    loaded = json.loads(run("export", *ADA).output)
    loaded["transactions"][0]["amount"] = "much"
    file.write_text(json.dumps(loaded))

    back = run("restore-export", str(file), *BOB)

    assert back.exit_code == 1
    assert "row 1 of transactions.amount" in back.output


def test_other_programs_get_their_own_form(run: Cli, spent: None) -> None:
    sheet = run("export", *ADA, "--format", "csv").output
    accounts = run("export", *ADA, "--format", "csv", "--table", "accounts").output
    ledger = run("export", *ADA, "--format", "beancount").output

    assert "Lunch,-12.50,EUR" in sheet
    assert "Purse,cash,EUR,87.50" in accounts
    assert loader.load_string(ledger)[1] == []


def test_a_file_that_cannot_be_written_is_not_blamed_on_the_database(
    run: Cli, spent: None, tmp_path: Path
) -> None:
    refused = run("export", *ADA, "--output", str(tmp_path / "nowhere" / "all.json"))

    assert refused.exit_code == 1
    assert "No such file or directory" in refused.stderr
    assert "database" not in refused.stderr


async def test_a_reader_who_has_seen_enough_ends_an_export_without_a_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def pieces() -> AsyncGenerator[bytes, None]:
        yield b"a line\n" * 100_000

    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as closed:
        monkeypatch.setattr(sys, "stdout", closed)

        with pytest.raises(typer.Exit):
            await print_pieces(pieces())
