"""Rows that no honest provider writes."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from coffers.sandbox.faults import HOSTILE_KINDS

HUGE: Final = 1 << 20

# A JSON object of any shape: this module breaks the one that it had.
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Places:
    """Where the rows of a list keep what can be spoilt."""

    money: str
    text: str
    kind: str
    day: str | None


PLACES: Final = {
    "accounts": Places("balance", "name", "type", "as_of"),
    "positions": Places("market_value", "name", "asset_type", None),
    "transactions": Places("amount", "description", "type", "date"),
}


def spoil(body: bytes, kind: str) -> bytes:
    """Spoil the rows of the list in this JSON: all in one way, or each of the first in its own."""
    document = json.loads(body)
    for name, places in PLACES.items():
        rows = document.get(name, [])
        kinds = [kind] * len(rows) if kind else HOSTILE_KINDS
        for number, (row, spoiling) in enumerate(zip(rows, kinds, strict=False)):
            _spoil_row(row, rows[number - 1], spoiling, places)
    return json.dumps(document).encode()


def leave_out(body: bytes, row_id: str) -> bytes:
    """Take the rows with this id out of the list in this JSON."""
    document = json.loads(body)
    for name in PLACES.keys() & document.keys():
        document[name] = [row for row in document[name] if row["id"] != row_id]
    return json.dumps(document).encode()


def _spoil_row(row: Row, before: Row, kind: str, places: Places) -> None:
    if kind == "missing":
        row.pop("id")
    elif kind == "duplicate":
        row["id"] = before.get("id")
    else:
        place, value = _VALUES[kind](places)
        if place is not None:
            row[place] = value


_VALUES: Final[dict[str, Callable[[Places], tuple[str | None, object]]]] = {
    "nan": lambda places: (places.money, "NaN"),
    "exponent": lambda places: (places.money, "1E+999"),
    "negative_zero": lambda places: (places.money, "-0.00"),
    "number": lambda places: (places.money, 1.1),
    "literal": lambda places: (places.money, float("nan")),
    "year": lambda places: (places.day, "9999-12-31"),
    "nul": lambda places: (places.text, "before\0after"),
    "huge": lambda places: (places.text, "A" * HUGE),
    "surrogate": lambda places: (places.text, "\ud800"),
    "enum": lambda places: (places.kind, "quantum"),
}
