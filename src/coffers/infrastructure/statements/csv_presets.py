"""The layouts of well-known banks and brokers, kept as data in csv_presets.json."""

from collections.abc import Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Final

from msgspec import Struct
from msgspec.json import decode

from coffers.domain.ledger.statements import StatementUnreadable
from coffers.infrastructure.statements.csv_layout import CsvMapping
from coffers.infrastructure.statements.csv_sheet import MAX_PREAMBLE_LINES, is_heading, lines_of

_PRESETS: Final = Path(__file__).with_suffix(".json")
#: What is looked at to recognise a layout: enough for MAX_PREAMBLE_LINES.
_HEAD_CHARACTERS: Final = 64_000


class CsvPreset(Struct, frozen=True, forbid_unknown_fields=True):
    """A known layout; `signature` is the columns by which its files are recognised."""

    slug: str
    name: str
    signature: tuple[str, ...]
    mapping: CsvMapping


@cache
def csv_presets() -> Sequence[CsvPreset]:
    """Every preset."""
    return decode(_PRESETS.read_bytes(), type=tuple[CsvPreset, ...])


def recognised_preset(text: str) -> CsvPreset | None:
    """The preset whose signature the file has, the longest if several; None if there is none."""
    head = text[:_HEAD_CHARACTERS]
    lines = {delimiter: _top_lines(head, delimiter) for delimiter in ",;\t"}
    for preset in sorted(csv_presets(), key=lambda preset: -len(preset.signature)):
        if preset.signature and any(
            is_heading(cells, preset.signature) for cells in lines[preset.mapping.delimiter]
        ):
            return preset
    return None


def _top_lines(head: str, delimiter: str) -> list[list[str]]:
    lines: list[list[str]] = []
    try:
        for _, cells in islice(lines_of(head, delimiter, strict=False), MAX_PREAMBLE_LINES):
            lines.append(cells)
    except StatementUnreadable:
        return lines
    return lines
