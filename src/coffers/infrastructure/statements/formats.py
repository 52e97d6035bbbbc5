"""The formats that statements come in, and how to tell which one a file has."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

from coffers.infrastructure.statements.csv_presets import csv_presets, recognised_preset
from coffers.infrastructure.statements.refusals import unreadable
from coffers.infrastructure.statements.text import beginning

_OFX: Final = re.compile(r"OFXHEADER|<\?OFX|<OFX[\s>]", re.IGNORECASE)
_CAMT053: Final = re.compile(r"camt\.053|<(?:\w+:)?BkToCstmrStmt\b")
_QIF: Final = re.compile(r"\s*!(?:Type|Account|Option|Clear)", re.IGNORECASE)
#: PDF, ZIP (and all of Office), old Office, gzip, images: what people take for statements.
_BINARY: Final = (
    b"%PDF",
    b"PK\x03\x04",
    b"\xd0\xcf\x11\xe0",
    b"\x1f\x8b",
    b"\x89PNG",
    b"\xff\xd8\xff",
)


class FormatKind(StrEnum):
    """Which reader reads it."""

    OFX = "ofx"
    CSV = "csv"
    QIF = "qif"
    CAMT053 = "camt053"


@dataclass(frozen=True, slots=True)
class Format:
    """A format as callers choose it.

    `needs_mapping`: not without a layout of the caller's own. `names_account`: its files say whose
    account they are about, so that a caller need not.
    """

    slug: str
    name: str
    extensions: tuple[str, ...]
    kind: FormatKind
    needs_mapping: bool = False
    names_account: bool = False


OFX: Final = Format("ofx", "OFX and QFX", (".ofx", ".qfx"), FormatKind.OFX, names_account=True)
QIF: Final = Format("qif", "QIF (Quicken)", (".qif",), FormatKind.QIF)
CAMT053: Final = Format(
    "camt053", "CAMT.053 (ISO 20022)", (".xml",), FormatKind.CAMT053, names_account=True
)
CSV_CUSTOM: Final = Format(
    "csv_custom",
    "CSV by a mapping of your own",
    (".csv", ".txt"),
    FormatKind.CSV,
    needs_mapping=True,
)


@cache
def catalogue() -> tuple[Format, ...]:
    """Every format, in the order in which they are offered."""
    presets = [
        Format(
            preset.slug,
            preset.name,
            (".csv",),
            FormatKind.CSV,
            names_account=preset.mapping.columns.account is not None,
        )
        for preset in csv_presets()
    ]
    return (OFX, CAMT053, QIF, *presets, CSV_CUSTOM)


def format_named(slug: str) -> Format:
    """The format with this slug; raises StatementUnreadable if there is none."""
    for known in catalogue():
        if known.slug == slug:
            return known
    raise unreadable("unknown_format", "there is no such format.", field="format")


def detect(content: bytes, file_name: str) -> Format:
    """The format of a file, by what stands in it; CSV by the headings of the presets.

    The name only matters for what has no mark of its own: a CSV file in no known layout is
    CSV_CUSTOM. Raises StatementUnreadable when it is none of them.
    """
    if content.startswith(_BINARY):
        raise unreadable("unknown_format", "this is no text, but a document, archive or picture.")
    text = beginning(content)
    if _OFX.search(text):
        return OFX
    if _CAMT053.search(text):
        return CAMT053
    if _QIF.match(text):
        return QIF
    preset = recognised_preset(text)
    return format_named(preset.slug) if preset else _by_name(file_name)


def _by_name(file_name: str) -> Format:
    extension = f".{file_name.rpartition('.')[2].lower()}"
    for format_ in (OFX, QIF, CAMT053, CSV_CUSTOM):
        if extension in format_.extensions:
            return format_
    raise unreadable("unknown_format", "this is no statement in any format that is known here.")
