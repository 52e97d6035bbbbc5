"""The table of recurring payments and its repository."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Index,
    Integer,
    Row,
    String,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    delete,
    false,
    insert,
    select,
    text,
    tuple_,
    update,
)

from coffers.application.spending.recurring import RecurringLookups
from coffers.domain.errors import PreconditionFailed
from coffers.domain.ids import UserId
from coffers.domain.ledger.accounts import MANUAL
from coffers.domain.ledger.transactions import (
    TransactionStatus,
    TransactionSubtype,
    TransactionType,
)
from coffers.domain.spending.cadences import Cadence
from coffers.domain.spending.recurring import (
    Occurrence,
    RecurringKind,
    RecurringNotFound,
    RecurringSeries,
    RecurringState,
    Series,
)
from coffers.infrastructure.db.bulk import stretches
from coffers.infrastructure.db.ledger.accounts import accounts
from coffers.infrastructure.db.ledger.transaction_rows import transactions
from coffers.infrastructure.db.metadata import METADATA
from coffers.infrastructure.db.ownership import missing
from coffers.infrastructure.db.reader import Reader
from coffers.infrastructure.db.transaction import Transaction
from coffers.infrastructure.db.types import ExactDecimal, Id, Json, UTCDateTime

#: Movements that are read at a stretch.
PAGE: Final = 1_000

recurring_series: Final = Table(
    "recurring_series",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("id", Id, primary_key=True),
    Column("account_id", Id, nullable=False),
    #: Account, currency, direction, words, and the amount if that is what sets it apart; hashed.
    Column("key", String(64), nullable=False),
    Column("words", Text, nullable=False),
    Column("currency", String(12), nullable=False),
    Column("name", Text, nullable=False),
    Column("kind", String(12), nullable=False),
    Column("state", String(10), nullable=False),
    Column("cadence", String(12), nullable=False),
    Column("category_id", Id),
    #: What is expected next, below zero when it goes out, and the range of what was.
    Column("amount", ExactDecimal, nullable=False),
    Column("smallest", ExactDecimal, nullable=False),
    Column("largest", ExactDecimal, nullable=False),
    Column("is_fixed", Boolean, nullable=False),
    Column("previous_amount", ExactDecimal),
    Column("first_on", Date, nullable=False),
    Column("last_on", Date, nullable=False),
    Column("anchor", Integer, nullable=False),
    Column("occurrences", Integer, nullable=False),
    #: Ids of transactions, newest first.
    Column("evidence", Json, nullable=False),
    Column("regularity", ExactDecimal, nullable=False),
    Column("expected_on", Date),
    Column("missed_count", Integer, nullable=False),
    #: The last day for which a missed payment was told.
    Column("missed_on", Date),
    #: The fields that the owner set.
    Column("chosen", Json, nullable=False),
    Column("version", Integer, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("updated_at", UTCDateTime, nullable=False),
    UniqueConstraint("user_id", "key"),
    Index("ix_recurring_series_id", "id"),
    Index("ix_recurring_series_expected_on", "expected_on"),
)


class SqlRecurringSeries(RecurringSeries):
    """Series in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def lock(self, user_id: UserId) -> None:
        """As the port says; SQLite has one writer anyway."""
        if not self._transaction.is_sqlite:
            await self._transaction.execute(_LOCK.bindparams(key=f"recurring of {user_id}"))

    async def all(self, user_id: UserId) -> list[Series]:
        """As the port says."""
        statement = _OWN.order_by(_C.id).with_for_update()
        rows = await self._transaction.rows(statement, {"user_id": user_id})
        return [series_from(row) for row in rows]

    async def get(self, user_id: UserId, series_id: UUID) -> Series:
        """As the port says."""
        wanted = {"user_id": user_id, "series_id": series_id}
        rows = await self._transaction.rows(_ONE.with_for_update(), wanted)
        if not rows:
            raise await missing(self._transaction, recurring_series, series_id, _nothing())
        return series_from(rows[0])

    async def add(self, series: Sequence[Series]) -> None:
        """As the port says."""
        for part in stretches(series):
            rows = [_row(each) for each in part]
            await self._transaction.execute(insert(recurring_series), rows)

    async def update(self, series: Series, *, expected_version: int | None = None) -> Series:
        """As the port says."""
        wanted = series.version if expected_version is None else expected_version
        stored = replace(series, version=wanted + 1)
        one = (_C.user_id == series.user_id) & (_C.id == series.id) & (_C.version == wanted)
        statement = update(recurring_series).where(one).values(_row(stored))
        if (await self._transaction.execute(statement)).rowcount != 1:
            raise PreconditionFailed("The recurring payment was changed: read it again.")
        return stored

    async def remove(self, series: Sequence[Series]) -> None:
        """As the port says."""
        for part in stretches(series):
            mine = _C.user_id == part[0].user_id
            gone = _C.id.in_([each.id for each in part])
            await self._transaction.execute(delete(recurring_series).where(mine, gone))

    async def late(self, before: date, after: UserId, limit: int) -> list[UserId]:
        """As the port says."""
        wanted = {"before": before, "after": after, "limit": limit}
        rows = await self._transaction.rows(_LATE, wanted)
        return [UserId(row.user_id) for row in rows]

    async def heard_until(self, user_id: UserId) -> dict[UUID, datetime | None]:
        """As the port says."""
        rows = await self._transaction.rows(_HEARD, {"user_id": user_id})
        return {row.id: row.last_synced_at for row in rows}


class SqlRecurringLookups(RecurringLookups):
    """Series and movements to read, in SQL."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def all(self, user_id: UserId) -> list[Series]:
        """As the port says."""
        rows = await self._reader.rows(_LISTED, {"user_id": user_id})
        return [series_from(row) for row in rows]

    async def get(self, user_id: UserId, series_id: UUID) -> Series:
        """As the port says."""
        rows = await self._reader.rows(_ONE, {"user_id": user_id, "series_id": series_id})
        if not rows:
            raise await missing(self._reader, recurring_series, series_id, _nothing())
        return series_from(rows[0])

    async def movements(self, user_id: UserId, since: date, limit: int) -> list[Occurrence]:
        """As the port says; page by page, so that nothing else waits long."""
        found: list[Occurrence] = []
        day, row_id = date.max, UUID(int=0)
        while len(found) < limit:
            count = min(PAGE, limit - len(found))
            place = {"day": day, "row_id": row_id, "since": since, "limit": count}
            rows = await self._reader.rows(_MOVEMENTS, place | {"user_id": user_id})
            found += [_occurrence(row) for row in rows]
            if len(rows) < count:
                break
            day, row_id = rows[-1].transaction_date, rows[-1].id
        return found


def _nothing() -> RecurringNotFound:
    return RecurringNotFound("Recurring payment not found")


def _row(series: Series) -> dict[str, object]:
    row = {name: getattr(series, name) for name in Series.__dataclass_fields__}
    row |= {name: row[name].value for name in ("kind", "state", "cadence")}
    evidence = [str(each) for each in series.evidence]
    return row | {"evidence": evidence, "chosen": sorted(series.chosen)}


def series_from(row: Row[Any]) -> Series:  # Any: a row of the whole table
    """The series that a row keeps."""
    fields = {name: getattr(row, name) for name in Series.__dataclass_fields__}
    fields |= {
        "kind": RecurringKind(row.kind),
        "state": RecurringState(row.state),
        "cadence": Cadence(row.cadence),
        "evidence": tuple(UUID(each) for each in row.evidence),
        "chosen": frozenset(row.chosen),
    }
    return Series(**fields)


def _occurrence(row: Row[Any]) -> Occurrence:  # Any: of _MOVEMENTS
    return Occurrence(
        id=row.id,
        account_id=row.account_id,
        amount=row.amount,
        currency=row.currency,
        day=row.transaction_date,
        text=row.merchant or row.description,
        transaction_type=TransactionType(row.transaction_type),
        subtype=TransactionSubtype(row.subtype),
        category_id=row.category_id,
    )


_C: Final = recurring_series.c
_T: Final = transactions.c
_A: Final = accounts.c
_LOCK: Final = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")
_OWN: Final = select(recurring_series).where(_C.user_id == bindparam("user_id"))
_LISTED: Final = _OWN.order_by(_C.last_on.desc(), _C.id)
_ONE: Final = _OWN.where(_C.id == bindparam("series_id"))
_LATE: Final = (
    select(_C.user_id)
    .where(
        _C.expected_on < bindparam("before"),
        _C.state != RecurringState.DISMISSED.value,
        _C.user_id > bindparam("after"),
    )
    .distinct()
    .order_by(_C.user_id)
    .limit(bindparam("limit"))
)
_HEARD: Final = select(_A.id, _A.last_synced_at).where(
    _A.user_id == bindparam("user_id"), _A.source != MANUAL
)
_MOVEMENTS: Final = (
    select(
        *(_T.id, _T.account_id, _T.amount, _T.currency, _T.transaction_date, _T.description),
        *(_T.merchant, _T.transaction_type, _T.subtype, _T.category_id),
    )
    .where(
        _T.user_id == bindparam("user_id"),
        _T.transaction_date >= bindparam("since"),
        # The newest first; of one day, by id.
        tuple_(_T.transaction_date, _T.id)
        < tuple_(bindparam("day", type_=Date), bindparam("row_id", type_=Id)),
        _T.status == TransactionStatus.SETTLED.value,
        _T.transaction_type != TransactionType.TRADE.value,
        _T.is_ignored == false(),
        _T.is_transfer == false(),
        _T.transfer_id.is_(None),
    )
    .order_by(_T.transaction_date.desc(), _T.id.desc())
    .limit(bindparam("limit"))
)
