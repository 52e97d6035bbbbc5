"""From the bytes of a file to neutral records, whatever its format: pure, synchronous, CPU only."""

import re
from typing import Final

from coffers.domain.ledger.statements import ReportedStatement
from coffers.infrastructure.statements.camt053 import read_camt053
from coffers.infrastructure.statements.csv_layout import CsvMapping
from coffers.infrastructure.statements.csv_presets import csv_presets
from coffers.infrastructure.statements.csv_rows import CsvPreview, preview_csv, read_csv
from coffers.infrastructure.statements.formats import CSV_CUSTOM, Format, FormatKind, detect
from coffers.infrastructure.statements.merging import by_account
from coffers.infrastructure.statements.ofx import read_ofx
from coffers.infrastructure.statements.qif import read_qif
from coffers.infrastructure.statements.refusals import unreadable
from coffers.infrastructure.statements.text import beginning, decoded

MAX_BYTES: Final = 10 * 1024 * 1024

#: OFX 1.x says ENCODING and CHARSET in its header; OFX 2.x is XML.
_CHARSET: Final = re.compile(
    rb"CHARSET:\s*([\w-]+)|<\?xml[^>]*encoding\s*=\s*[\"']([\w-]+)[\"']", re.IGNORECASE
)
_HEADER_BYTES: Final = 1_000


def parse_statements(
    content: bytes,
    *,
    file_name: str,
    format: Format | None = None,  # noqa: A002 - the callers' word
    mapping: CsvMapping | None = None,
    default_currency: str | None = None,
    day_first: bool | None = None,
) -> list[ReportedStatement]:
    """The statements of a file, one for each account; raises StatementUnreadable and nothing else.

    Without a format it is detected; a mapping makes it CSV. The currency is for files that name
    none, the order of day and month for QIF.
    """
    check_size(content)
    chosen = CSV_CUSTOM if mapping else format or detect(content, file_name)
    if chosen.kind is FormatKind.OFX:
        statements = read_ofx(decoded(content, _declared_charset(content)), default_currency)
    elif chosen.kind is FormatKind.QIF:
        statements = read_qif(
            decoded(content), default_currency=default_currency, day_first=day_first
        )
    elif chosen.kind is FormatKind.CAMT053:
        statements = read_camt053(content)
    else:
        layout = mapping or _layout(chosen)
        text = decoded(content, layout.encoding)
        statements = read_csv(text, layout, source=chosen.slug, default_currency=default_currency)
    return by_account(statements)


def preview(
    content: bytes, mapping: CsvMapping, *, rows: int = 20, default_currency: str | None = None
) -> CsvPreview:
    """A mapping tried on the first rows of a file, as far as they stand in its beginning."""
    check_size(content)
    text = beginning(content, mapping.encoding)
    return preview_csv(text, mapping, rows=rows, default_currency=default_currency)


def check_size(content: bytes) -> None:
    """Refuse what is too large to be looked at, and what is empty."""
    if len(content) > MAX_BYTES:
        raise unreadable("too_large", f"a file has at most {MAX_BYTES} bytes.")
    if not content.strip():
        raise unreadable("empty", "there is nothing in the file.")


def _layout(chosen: Format) -> CsvMapping:
    for preset in csv_presets():
        if preset.slug == chosen.slug:
            return preset.mapping
    message = "this is CSV in no known layout: say which column means what."
    raise unreadable("mapping_needed", message, field="mapping")


def _declared_charset(content: bytes) -> str | None:
    match = _CHARSET.search(content, 0, _HEADER_BYTES)
    return (match[1] or match[2]).decode("ascii", "replace") if match else None
