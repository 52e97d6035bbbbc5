"""/imports: a file becomes a plan; the plan is applied, and can be taken back."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import File, Form, Query, UploadFile
from pydantic import Field, StringConstraints

from coffers.application.ledger import import_views, imports
from coffers.application.ledger.import_formats import ImportFormats, ImportPreview
from coffers.application.ledger.import_views import ImportList, ImportRows, ImportView, RowsAsked
from coffers.application.ledger.imports import ImportFile
from coffers.application.views import Versioned
from coffers.domain.errors import Invalid
from coffers.domain.ledger.statements import Owed
from coffers.domain.ledger.verdicts import Verdict
from coffers.domain.paging import DEFAULT_LIMIT
from coffers.presentation.answers import Answer
from coffers.presentation.calls import Caller
from coffers.presentation.file_names import file_name
from coffers.presentation.form_bodies import check_form
from coffers.presentation.json_bodies import strict_json
from coffers.presentation.paging import CursorIn, LimitIn, next_link
from coffers.presentation.problems import MalformedJson
from coffers.presentation.schemas import Body, CurrencyIn

#: A layout of one's own is a page of JSON, not a book.
MAX_MAPPING: Final = 20_000
MAX_FORMAT: Final = 60

Statement = Annotated[UploadFile, File(description="The statement as downloaded.")]
_LAYOUT: Final = Form(max_length=MAX_MAPPING, description="Which CSV column is what, as JSON.")
_OWED: Final = Form(description="The sign that it gives to money owed on a card or a loan.")
#: How a file may be told to be read.
_READ_AS: Final = ("account_id", "format", "currency", "day_first", "mapping", "owed")
DefaultCurrency = Annotated[CurrencyIn | None, Form(description="For files that name no currency.")]


class Application(Body):
    """The hash of the plan that was looked at."""

    plan_hash: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] = Field(
        examples=["0" * 64]
    )


class MappingInvalid(Invalid):
    """The mapping is not a JSON object."""


async def create_import(  # noqa: PLR0913, PLR0917 - an argument for each field of the form
    call: Caller,
    file: Statement,
    account_id: Annotated[UUID | None, Form(description="Where its one account goes.")] = None,
    format: Annotated[str | None, Form(max_length=MAX_FORMAT)] = None,  # noqa: A002 - the API's word
    currency: DefaultCurrency = None,
    day_first: Annotated[bool | None, Form(description="31/12 rather than 12/31.")] = None,
    mapping: Annotated[str | None, _LAYOUT] = None,
    owed: Annotated[Owed | None, _OWED] = None,
) -> Answer[ImportView]:
    """Read a statement and plan its import; nothing changes yet."""
    await check_form(call.request, "file", *_READ_AS)
    sent = ImportFile(
        name=file_name(file.filename),
        content=await file.read(),
        account_id=account_id,
        format=format,
        mapping=None if mapping is None else _layout(mapping),
        currency=currency,
        day_first=day_first,
        owed=owed,
    )
    made = await imports.plan_import(call.uow, call.services.import_desk, call.principal, sent)
    return Answer(made.view, {"Location": f"/api/v1/imports/{made.view.id}"}, made.version)


async def preview_import(
    call: Caller,
    file: Statement,
    mapping: Annotated[str, _LAYOUT],
    currency: DefaultCurrency = None,
) -> ImportPreview:
    """Try a CSV layout on the first rows of a file; nothing is kept."""
    await check_form(call.request, "file", "mapping", "currency")
    reader = call.services.import_desk.reader
    return await reader.preview(await file.read(), _layout(mapping), currency)


async def list_import_formats(call: Caller) -> ImportFormats:
    """List the formats that can be imported, and the presets among them."""
    return call.services.import_formats


async def list_imports(
    call: Caller, limit: LimitIn = DEFAULT_LIMIT, cursor: CursorIn = None
) -> Answer[ImportList]:
    """List the imports, newest first."""
    services = call.services
    page = await import_views.list_imports(
        services.import_lookups, services.cursors, call.principal, limit=limit, cursor=cursor
    )
    return Answer(page, next_link(call.request, page.next_cursor))


async def get_import(call: Caller, import_id: UUID) -> Versioned[ImportView]:
    """One import and its plan in numbers."""
    lookups = call.services.import_lookups
    return await import_views.get_import(lookups, call.principal, import_id)


async def list_import_rows(
    call: Caller,
    import_id: UUID,
    verdict: Annotated[Verdict | None, Query(description="Only rows with this verdict.")] = None,
    limit: LimitIn = DEFAULT_LIMIT,
    cursor: CursorIn = None,
) -> Answer[ImportRows]:
    """The rows of a plan in the file's order, each with its verdict."""
    services = call.services
    page = await import_views.list_rows(
        services.import_lookups,
        services.cursors,
        call.principal,
        RowsAsked(import_id, verdict, limit, cursor),
    )
    return Answer(page, next_link(call.request, page.next_cursor))


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


async def discard_import(call: Caller, import_id: UUID) -> None:
    """Forget a plan that was not applied."""
    await imports.discard_import(call.uow, call.principal, import_id, call.expected_version)


def _layout(text: str) -> dict[str, Any]:  # Any: JSON
    try:
        layout = strict_json(text.encode(errors="replace"))
    except MalformedJson as error:
        raise MappingInvalid(f"In the mapping: {error.detail}", field="mapping") from error
    if not isinstance(layout, dict):
        raise MappingInvalid("The mapping is not a JSON object.", field="mapping")
    return layout
