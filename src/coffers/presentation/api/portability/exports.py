"""/exports: everything that the caller has, to take away."""

from typing import Final

from coffers.presentation.calls import Caller
from coffers.presentation.file_streams import FileStreamResponse

JSON_TYPE: Final = "application/json"


async def export_json(call: Caller) -> FileStreamResponse:
    """Everything you have, without loss: a file that `POST /restorations` makes a ledger again.

    Rows are those of one instant. Decimals are exact strings, account numbers are whole, secrets of
    providers are left out. The file ends with `counts`; one without was cut off.
    """
    services = call.services
    now = services.clock.now()
    chunks = services.exports.everything(call.principal.user_id, now)
    return FileStreamResponse(chunks, name=f"coffers-{now:%Y-%m-%d}.json", media_type=JSON_TYPE)
