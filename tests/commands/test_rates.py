from pathlib import Path

import pytest

from tests.commands.conftest import Cli

DAILY = "Date, USD, JPY, \n20 November 2026, 1.1200, 176.10, \n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "eurofxref.csv"
    path.write_text(DAILY)
    return path


def test_later_rates_are_loaded_once(run: Cli, file: Path) -> None:
    first, again = (run("rates", "load", str(file)) for _ in range(2))

    assert (first.exit_code, again.exit_code) == (0, 0)
    assert "2 rates were new; the newest are of 2026-11-20" in first.output
    assert "0 rates were new" in again.output


def test_a_file_that_is_none_of_the_bank_s_is_refused(run: Cli, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("<html>")

    refused = run("rates", "load", str(tmp_path / "page.html"))

    assert refused.exit_code == 1


def test_the_doctor_says_how_new_the_rates_are(run: Cli, file: Path) -> None:
    run("rates", "load", str(file))

    assert "the newest published ones are of 2026-11-20" in run("doctor").output
