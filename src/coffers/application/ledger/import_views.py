"""Imports on the wire: the plan in numbers, its rows a page at a time."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, Protocol
from uuid import UUID

import msgspec

from coffers.application.views import DecimalText, Instant, Versioned
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import UserId
from coffers.domain.ledger.balance_signs import BalanceSign
from coffers.domain.ledger.imports import Import, ImportStatus
from coffers.domain.ledger.verdicts import Verdict
from coffers.domain.money import money_digits
from coffers.domain.paging import Cursors, Page

if TYPE_CHECKING:
    from coffers.application.ledger.import_plans import PlannedStatement


class VerdictCounts(msgspec.Struct, frozen=True):
    """How many rows have which verdict."""

    new: int
    duplicate: int
    update: int
    conflict: int
    ignored: int


class ImportAccount(msgspec.Struct, frozen=True):
    """One statement of the file. `account_id` is null until applying makes the account.

    `is_current`: its balance and positions replace what is known, because nothing newer is.
    `balance` is what the ledger would have, `reported_balance` what the file writes: on a card or a
    loan `balance_sign` says how it was read. An unclear one is left out until `owed` is told.
    """

    account_id: UUID | None
    provider_account_id: str
    name: str
    account_type: str
    currency: str
    balance: DecimalText | None
    balance_date: date | None
    is_current: bool
    transaction_count: int
    holding_count: int | None
    counts: VerdictCounts
    reported_balance: DecimalText | None = None
    balance_sign: BalanceSign | None = None


class ImportRow(msgspec.Struct, frozen=True, gc=False):
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
    """Some of the user's imports, newest first; `next_cursor` is null on the last page."""

    imports: list[ImportView]
    total_count: int
    next_cursor: str | None


class ImportRows(msgspec.Struct, frozen=True):
    """Some rows of a plan in the file's order; `total_count` is of all that were asked for."""

    rows: list[ImportRow]
    total_count: int
    next_cursor: str | None


class ImportLookups(Protocol):
    """Imports to read."""

    async def page(self, user_id: UserId, *, before: UUID | None, limit: int) -> Page[ImportView]:
        """The newest of those that came before this one."""
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
    ) -> Page[ImportRow]:
        """From this one on; raises ImportNotFound, NotYours."""
        ...


async def list_imports(
    lookups: ImportLookups,
    cursors: Cursors,
    principal: Principal,
    *,
    limit: int,
    cursor: str | None,
) -> ImportList:
    """A page of the caller's imports; raises CursorInvalid."""
    binding = (principal.user_id, "imports", "newest first")
    before = UUID(cursors.open(cursor, binding)[0]) if cursor is not None else None
    page = await lookups.page(principal.user_id, before=before, limit=limit)
    following = None if page.next_key is None else cursors.seal(page.next_key, binding)
    return ImportList(page.rows, page.total_count, following)


async def get_import(
    lookups: ImportLookups, principal: Principal, import_id: UUID
) -> Versioned[ImportView]:
    """One of the caller's imports; raises ImportNotFound, NotYours."""
    return await lookups.one(principal.user_id, import_id)


@dataclass(frozen=True, slots=True)
class RowsAsked:
    """Which rows of which plan; the cursor continues an earlier page of the same question."""

    import_id: UUID
    verdict: Verdict | None
    limit: int
    cursor: str | None


async def list_rows(
    lookups: ImportLookups,
    cursors: Cursors,
    principal: Principal,
    asked: RowsAsked,
) -> ImportRows:
    """A page of one plan's rows; raises ImportNotFound, NotYours, CursorInvalid."""
    binding = (principal.user_id, "import rows", asked.import_id, asked.verdict)
    offset = int(cursors.open(asked.cursor, binding)[0]) if asked.cursor is not None else 0
    page = await lookups.rows(
        principal.user_id,
        asked.import_id,
        verdict=asked.verdict,
        offset=offset,
        limit=asked.limit,
    )
    following = None if page.next_key is None else cursors.seal(page.next_key, binding)
    return ImportRows(page.rows, page.total_count, following)


def summary_of(planned: "Sequence[PlannedStatement]") -> dict[str, Any]:  # Any: JSON
    """The plan in numbers, as it will be shown."""
    accounts = [_account(one) for one in planned]
    counts = {
        verdict.value: sum(account["counts"][verdict.value] for account in accounts)
        for verdict in Verdict
    }
    return {"accounts": accounts, "counts": counts}


def summary_in(
    summary: Mapping[str, object], account_ids: Sequence[str | None]
) -> dict[str, object]:
    """The same plan in numbers, its statements in these accounts."""
    accounts = msgspec.convert(summary["accounts"], list[dict[str, object]])
    named = zip(accounts, account_ids, strict=True)
    return {**summary, "accounts": [account | {"account_id": each} for account, each in named]}


def encoded_rows(planned: "Sequence[PlannedStatement]") -> bytes:
    """The plan's rows, as they will be shown, in the file's order."""
    return msgspec.json.encode([row for one in planned for row in _rows(one)])


def rows_in(encoded: bytes) -> list[ImportRow]:
    """The rows again."""
    return _ROWS.decode(encoded)


_ROWS: Final = msgspec.json.Decoder(list[ImportRow])


def _account(one: "PlannedStatement") -> dict[str, Any]:  # Any: JSON
    told, account = one.statement.account, one.account
    day = one.statement.balance_date
    held = one.statement.holdings
    counts = Counter(ruling.verdict for ruling in one.rulings)
    return {
        "account_id": None if account is None else str(account.id),
        "provider_account_id": told.provider_account_id,
        "name": told.name if account is None else account.name,
        "account_type": (told if account is None else account).account_type.value,
        "currency": told.currency,
        "balance": _text_if_any(told.balance, told.currency),
        "balance_date": None if day is None else day.isoformat(),
        "is_current": one.target.is_current,
        "transaction_count": len(one.statement.transactions),
        "holding_count": None if held is None else len(held),
        "counts": {verdict.value: counts[verdict] for verdict in Verdict},
        "reported_balance": _text_if_any(one.target.reported_balance, told.currency),
        "balance_sign": one.target.balance_sign,
    }


def _rows(one: "PlannedStatement") -> Iterator[ImportRow]:
    key = one.statement.account.provider_account_id
    for row, ruling in zip(one.statement.transactions, one.rulings, strict=True):
        yield ImportRow(
            row.row,
            key,
            ruling.verdict,
            ruling.reason,
            row.transaction_date,
            _text(row.amount, row.currency),
            row.currency,
            row.description,
            row.transaction_type,
            row.subtype,
            ruling.transaction_id,
        )


def _text_if_any(amount: Decimal | None, currency: str) -> str | None:
    return None if amount is None else _text(amount, currency)


def _text(amount: Decimal, currency: str) -> str:
    return format(money_digits(amount, currency), "f")


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
    rows: Sequence[ImportRow], verdict: Verdict | None, offset: int, limit: int
) -> Page[ImportRow]:
    """A page of the plan's rows."""
    if verdict is not None:
        rows = [row for row in rows if row.verdict is verdict]
    end = offset + limit
    following = [str(end)] if end < len(rows) else None
    return Page(list(rows[offset:end]), len(rows), following)
