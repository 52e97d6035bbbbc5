"""Files read for imports: the options that their owner sent, and the child that parses."""

import asyncio
from collections.abc import Mapping

from msgspec import to_builtins

from coffers.application.ledger.import_formats import (
    ImportFormat,
    ImportFormats,
    ImportPreview,
    PreviewedRow,
    PreviewProblem,
)
from coffers.application.ledger.imports import ImportFile, StatementReader
from coffers.domain.ledger.statements import ReportedStatement
from coffers.domain.money import money_digits
from coffers.infrastructure.statements.csv_layout import csv_mapping
from coffers.infrastructure.statements.csv_presets import csv_presets
from coffers.infrastructure.statements.formats import (
    CSV_CUSTOM,
    Format,
    catalogue,
    detect,
    format_named,
)
from coffers.infrastructure.statements.parse import check_size, preview
from coffers.infrastructure.statements.sandboxed import StatementParser


def formats() -> ImportFormats:
    """Every format, in the order in which they are offered."""
    layouts = {preset.slug: to_builtins(preset.mapping) for preset in csv_presets()}
    shown = [
        ImportFormat(
            one.slug,
            one.name,
            one.kind.value,
            list(one.extensions),
            one.needs_mapping,
            one.names_account,
            layouts.get(one.slug),
        )
        for one in catalogue()
    ]
    return ImportFormats(shown, len(shown))


class SandboxedReader(StatementReader):
    """Reads files in a child process."""

    def __init__(self, parser: StatementParser) -> None:
        self._parser = parser

    async def preview(
        self, content: bytes, layout: Mapping[str, object], currency: str | None
    ) -> ImportPreview:
        """As the port says."""
        mapping = csv_mapping(layout)
        tried = await asyncio.to_thread(preview, content, mapping, default_currency=currency)
        return ImportPreview(
            list(tried.heading),
            [
                PreviewedRow(
                    row.row,
                    row.transaction_date,
                    format(money_digits(row.amount, row.currency), "f"),
                    row.currency,
                    row.description,
                    row.transaction_type.value,
                    row.subtype.value,
                )
                for row in tried.transactions
            ],
            [PreviewProblem(one.row, one.field, one.code, one.message) for one in tried.problems],
        )

    async def read(self, file: ImportFile) -> tuple[str, list[ReportedStatement]]:
        """As the port says."""
        mapping = None if file.mapping is None else csv_mapping(file.mapping)
        chosen = await asyncio.to_thread(_format, file, has_mapping=mapping is not None)
        statements = await self._parser.parse(
            file.content,
            file_name=file.name,
            format=chosen,
            mapping=mapping,
            default_currency=file.currency,
            day_first=file.day_first,
        )
        return chosen.slug, statements


def _format(file: ImportFile, *, has_mapping: bool) -> Format:
    if has_mapping:
        return CSV_CUSTOM
    check_size(file.content)
    return format_named(file.format) if file.format else detect(file.content, file.name)
