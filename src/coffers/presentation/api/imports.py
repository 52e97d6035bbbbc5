"""/imports: a file becomes a plan; the plan is applied, and can be taken back."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import File, Form, Query, UploadFile
from pydantic import Field, StringConstraints

from coffers.application import import_views, imports
from coffers.application.import_views import (
    ImportFormats,
    ImportList,
    ImportPreview,
    ImportRows,
    ImportView,
)
from coffers.application.imports import ImportFile
from coffers.application.views import Versioned
from coffers.domain.errors import Invalid
from coffers.domain.imports import Verdict
from coffers.presentation.answers import Answer
from coffers.presentation.calls import Caller
from coffers.presentation.json_bodies import strict_json
from coffers.presentation.schemas import Body, CurrencyIn

MAX_NAME: Final = 255
MAX_OFFSET: Final = 50_000


class Application(Body):
    """The hash of the plan that was looked at."""

    plan_hash: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] = Field(
        examples=["0" * 64]
    )


class MappingInvalid(Invalid):
    """The mapping is not a JSON object."""


async def create_import(
    call: Caller,
    file: Annotated[UploadFile, File(description="The statement as downloaded.")],
    account_id: Annotated[UUID | None, Form(description="Where its one account goes.")] = None,
    format: Annotated[str | None, Form(max_length=60)] = None,  # noqa: A002 - the contract's word
    currency: Annotated[CurrencyIn | None, Form(description="For files that name none.")] = None,
    day_first: Annotated[bool | None, Form(description="31/12 rather than 12/31.")] = None,
    mapping: Annotated[str | None, Form(description="A CSV layout, as JSON.")] = None,
) -> Answer[ImportView]:
    """Read a statement and plan its import; nothing changes yet."""
    options: dict[str, object] = {
        "account_id": None if account_id is None else str(account_id),
        "format": format,
        "currency": currency,
        "day_first": day_first,
        "mapping": None if mapping is None else _layout(mapping),
    }
    named = (file.filename or "statement")[:MAX_NAME].replace("\0", "")
    wish = ImportFile(named, await file.read(), options)
    made = await imports.plan_import(call.uow, call.services.import_desk, call.principal, wish)
    return Answer(made.view, {"Location": f"/api/v1/imports/{made.view.id}"}, made.version)


def _layout(text: str) -> dict[str, Any]:  # Any: JSON
    layout = strict_json(text.encode())
    if not isinstance(layout, dict):
        raise MappingInvalid("The mapping is not a JSON object.", field="mapping")
    return layout


async def preview_import(
    call: Caller,
    file: Annotated[UploadFile, File(description="The CSV file as downloaded.")],
    mapping: Annotated[str, Form(description="The layout to try, as JSON.")],
    currency: Annotated[CurrencyIn | None, Form(description="For files that name none.")] = None,
) -> ImportPreview:
    """Try a CSV layout on the first rows of a file; nothing is kept."""
    reader = call.services.import_desk.reader
    return await reader.preview(await file.read(), _layout(mapping), currency)


async def list_import_formats(call: Caller) -> ImportFormats:
    """List the formats that can be imported, and the presets among them."""
    return call.services.import_formats


async def list_imports(call: Caller) -> ImportList:
    """List the last imports, newest first."""
    return await import_views.list_imports(call.services.import_lookups, call.principal)


async def get_import(call: Caller, import_id: UUID) -> Versioned[ImportView]:
    """One import and its plan in numbers."""
    lookups = call.services.import_lookups
    return await import_views.get_import(lookups, call.principal, import_id)


async def list_import_rows(
    call: Caller,
    import_id: UUID,
    verdict: Annotated[Verdict | None, Query()] = None,
    offset: Annotated[int, Query(ge=0, le=MAX_OFFSET)] = 0,
    limit: Annotated[int, Query(ge=1, le=import_views.MAX_ROWS)] = 100,
) -> ImportRows:
    """The rows of a plan in the file's order, each with its verdict."""
    return await import_views.list_rows(
        call.services.import_lookups,
        call.principal,
        import_id,
        verdict=verdict,
        offset=offset,
        limit=limit,
    )


async def apply_import(call: Caller, import_id: UUID, body: Application) -> Versioned[ImportView]:
    """Do what the plan with this hash says, all of it or nothing."""
    desk = call.services.import_desk
    return await imports.apply_import(
        call.uow, desk, call.principal, import_id, wanted_hash=body.plan_hash
    )


async def revert_import(call: Caller, import_id: UUID) -> Versioned[ImportView]:
    """Restore exactly what was there before the import."""
    desk = call.services.import_desk
    return await imports.revert_import(call.uow, desk, call.principal, import_id)
