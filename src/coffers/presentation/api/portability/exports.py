"""/exports: everything that the caller has, to take away."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import Query

from coffers.application.portability.beancount import beancount_file
from coffers.application.portability.csv_files import CsvTable, csv_file
from coffers.presentation.calls import Caller
from coffers.presentation.file_streams import FileStreamResponse

JSON_TYPE: Final = "application/json"
CSV_TYPE: Final = "text/csv; charset=utf-8; header=present"
TEXT_TYPE: Final = "text/plain; charset=utf-8"

Table = Annotated[CsvTable, Query(description="What to list.")]


async def export_json(call: Caller) -> FileStreamResponse:
    """Everything you have, without loss: a file that `POST /restorations` makes a ledger again.

    Rows are those of one instant. Decimals are exact strings, account numbers are whole, secrets of
    providers are left out. The file ends with `counts`; one without was cut off.
    """
    now = call.services.clock.now()
    chunks = call.services.exports.everything(call.principal.user_id, now)
    return FileStreamResponse(chunks, name=_name("coffers", now, "json"), media_type=JSON_TYPE)


async def export_csv(call: Caller, table: Table = CsvTable.TRANSACTIONS) -> FileStreamResponse:
    """Transactions, accounts or holdings for a spreadsheet, one line each.

    A transaction that was split has a line for each part. A text that a spreadsheet would take for
    a formula has an apostrophe in front.
    """
    now = call.services.clock.now()
    chunks = csv_file(call.services.ledger_books, call.principal.user_id, table)
    return FileStreamResponse(chunks, name=_name(table, now, "csv"), media_type=CSV_TYPE)


async def export_beancount(call: Caller) -> FileStreamResponse:
    """The ledger as text for Beancount, where every account ends with the balance it has here."""
    now = call.services.clock.now()
    chunks = beancount_file(call.services.ledger_books, call.principal.user_id, now)
    return FileStreamResponse(chunks, name=_name("coffers", now, "beancount"), media_type=TEXT_TYPE)


def _name(stem: str, now: datetime, suffix: str) -> str:
    return f"{stem}-{now:%Y-%m-%d}.{suffix}"
