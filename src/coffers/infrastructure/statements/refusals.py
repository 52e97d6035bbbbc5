"""What the readers say when a value, or a whole file, is not what it must be."""

from coffers.domain.ledger.statements import RowProblem, StatementUnreadable


class FieldUnreadable(ValueError):
    """A value that its field cannot have; whoever knows the row turns it into a RowProblem."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def unreadable(
    code: str, message: str, *, field: str = "file", row: int = 0
) -> StatementUnreadable:
    """The refusal of a file for one reason; `message` completes the sentence "The file …"."""
    return refused([RowProblem(row, field, code, message)])


def refused(problems: list[RowProblem]) -> StatementUnreadable:
    """The refusal of a file for all these reasons, the first of them told in the detail."""
    first = problems[0]
    place = f"row {first.row}, {first.field}" if first.row else first.field
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    detail = f"Nothing was read because of {count}; in {place}: {first.message}"
    return StatementUnreadable(detail, rows=problems)
