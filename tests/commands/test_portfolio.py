"""Portfolios drawn at a terminal."""

from pathlib import Path

import pytest

from tests.commands.conftest import Cli, served
from tests.people import sign_in
from tests.portfolio_examples import a_portfolio

ADA = ("--user", "ada@example.com")
PASSWORD = "correct horse battery"


@pytest.fixture
def ada(run: Cli) -> None:
    run("user", "add", "ada@example.com", "--password", PASSWORD)


@pytest.fixture
async def shares(ada: None, home: Path) -> None:
    async with served(home) as client:
        await a_portfolio(await sign_in(client, "ada@example.com", PASSWORD))


async def test_a_portfolio_is_drawn_with_what_it_is_made_of_and_what_it_earned(
    run: Cli, shares: None
) -> None:
    said = run("portfolio", *ADA, "--period", "max")

    assert said.exit_code == 0, said.output
    lines = [" ".join(line.split()) for line in said.output.splitlines() if line.strip()]
    assert lines[0].startswith("Shares in USD, ")
    assert lines[1] == "Asset type Value Weight"
    assert lines[3].startswith("equity 1 750.00 ████")
    assert lines[3].endswith(" 94.6 %")
    assert lines[4].startswith("cash_equivalent 100.00 █")
    assert any("▁" in line and "█" in line and line.startswith("2026-02-01") for line in lines)
    assert any(line.startswith("Since 2026-02-01: 250.00 USD") for line in lines)


async def test_a_portfolio_is_chosen_by_its_name_in_any_case(run: Cli, shares: None) -> None:
    assert run("portfolio", "SHARES", *ADA).exit_code == 0
    assert "no portfolio called bonds" in run("portfolio", "bonds", *ADA).output


def test_without_a_portfolio_it_says_how_to_make_one(run: Cli, ada: None) -> None:
    said = run("portfolio", *ADA)

    assert said.exit_code != 0
    assert "POST /portfolios" in said.output
