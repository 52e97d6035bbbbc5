"""One pass over one file: problems are gathered row by row, and any of them refuses it whole."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final, TypeVar

from coffers.domain.currencies import MINOR_UNITS
from coffers.domain.ledger.statements import RowProblem
from coffers.infrastructure.statements.amounts import PLAIN, POINT, Marks, amount_of
from coffers.infrastructure.statements.refusals import FieldUnreadable, refused, unreadable
from coffers.infrastructure.statements.text import CONTROL

MAX_PROBLEMS: Final = 20
MAX_ROWS: Final = 50_000
MAX_ROW_CHARACTERS: Final = 10_000
MAX_DESCRIPTION_CHARACTERS: Final = 500
#: OFX 2.2, 3.2.3: the longest identifier, a FITID; the other formats stay far below.
MAX_ID_CHARACTERS: Final = 255
MAX_SYMBOL_CHARACTERS: Final = 64

_ASCII_NUMBER: Final = "+-.0123456789"
#: Too short to have more digits than an amount may have.
_SHORT: Final = 18
_NOTHING: Final = Decimal(0)
Value = TypeVar("Value")


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
        self._plain = marks is not None and marks.decimal == "."
        self._days: dict[str, date] = {}
        self._problems: list[RowProblem] = []

    def begin_row(self, row: int) -> None:
        """Go on to this row; raises StatementUnreadable beyond MAX_ROWS."""
        self.begin_rows(row, 1)

    def begin_rows(self, first: int, count: int) -> None:
        """Go on to so many rows at once; raises StatementUnreadable beyond MAX_ROWS."""
        self.row = first
        self._rows += count
        if self._rows > MAX_ROWS:
            raise unreadable("too_many_rows", f"a file has at most {MAX_ROWS} rows.", row=first)

    def amounts(self, texts: Sequence[str], field: str) -> list[Decimal]:
        """The numbers of a field that consecutive rows from the current one on must have."""
        # Without exponents, names and foreign digits, what Decimal takes is what we take.
        if (
            self._plain
            and not "".join(texts).strip(_ASCII_NUMBER)
            and max(map(len, texts)) < _SHORT
        ):
            with suppress(InvalidOperation):
                return list(map(Decimal, texts))
        return self._each(self.amount, texts, field)

    def days(self, texts: Sequence[str], field: str) -> list[date]:
        """The dates of a field that consecutive rows from the current one on must have."""
        for text in set(texts):
            with suppress(FieldUnreadable):
                self._days.setdefault(text, self._day(text))
        days = [day for day in map(self._days.get, texts) if day]
        return days if len(days) == len(texts) else self._each(self.day, texts, field)

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
        """The date of a field that may be absent, or empty, for which some banks write zeros."""
        return self.day(text, field) if text and text.strip("0") else None

    def check_text(self, text: str, field: str) -> None:
        """Refuse a row that no statement has: overlong, or with characters that are not text."""
        if len(text) > MAX_ROW_CHARACTERS:
            self.refuse(field, "too_long", f"a row has at most {MAX_ROW_CHARACTERS} characters.")
        elif CONTROL.search(text):
            self.refuse(field, "control_character", "there is a character that is not text.")

    def check_texts(self, texts: Sequence[str], field: str) -> None:
        """The same for consecutive rows from the current one on."""
        self._each(self.check_text, texts, field)

    def identifier(self, text: str, field: str, *, most: int = MAX_ID_CHARACTERS) -> str | None:
        """The source's own id of something, None when it is empty."""
        if len(text) > most:
            self.refuse(field, "too_long", f"there are at most {most} characters.")
        return text or None

    def symbol(self, text: str, field: str) -> str | None:
        """The ticker of a security, None when it is empty."""
        return self.identifier(text, field, most=MAX_SYMBOL_CHARACTERS)

    def identifiers(self, texts: Sequence[str], field: str) -> list[str | None]:
        """The ids of consecutive rows from the current one on."""
        if max(map(len, texts)) <= MAX_ID_CHARACTERS:
            return [text or None for text in texts]
        return self._each(self.identifier, texts, field)

    def currency(self, text: str, field: str) -> str:
        """The ISO 4217 code of a field that must have one."""
        code = text.upper()
        if code not in MINOR_UNITS:
            unknown = "this is not the ISO 4217 code of a currency."
            self.refuse(field, "not_a_currency", unknown if code else _NO_CURRENCY)
        return code

    def refuse(self, field: str, code: str, message: str) -> None:
        """Remember a problem of the current row; raises StatementUnreadable at the last allowed."""
        self._problems.append(RowProblem(self.row, field, code, message))
        if len(self._problems) >= MAX_PROBLEMS:
            raise refused(self._problems)

    def finish(self) -> None:
        """Raise StatementUnreadable if anything was wrong."""
        if self._problems:
            raise refused(self._problems)

    def _each(
        self, read: Callable[[str, str], Value], texts: Sequence[str], field: str
    ) -> list[Value]:
        first, values = self.row, []
        for self.row, text in enumerate(texts, first):
            values.append(read(text, field))
        self.row = first
        return values


_NO_CURRENCY: Final = "no currency is named: say `currency` beside the file."


def described(text: str) -> str:
    """A description as the ledger keeps it."""
    return text[:MAX_DESCRIPTION_CHARACTERS].rstrip()


def in_words(name: str, memo: str) -> str:
    """Name and memo, without saying twice what one repeats of the other."""
    if memo in name:
        return name
    return memo if name in memo else f"{name} {memo}"
