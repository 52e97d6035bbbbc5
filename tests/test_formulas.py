"""The worked examples of docs/formulas.md, as they stand there."""

import doctest
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "formulas.md"


def test_every_worked_example_comes_out_as_written() -> None:
    results = doctest.testfile(str(PAGE), module_relative=False)

    assert results.attempted > 20
    assert not results.failed
