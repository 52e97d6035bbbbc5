"""Imports on the wire: the plan in numbers, its rows a page at a time."""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Final, Protocol
from uuid import UUID

import msgspec

from coffers.application.views import DecimalText, Instant, Versioned
from coffers.domain.ids import UserId
from coffers.domain.imports import Import, ImportStatus, Verdict
from coffers.domain.money import money_digits
from coffers.domain.principals import Principal

if TYPE_CHECKING:
    from coffers.application.imports import PlannedStatement

#: Rows of a plan that one answer shows at most.
MAX_ROWS: Final = 500
#: A user's list shows this many of the last imports.
SHOWN: Final = 100


class VerdictCounts(msgspec.Struct, frozen=True):
    """How many rows have which verdict."""

    new: int
    duplicate: int
    update: int
    conflict: int
    ignored: int


class ImportAccount(msgspec.Struct, frozen=True):
    """One statement of the file. `account_id` is null for an account that applying makes."""

    account_id: UUID | None
    provider_account_id: str
    name: str
    account_type: str
    currency: str
    balance: DecimalText | None
    transaction_count: int
    holding_count: int | None


class ImportRow(msgspec.Struct, frozen=True):
    """One row of the file and its verdict; `transaction_id` is the movement that it concerns."""

    row: int
    provider_account_id: str
    verdict: Verdict
    reason: str
    transaction_date: date
    amount: DecimalText
    currency: str
    description: str
    transaction_type: str
    subtype: str
    transaction_id: UUID | None


class ImportView(msgspec.Struct, frozen=True):
    """An import. Applying it needs `plan_hash`."""

    id: UUID
    status: ImportStatus
    file_name: str
    format: str
    plan_hash: str
    counts: VerdictCounts
    accounts: list[ImportAccount]
    created_at: Instant
    applied_at: Instant | None
    reverted_at: Instant | None


class ImportList(msgspec.Struct, frozen=True):
    """The user's imports, newest first."""

    imports: list[ImportView]
    total_count: int


class ImportRows(msgspec.Struct, frozen=True):
    """Rows of a plan in the file's order, from `offset` on; `total_count` is the verdict's, or all."""

    rows: list[ImportRow]
    total_count: int


class ImportFormat(msgspec.Struct, frozen=True):
    """A format as callers choose it by its slug.

    `needs_mapping`: only with a layout of the caller's own. `names_account`: its files say whose
    account they are about. `layout` is a preset's mapping, to begin one's own with.
    """

    slug: str
    name: str
    kind: str
    extensions: list[str]
    needs_mapping: bool
    names_account: bool
    layout: dict[str, Any] | None  # Any: JSON


class ImportFormats(msgspec.Struct, frozen=True):
    """Every format that can be imported here."""

    formats: list[ImportFormat]
    total_count: int


class PreviewedRow(msgspec.Struct, frozen=True):
    """What a layout makes of a row."""

    row: int
    transaction_date: date
    amount: DecimalText
    currency: str
    description: str
    transaction_type: str
    subtype: str


class PreviewProblem(msgspec.Struct, frozen=True):
    """What a layout cannot make of a row."""

    row: int
    field: str
    code: str
    message: str


class ImportPreview(msgspec.Struct, frozen=True):
    """A layout tried on the first rows of a file: the heading, and either rows or problems."""

    heading: list[str]
    rows: list[PreviewedRow]
    problems: list[PreviewProblem]


class ImportLookups(Protocol):
    """Imports to read."""

    async def of_user(self, user_id: UserId) -> ImportList:
        """The last 100, newest first."""
        ...

    async def one(self, user_id: UserId, import_id: UUID) -> Versioned[ImportView]:
        """Raises ImportNotFound, NotYours."""
        ...

    async def rows(
        self,
        user_id: UserId,
        import_id: UUID,
        *,
        verdict: Verdict | None,
        offset: int,
        limit: int,
    ) -> ImportRows:
        """Raises ImportNotFound, NotYours."""
        ...


async def list_imports(lookups: ImportLookups, principal: Principal) -> ImportList:
    """The caller's imports."""
    return await lookups.of_user(principal.user_id)


async def get_import(
    lookups: ImportLookups, principal: Principal, import_id: UUID
) -> Versioned[ImportView]:
    """One of the caller's imports; raises ImportNotFound, NotYours."""
    return await lookups.one(principal.user_id, import_id)


async def list_rows(
    lookups: ImportLookups,
    principal: Principal,
    import_id: UUID,
    *,
    verdict: Verdict | None,
    offset: int,
    limit: int,
) -> ImportRows:
    """A page of one plan's rows; raises ImportNotFound, NotYours."""
    return await lookups.rows(
        principal.user_id, import_id, verdict=verdict, offset=offset, limit=limit
    )


def summary_of(planned: "Sequence[PlannedStatement]") -> dict[str, Any]:  # Any: JSON
    """The plan in numbers, as it will be shown."""
    counts = Counter(ruling.verdict for one in planned for ruling in one.rulings)
    return {
        "accounts": [_account(one) for one in planned],
        "counts": {verdict.value: counts[verdict] for verdict in Verdict},
    }


def rows_of(planned: "Sequence[PlannedStatement]") -> list[dict[str, Any]]:  # Any: JSON
    """The plan's rows, as they will be shown, in the file's order."""
    return [row for one in planned for row in _rows(one)]


def _account(one: "PlannedStatement") -> dict[str, Any]:  # Any: JSON
    told = one.statement.account
    balance = None if told.balance is None else str(money_digits(told.balance, told.currency))
    held = one.statement.holdings
    return {
        "account_id": None if one.account is None else str(one.account.id),
        "provider_account_id": told.provider_account_id,
        "name": told.name,
        "account_type": told.account_type.value,
        "currency": told.currency,
        "balance": balance,
        "transaction_count": len(one.statement.transactions),
        "holding_count": None if held is None else len(held),
    }


def _rows(one: "PlannedStatement") -> list[dict[str, Any]]:  # Any: JSON
    key = one.statement.account.provider_account_id
    return [
        {
            "row": row.row,
            "provider_account_id": key,
            "verdict": ruling.verdict.value,
            "reason": ruling.reason,
            "transaction_date": row.transaction_date.isoformat(),
            "amount": format(money_digits(row.amount, row.currency), "f"),
            "currency": row.currency,
            "description": row.description,
            "transaction_type": row.transaction_type.value,
            "subtype": row.subtype.value,
            "transaction_id": ruling.transaction_id and str(ruling.transaction_id),
        }
        for row, ruling in zip(one.statement.transactions, one.rulings, strict=True)
    ]


def view_of(made: Import) -> Versioned[ImportView]:
    """The view of an entity at hand."""
    plan: dict[str, Any] = dict(made.summary)  # Any: JSON
    view = ImportView(
        id=made.id,
        status=made.status,
        file_name=made.file_name,
        format=made.format,
        plan_hash=made.plan_hash,
        counts=VerdictCounts(**plan["counts"]),
        accounts=msgspec.convert(plan["accounts"], list[ImportAccount]),
        created_at=made.created_at,
        applied_at=made.applied_at,
        reverted_at=made.reverted_at,
    )
    return Versioned(view, made.version)


def page_of(
    rows: Sequence[dict[str, Any]], verdict: Verdict | None, offset: int, limit: int
) -> ImportRows:  # Any: JSON
    """A page of the plan's rows."""
    if verdict is not None:
        rows = [row for row in rows if row["verdict"] == verdict.value]
    page = msgspec.convert(rows[offset : offset + limit], list[ImportRow])
    return ImportRows(page, len(rows))
