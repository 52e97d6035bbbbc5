"""Files read for imports: the options that their owner sent, and the child that parses."""

import asyncio
from collections.abc import Mapping

from msgspec import to_builtins

from coffers.application.import_views import (
    ImportFormat,
    ImportFormats,
    ImportPreview,
    PreviewedRow,
    PreviewProblem,
)
from coffers.application.imports import ImportFile, StatementReader
from coffers.domain.money import money_digits
from coffers.domain.statements import ReportedStatement
from coffers.infrastructure.statements.csv_layout import csv_mapping
from coffers.infrastructure.statements.csv_presets import csv_presets
from coffers.infrastructure.statements.formats import CSV_CUSTOM, catalogue, detect, format_named
from coffers.infrastructure.statements.parse import preview
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
        """As the port says. Options: `format`, `mapping`, `currency`, `day_first`."""
        options = file.options
        layout = options.get("mapping")
        mapping = csv_mapping(layout) if isinstance(layout, Mapping) else None
        named = options.get("format")
        chosen = CSV_CUSTOM if mapping else format_named(str(named)) if named else None
        chosen = chosen or detect(file.content, file.name)
        statements = await self._parser.parse(
            file.content,
            file_name=file.name,
            format=chosen,
            mapping=mapping,
            default_currency=_text(options.get("currency")),
            day_first=_flag(options.get("day_first")),
        )
        return chosen.slug, statements


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None
