"""A row of an export file: read column by column, refused with its place."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from coffers.domain.ledger.statements import RowProblem
from coffers.domain.portability.restorations import ExportUnreadable
from coffers.domain.spending.categories import SYSTEM_CATEGORIES
from coffers.infrastructure.db.portability.tables import Exported

#: Categories that everybody has, and so no file.
_SYSTEM = frozenset(category.id.int for category in SYSTEM_CATEGORIES)

#: The ids of rows, as numbers, of each table that others refer to.
Ids = Mapping[str, set[int]]
Values = dict[str, Any]  # Any: values of columns, by name


def refusal(message: str, *, row: int = 0, place: str = "file", code: str) -> ExportUnreadable:
    """The refusal of a file for this one reason; row 0 is the file as a whole."""
    detail = f"The file cannot be restored: {message}"
    if row:
        detail = f"The file cannot be restored: row {row} of {place}: {message}"
    return ExportUnreadable(detail, rows=[RowProblem(row, place, code, message)])


def read_row(exported: Exported, row: int, value: Any) -> Values:  # Any: JSON
    """Every column of the row, None for those that it lacks; raises ExportUnreadable."""
    if not isinstance(value, dict):
        raise refusal("Not a row.", row=row, place=exported.name, code="row_invalid")
    if unknown := value.keys() - exported.readers.keys():
        message = f"{len(unknown)} columns that are not known here."
        raise refusal(message, row=row, place=exported.name, code="column_unknown")
    read = {name: _value(exported, row, name, value.get(name)) for name in exported.readers}
    if exported.check is not None:
        try:
            exported.check(read)
        except ValueError as error:
            message = str(error)
            raise refusal(message, row=row, place=exported.name, code="row_invalid") from error
    return read


def _value(exported: Exported, row: int, name: str, value: Any) -> object:  # Any: JSON
    place = f"{exported.name}.{name}"
    if value is None:
        if name in exported.required:
            raise refusal("It is missing.", row=row, place=place, code="missing")
        return None
    try:
        return exported.readers[name](value)
    except ValueError as error:
        raise refusal(str(error), row=row, place=place, code="value_invalid") from error


class Renaming:
    """Other names for some ids, in columns of ids and inside of JSON."""

    def __init__(self, names: Mapping[UUID, UUID]) -> None:
        self._names = names
        self._words = {str(old): str(new) for old, new in names.items()}

    def of(self, values: Values) -> Values:
        """The row with the other names."""
        return {name: self._of(value) for name, value in values.items()}

    def _of(self, value: Any) -> Any:  # Any: of a column
        if isinstance(value, UUID):
            return self._names.get(value, value)
        return _reworded(value, self._words) if isinstance(value, dict | list) else value


def _reworded(value: Any, words: Mapping[str, str]) -> Any:  # Any: JSON
    if isinstance(value, dict):
        return {words.get(key, key): _reworded(each, words) for key, each in value.items()}
    if isinstance(value, list):
        return [_reworded(each, words) for each in value]
    return words.get(value, value) if isinstance(value, str) else value


def check_references(exported: Exported, row: int, values: Values, ids: Ids) -> None:
    """Raises ExportUnreadable for a row that speaks of one that is not in the file."""
    for name, targets in exported.refers.items():
        if values[name] is not None:
            _check(exported, row, name, [values[name]], targets, ids)
    for mention in exported.mentions:
        if values[mention.column] is not None:
            spoken = [UUID(each) for each in mention.ids(values[mention.column])]
            _check(exported, row, mention.column, spoken, mention.targets, ids)


def _check(
    exported: Exported,
    row: int,
    name: str,
    spoken: Iterable[UUID],
    targets: Sequence[str],
    ids: Ids,
) -> None:
    for one in spoken:
        is_system = "categories" in targets and one.int in _SYSTEM
        if not is_system and not any(one.int in ids.get(target, ()) for target in targets):
            message = f"It is not in the file's {' or '.join(targets)}."
            place = f"{exported.name}.{name}"
            raise refusal(message, row=row, place=place, code="reference_unknown")
