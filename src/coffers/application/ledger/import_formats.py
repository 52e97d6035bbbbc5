"""The formats that can be imported, and a CSV layout tried on a file."""

from datetime import date
from typing import Any

import msgspec

from coffers.application.views import DecimalText


class ImportFormat(msgspec.Struct, frozen=True):
    """A format as callers choose it by its slug.

    `needs_mapping`: only with a layout of the caller's own. `names_account`: its files say whose
    account they are about. `layout` is a preset's mapping, to begin one's own with.
    """

    slug: str
    name: str
    kind: str
    extensions: list[str]
    needs_mapping: bool
    names_account: bool
    layout: dict[str, Any] | None  # Any: JSON


class ImportFormats(msgspec.Struct, frozen=True):
    """Every format that can be imported here."""

    formats: list[ImportFormat]
    total_count: int


class PreviewedRow(msgspec.Struct, frozen=True):
    """What a layout makes of a row."""

    row: int
    transaction_date: date
    amount: DecimalText
    currency: str
    description: str
    transaction_type: str
    subtype: str


class PreviewProblem(msgspec.Struct, frozen=True):
    """What a layout cannot make of a row."""

    row: int
    field: str
    code: str
    message: str


class ImportPreview(msgspec.Struct, frozen=True):
    """A layout tried on the first rows of a file: the heading, and either rows or problems."""

    heading: list[str]
    rows: list[PreviewedRow]
    problems: list[PreviewProblem]
