"""One pass over one file: problems are gathered row by row, and any of them refuses it whole."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Final

from coffers.domain.currencies import MINOR_UNITS
from coffers.domain.statements import RowProblem
from coffers.infrastructure.statements.amounts import PLAIN, POINT, Marks, amount_of
from coffers.infrastructure.statements.refusals import FieldUnreadable, refused, unreadable
from coffers.infrastructure.statements.text import CONTROL

MAX_PROBLEMS: Final = 20
MAX_ROWS: Final = 50_000
MAX_ROW_CHARACTERS: Final = 10_000
MAX_DESCRIPTION_CHARACTERS: Final = 500
#: OFX 2.2, 3.2.3: the longest identifier, a FITID; the other formats stay far below.
MAX_ID_CHARACTERS: Final = 255

_NOTHING: Final = Decimal(0)


class Reading:
    """Reads values of the current `row`.

    A value that cannot be read is remembered as a problem and replaced by a stand-in, which never
    gets out: `finish` raises StatementUnreadable if there was any problem, `refuse` at the 20th.
    """

    def __init__(self, *, day: Callable[[str], date], marks: Marks | None = POINT) -> None:
        self.row = 0
        self._rows = 0
        self._day = day
        self._marks = marks
        self._plain = marks == POINT
        self._days: dict[str, date] = {}
        self._problems: list[RowProblem] = []

    def begin_row(self, row: int) -> None:
        """Go on to this row; raises StatementUnreadable at the first beyond MAX_ROWS."""
        self.row = row
        self._rows += 1
        if self._rows > MAX_ROWS:
            raise unreadable("too_many_rows", f"a file has at most {MAX_ROWS} rows.", row=row)

    def amount(self, text: str, field: str) -> Decimal:
        """The number of a field that must have one."""
        if self._plain and PLAIN.fullmatch(text):
            return Decimal(text)
        try:
            return amount_of(text, self._marks)
        except FieldUnreadable as error:
            self.refuse(field, error.code, error.message)
            return _NOTHING

    def amount_if_any(self, text: str | None, field: str) -> Decimal | None:
        """The number of a field that may be absent or empty."""
        return self.amount(text, field) if text else None

    def day(self, text: str, field: str) -> date:
        """The date of a field that must have one."""
        known = self._days.get(text)
        if known is not None:
            return known
        try:
            return self._days.setdefault(text, self._day(text))
        except FieldUnreadable as error:
            self.refuse(field, error.code, error.message)
            return date.min

    def day_if_any(self, text: str | None, field: str) -> date | None:
        """The date of a field that may be absent or empty; zeros are how some banks leave it empty."""
        return self.day(text, field) if text and text.strip("0") else None

    def check_text(self, text: str, field: str) -> None:
        """Refuse a row that no statement contains: overlong, or with characters that are not text."""
        if len(text) > MAX_ROW_CHARACTERS:
            self.refuse(field, "too_long", f"a row has at most {MAX_ROW_CHARACTERS} characters.")
        elif CONTROL.search(text):
            self.refuse(field, "control_character", "there is a character that is not text.")

    def identifier(self, text: str | None, field: str) -> str | None:
        """The source's own id of a row, None when it is empty."""
        if text and len(text) > MAX_ID_CHARACTERS:
            self.refuse(field, "too_long", f"an id has at most {MAX_ID_CHARACTERS} characters.")
        return text or None

    def currency(self, text: str, field: str) -> str:
        """The ISO 4217 code of a field that must have one."""
        code = text.upper()
        if code not in MINOR_UNITS:
            self.refuse(field, "not_a_currency", "this is not the ISO 4217 code of a currency.")
        return code

    def refuse(self, field: str, code: str, message: str) -> None:
        """Remember a problem of the current row; raises StatementUnreadable when there are enough."""
        self._problems.append(RowProblem(self.row, field, code, message))
        if len(self._problems) >= MAX_PROBLEMS:
            raise refused(self._problems)

    def finish(self) -> None:
        """Raise StatementUnreadable if anything was wrong."""
        if self._problems:
            raise refused(self._problems)


def described(text: str) -> str:
    """A description as the ledger keeps it."""
    return text[:MAX_DESCRIPTION_CHARACTERS].rstrip()
