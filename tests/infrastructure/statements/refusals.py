"""What a refusal of a file says, in short."""

from collections.abc import Callable

import pytest

from coffers.domain.ledger.statements import RowProblem, StatementUnreadable


def problems_of(read: Callable[[], object]) -> list[RowProblem]:
    """The problems for which it is refused."""
    with pytest.raises(StatementUnreadable) as refusal:
        read()
    assert 1 <= len(refusal.value.rows) <= 20
    return refusal.value.rows


def codes_of(read: Callable[[], object]) -> list[tuple[int, str, str]]:
    """The row, field and code of each problem."""
    return [(one.row, one.field, one.code) for one in problems_of(read)]


def code_of(read: Callable[[], object]) -> str:
    """The code of the only problem."""
    (problem,) = problems_of(read)
    return problem.code
