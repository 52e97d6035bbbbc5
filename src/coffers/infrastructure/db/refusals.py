"""From what the database says to what the caller is told."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from coffers.domain.errors import DomainError, Unavailable
from coffers.infrastructure.db.metadata import METADATA

#: Constraint name → the refusal that its violation means. Filled by each noun's file.
REFUSALS: Final[dict[str, DomainError]] = {}

_LOST: Final = (PoolTimeoutError, OSError, TimeoutError)
#: PostgreSQL: serialization failure, deadlock, lock timeout, statement timeout.
_TRANSIENT_STATES: Final = frozenset({"40001", "40P01", "55P03", "57014"})
#: SQLite: busy, locked, read-only, I/O error, full, cannot open.
_SQLITE_LOST: Final = frozenset({5, 6, 8, 10, 13, 14})
#: PostgreSQL's classes of connection exceptions, lack of resources and operator intervention.
_LOST_CLASSES: Final = ("08", "53", "57")


class RowsBusy(Unavailable):
    """Another request holds the same rows."""


AWAY: Final = "The database does not answer at the moment; try again shortly."


class DatabaseAway(Unavailable):
    """The database did not answer."""


class OutcomeUnknown(Unavailable):
    """The database did not confirm the commit: repeat the request with the same idempotency key."""

    slug = "outcome_unknown"


@contextmanager
def translated() -> Iterator[None]:
    """Inside, the driver's errors become refusals.

    A violated constraint its own, a lost server Unavailable.
    """
    try:
        yield
    except IntegrityError as error:
        raise _refusal_of(error) from error
    except DBAPIError as error:
        if not _is_lost(error):
            raise
        raise _lost(error) from error
    except _LOST as error:
        raise _lost(error) from error


@contextmanager
def unconfirmed() -> Iterator[None]:
    """Around a commit: when the answer is lost, nobody knows what became of it."""
    try:
        with translated():
            yield
    except DatabaseAway as error:
        detail = "The database did not confirm in time; whether the request took effect is unknown."
        raise OutcomeUnknown(detail) from error


def is_lost_connection(error: BaseException) -> bool:
    """Whether the server closed an idle connection under us: a read may be asked again at once."""
    return isinstance(error, DBAPIError) and error.connection_invalidated


def _is_lost(error: DBAPIError) -> bool:
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF in _SQLITE_LOST
    state = _state(error)
    if state is None:
        return error.connection_invalidated or isinstance(error, InterfaceError | OperationalError)
    return state in _TRANSIENT_STATES or state.startswith(_LOST_CLASSES)


def _lost(error: Exception) -> DomainError:
    if isinstance(error, DBAPIError) and _state(error) in _TRANSIENT_STATES:
        return RowsBusy("The database is busy with the same rows; try again.", retry_after_s=1)
    if isinstance(error, DBAPIError) and _has_answered(error):
        return Unavailable("The database cannot do this at the moment; try again shortly.")
    return DatabaseAway(AWAY)


def _has_answered(error: DBAPIError) -> bool:
    """Whether it is the database itself that refused, for want of room or of a lock."""
    is_sqlite = getattr(error.orig, "sqlite_errorcode", None) is not None
    return is_sqlite or (_state(error) or "").startswith("53")


def _state(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None)


def _refusal_of(error: IntegrityError) -> Exception:
    text = str(error.orig)
    named = getattr(getattr(error.orig, "__cause__", None), "constraint_name", None)
    name = named or _sqlite_constraint(text)
    found = REFUSALS.get(name or "")
    return type(found)(found.detail) if found else error


def _sqlite_constraint(text: str) -> str | None:
    """SQLite names columns ("UNIQUE constraint failed.

    Users.email_key"), so the name is looked up by them.
    """
    _, _, columns = text.partition("UNIQUE constraint failed: ")
    wanted = {part.strip() for part in columns.split(",")} if columns else set()
    for table in METADATA.tables.values():
        keys: list[UniqueConstraint | Index] = [
            *(each for each in table.constraints if isinstance(each, UniqueConstraint)),
            *(index for index in table.indexes if index.unique),
        ]
        for key in keys:
            if {f"{table.name}.{column.name}" for column in key.columns} == wanted:
                return str(key.name)
    return None
