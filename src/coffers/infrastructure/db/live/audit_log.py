"""The event log, read whole: pages for administrators, chains for their verification."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Row, Select, and_, bindparam, exists, func, select, tuple_

from coffers.application.live.audit_log import (
    AuditBreak,
    AuditEntry,
    AuditFilter,
    AuditLogs,
    ChainHead,
    Position,
)
from coffers.domain.ids import SYSTEM, UserId
from coffers.domain.live.events import CHAIN_OPENED, USER_ERASED, LoggedEvent
from coffers.infrastructure.db.identity.users import users
from coffers.infrastructure.db.live.events import chains, events
from coffers.infrastructure.db.reader import Reader


class SqlAuditLogs(AuditLogs):
    """The audit log in SQL."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def page(
        self, wanted: AuditFilter, behind: Position | None, limit: int
    ) -> tuple[list[AuditEntry], int]:
        """As the port says."""
        matches = and_(True, *_conditions(wanted))  # noqa: FBT003 - a condition, even without any
        rows = select(*_ENTRY).where(matches).order_by(*(c.desc() for c in _ORDER)).limit(limit)
        if behind is not None:
            rows = rows.where(tuple_(*_ORDER) < tuple_(*behind, types=[c.type for c in _ORDER]))
        count = select(func.count()).select_from(events).where(matches)
        async with self._reader.snapshot() as snapshot:
            entries = [_entry(row) for row in await snapshot.rows(rows)]
            return entries, (await snapshot.rows(count))[0][0]

    async def heads(self, behind: UUID | None, limit: int) -> list[ChainHead]:
        """As the port says."""
        statement = _HEADS.order_by(chains.c.user_id).limit(limit)
        if behind is not None:
            statement = statement.where(chains.c.user_id > behind)
        return [_head(row) for row in await self._reader.rows(statement)]

    async def head(self, user_id: UserId) -> ChainHead | None:
        """As the port says."""
        rows = await self._reader.rows(_HEADS.where(chains.c.user_id == user_id))
        return _head(rows[0]) if rows else None

    async def events(self, head: ChainHead, behind: int, limit: int) -> list[LoggedEvent]:
        """As the port says."""
        parameters = {"user_id": head.user_id, "behind": behind, "head": head.sequence}
        rows = await self._reader.rows(_EVENTS, parameters | {"limit": limit})
        return [LoggedEvent(*tuple(row)) for row in rows]

    async def flaw_between_chains(self) -> AuditBreak | None:
        """As the port says: each question is one statement, so that it sees one state."""
        for statement, reason in _BETWEEN:
            rows = await self._reader.rows(statement.limit(1))
            if rows:
                return AuditBreak(rows[0][0], 0, reason)
        return None

    async def count_erased(self) -> int:
        """As the port says."""
        statement = select(func.count()).select_from(events).where(_SYSTEMS, _ERASED)
        return int((await self._reader.rows(statement))[0][0])


def _conditions(wanted: AuditFilter) -> list[ColumnElement[bool]]:
    when = events.c.occurred_at
    conditions = [
        events.c[name] == value
        for name in ("user_id", "name", "actor_id")
        if (value := getattr(wanted, name)) is not None
    ]
    conditions += [when >= wanted.since] if wanted.since else []
    conditions += [when < wanted.until] if wanted.until else []
    return conditions


def _entry(row: Row[Any]) -> AuditEntry:  # Any: a row of _ENTRY
    fields = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to a mapping
    return AuditEntry(**fields | {"details": _readable(row.details)})


def _readable(details: str) -> msgspec.Raw:
    """The details as they stand, unless somebody has made something else than JSON of them."""
    try:
        msgspec.json.decode(details, type=dict)
    except msgspec.DecodeError:
        return msgspec.Raw(msgspec.json.encode({"unreadable": details}))
    return msgspec.Raw(details)


def _head(row: Row[Any]) -> ChainHead:  # Any: a row of _HEADS
    return ChainHead(UserId(row.user_id), row.sequence, row.head_hash, row.last_sequence or 0)


def _on_record(name: str, user_id: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Whether the system's chain has an event of this name about this user."""
    record = events.alias()
    return exists().where(
        record.c.user_id == SYSTEM, record.c.name == name, record.c.subject_id == user_id
    )


def _has_chain(user_id: ColumnElement[UUID]) -> ColumnElement[bool]:
    chain = chains.alias()
    return exists().where(chain.c.user_id == user_id)


_ENTRY: Final = tuple(events.c[name] for name in AuditEntry.__struct_fields__)
_ORDER: Final = (events.c.occurred_at, events.c.user_id, events.c.sequence)
_last: Final = (
    select(func.max(events.c.sequence))
    .where(events.c.user_id == chains.c.user_id)
    .scalar_subquery()
)
_HEADS: Final = select(chains, _last.label("last_sequence"))
_EVENTS: Final = (
    select(*(events.c[name] for name in LoggedEvent.__dataclass_fields__))
    .where(
        events.c.user_id == bindparam("user_id"),
        events.c.sequence > bindparam("behind"),
        events.c.sequence <= bindparam("head"),
    )
    .order_by(events.c.sequence)
    .limit(bindparam("limit"))
)
_SYSTEMS: Final = events.c.user_id == SYSTEM
_ERASED: Final = events.c.name == USER_ERASED
_BETWEEN: Final[Sequence[tuple[Select[Any], str]]] = (  # Any: one column, an id
    (
        select(users.c.id).where(~_has_chain(users.c.id)),
        "A user has no chain.",
    ),
    (
        select(events.c.user_id).where(~_has_chain(events.c.user_id)),
        "There are events without a chain.",
    ),
    (
        select(events.c.subject_id).where(
            _SYSTEMS,
            events.c.name == CHAIN_OPENED,
            ~_has_chain(events.c.subject_id),
            ~_on_record(USER_ERASED, events.c.subject_id),
        ),
        "The chain is gone, and no erasure is on record.",
    ),
    (
        select(events.c.subject_id).where(_SYSTEMS, _ERASED, _has_chain(events.c.subject_id)),
        "The user was erased, and there is a chain all the same.",
    ),
    (
        select(chains.c.user_id).where(
            chains.c.user_id != SYSTEM,
            chains.c.sequence > 0,
            ~_on_record(CHAIN_OPENED, chains.c.user_id),
        ),
        "The chain's beginning is not on record.",
    ),
)
