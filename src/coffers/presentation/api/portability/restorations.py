"""/restorations: an export becomes a ledger again."""

from typing import Annotated

from fastapi import File, UploadFile

from coffers.application.portability import restorations
from coffers.application.portability.restorations import RestorationView
from coffers.presentation.calls import Caller

ExportFile = Annotated[UploadFile, File(description="A file of `GET /exports/json`.")]


async def restore_export(call: Caller, file: ExportFile) -> RestorationView:
    """Put everything of an export back, exactly as it was; the account must still be empty.

    All of it or nothing: a file with a single row that cannot be is refused with the row's place.
    Links to providers come back without their secrets: sign in there again.
    """
    services = call.services
    return await restorations.restore(
        call.uow, services.clock, services.export_reader, call.principal, file.file
    )
