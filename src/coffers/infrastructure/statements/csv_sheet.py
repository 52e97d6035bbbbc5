"""The rows of a CSV file under its heading."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import islice
from typing import Final

from coffers.infrastructure.statements.csv_layout import Column, CsvMapping, as_tuple
from coffers.infrastructure.statements.refusals import unreadable

#: Where the heading must have come; brokers put lists of positions before it.
MAX_PREAMBLE_LINES: Final = 200

#: No property of a movement: it depends on the order in which the bank lists them.
_NOT_OF_THE_ROW: Final = "balance"


@dataclass(frozen=True, slots=True)
class Row:
    """One row; `line` is where it ends in the file."""

    line: int
    cells: Sequence[str]
    sheet: "Sheet"

    def first(self, field: str) -> str:
        """The first filled cell of a field, "" if there is none."""
        return next(iter(self.all(field)), "")

    def all(self, field: str) -> list[str]:
        """The filled cells of a field."""
        found = (self.cells[at] for at in self.sheet.places[field] if at < len(self.cells))
        return [cell for cell in found if cell]

    def has_surplus(self) -> bool:
        """Whether cells stand beyond the heading: then a stray delimiter has shifted the others."""
        width = len(self.sheet.heading)
        return bool(width) and any(self.cells[width:])

    @property
    def raw(self) -> str:
        """The row as the source wrote it, but for the running balance."""
        left_out = self.sheet.places[_NOT_OF_THE_ROW]
        return "|".join(cell for at, cell in enumerate(self.cells) if at not in left_out)


class Sheet:
    """A CSV file laid out as the mapping says; raises StatementUnreadable when it is not."""

    def __init__(self, text: str, mapping: CsvMapping) -> None:
        self._mapping = mapping
        self._lines = lines_of(text, mapping.delimiter, skip=mapping.skip_lines, strict=True)
        self.heading = _heading(self._lines, mapping) if mapping.has_header else []
        columns = mapping.columns
        self.places = {
            field: tuple(self._places(as_tuple(getattr(columns, field))))
            for field in columns.__struct_fields__
        }

    def rows(self) -> Iterator[Row]:
        """The rows that tell of movements."""
        ends = tuple(word.casefold() for word in self._mapping.ends_at)
        for line, cells in self._lines:
            if not any(cells):
                if self._mapping.ends_at_blank_line:
                    return
                continue
            if ends and cells[0].casefold().startswith(ends):
                return
            if not self._is_skipped(cells):
                yield Row(line, cells, self)

    def name_of(self, field: str) -> str:
        """What the file calls the column of a field."""
        places = self.places[field]
        if not places:
            return field
        at = places[0]
        return self.heading[at] if at < len(self.heading) else f"column {at + 1}"

    def _places(self, columns: Sequence[Column]) -> Iterator[int]:
        names = [name.casefold() for name in self.heading]
        for column in columns:
            if isinstance(column, int):
                yield column - 1
            elif column.rstrip("?").casefold() in names:
                yield names.index(column.rstrip("?").casefold())

    def _is_skipped(self, cells: Sequence[str]) -> bool:
        for skip in self._mapping.skip_rows:
            for at in self._places([skip.column]):
                if at < len(cells) and cells[at].casefold().startswith(skip.begins.casefold()):
                    return True
        return False


def lines_of(
    text: str, delimiter: str, *, skip: int = 0, strict: bool
) -> Iterator[tuple[int, list[str]]]:
    """Each record's last line, from 1, and its cells without the blanks around them."""
    lines = islice(StringIO(text, newline=""), skip, None)
    reader = csv.reader(lines, delimiter=delimiter, strict=strict, skipinitialspace=True)
    try:
        for cells in reader:
            yield skip + reader.line_num, [cell.strip() for cell in cells]
    except csv.Error as error:
        message = "quotes are not closed or not doubled, or a cell is too long."
        raise unreadable("bad_csv", message, row=skip + reader.line_num, field="row") from error


def is_heading(cells: Sequence[str], columns: Sequence[str]) -> bool:
    """Whether all these columns are named there."""
    return {column.casefold() for column in columns} <= {cell.casefold() for cell in cells}


def _heading(lines: Iterator[tuple[int, list[str]]], mapping: CsvMapping) -> list[str]:
    named = [ref for ref in mapping.refs() if isinstance(ref, str) and not ref.endswith("?")]
    for _, cells in islice(lines, MAX_PREAMBLE_LINES):
        if is_heading(cells, named):
            return cells
    wanted = ", ".join(dict.fromkeys(named))
    raise unreadable("no_heading", f"no line near the top has the columns {wanted}.")
