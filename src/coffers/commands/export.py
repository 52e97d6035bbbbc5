"""`coffers export`, `restore-export`: everything out of a ledger, and into an empty one."""

import os
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from enum import StrEnum
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from coffers.application.portability.beancount import beancount_file
from coffers.application.portability.csv_files import CsvTable, csv_file
from coffers.application.portability.restorations import restore
from coffers.commands.persons import Owner, UserOption, owner
from coffers.commands.terminal import REFUSED, err, out, refuse, with_services
from coffers.domain.portability.restorations import ExportUnreadable
from coffers.services import Services
from coffers.settings import Settings


class ExportFormat(StrEnum):
    """What reads the file."""

    JSON = "json"
    CSV = "csv"
    BEANCOUNT = "beancount"


_Format = Annotated[ExportFormat, typer.Option(help="json is everything, to be restored.")]
_Table = Annotated[CsvTable, typer.Option(help="What a CSV lists.")]
_Output = Annotated[Path | None, typer.Option("--output", "-o", help="Instead of the terminal.")]
_File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="What json made.")]


def export(
    user: UserOption,
    format: _Format = ExportFormat.JSON,  # noqa: A002 - the option's word
    table: _Table = CsvTable.TRANSACTIONS,
    output: _Output = None,
) -> None:
    """Write everything that somebody has: as JSON without loss, as CSV, or for Beancount."""

    async def run(services: Services, _settings: Settings) -> None:
        person = await owner(services, user)
        pieces = _pieces(person, format, table)
        if output is None:
            await print_pieces(pieces)
            return
        # A file that is there is whole: it gets its name when it is finished.
        unfinished = output.with_name(f".{output.name}.unfinished")
        try:
            with unfinished.open("wb") as file:
                await _write(pieces, file)
            unfinished.replace(output)
        finally:
            unfinished.unlink(missing_ok=True)
        err.print(f"Everything of {user} is in {output}.", markup=False, highlight=False)

    with_services(run)


def restore_export(file: _File, user: UserOption) -> None:
    """Put an export back into the ledger of somebody who has nothing yet: all of it, or nothing."""

    async def run(services: Services, _settings: Settings) -> None:
        person = await owner(services, user)
        try:
            with file.open("rb") as opened, err.status(f"Restoring {file.name} …"):
                reader, clock = services.export_reader, services.clock
                made = await restore(person.uow, clock, reader, person.principal, opened)
        except ExportUnreadable as refusal:
            refuse(refusal.detail, REFUSED)
        for name, count in made.counts.items():
            out.print(f"{count:>9,} {name.replace('_', ' ')}", highlight=False)
        out.print("Everything is back.")

    with_services(run)


def _pieces(
    person: Owner,
    format: ExportFormat,  # noqa: A002 - the option's word
    table: CsvTable,
) -> AsyncGenerator[bytes, None]:
    services, user_id = person.services, person.principal.user_id
    now = services.clock.now()
    if format is ExportFormat.CSV:
        return csv_file(services.ledger_books, user_id, table)
    if format is ExportFormat.BEANCOUNT:
        return beancount_file(services.ledger_books, user_id, now)
    return services.exports.everything(user_id, now)


async def print_pieces(pieces: AsyncGenerator[bytes, None]) -> None:
    """Write them to standard output, until whoever reads it has seen enough."""
    try:
        await _write(pieces, sys.stdout.buffer)
    except BrokenPipeError as gone:
        # What is left in the buffer must not fail once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(1) from gone


async def _write(pieces: AsyncGenerator[bytes, None], file: BinaryIO) -> None:
    async with aclosing(pieces):
        async for piece in pieces:
            file.write(piece)
    file.flush()
