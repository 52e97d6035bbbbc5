"""Column types that are exact on both engines, and how SQL compares and adds them exactly.

PostgreSQL keeps decimals as `numeric` without a declared scale, so their digits come back as they
went in. SQLite has no exact decimal: they are text there, compared by `decimal_key` and added by
`decimal_sum`, two functions that `engines.py` registers on each connection. Callers write both
through `ordered()` and `exact_sum()`.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, DateTime, Dialect, Numeric, Text, cast
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement, GenericFunction
from sqlalchemy.sql.type_api import TypeEngine
from sqlalchemy.types import TypeDecorator, Uuid

from coffers.domain.money import EXACT, check_bounds

_SQLITE_INSTANT: Final = "%Y-%m-%dT%H:%M:%S.%fZ"
#: Sums of bounded amounts are larger than the amounts: 10^10 of them fit.
_KEY_SHIFT: Final = Decimal(10) ** 30
_EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)


class ExactDecimal(TypeDecorator[Decimal]):
    """A decimal of at most 20 digits before the point and 18 after it.

    Anything else is refused before the driver.
    """

    impl = Text
    cache_ok = True

    def load_dialect_impl(
        self, dialect: Dialect
    ) -> TypeEngine[Any]:  # Any: the two engines' types differ
        """`numeric` on PostgreSQL, text on SQLite."""
        kind = Text() if dialect.name == "sqlite" else Numeric(asdecimal=True)
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> object:
        """Raises AmountInvalid."""
        if value is None:
            return None
        value = check_bounds(value)
        return format(value, "f") if dialect.name == "sqlite" else value

    def process_result_value(
        self,
        value: Any,
        dialect: Dialect,  # noqa: ARG002 - SQLAlchemy's signature
    ) -> Decimal | None:  # Any: str or Decimal by engine
        """The exact number."""
        return None if value is None else Decimal(value)


class UTCDateTime(TypeDecorator[datetime]):
    """An instant. Naive ones are refused; stored and read in UTC; microseconds are kept."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(
        self, dialect: Dialect
    ) -> TypeEngine[Any]:  # Any: the two engines' types differ
        """`timestamptz` on PostgreSQL, text that sorts on SQLite."""
        kind = Text() if dialect.name == "sqlite" else DateTime(timezone=True)
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> object:
        """Raises ValueError for naive instants and those outside 1900 to 9000."""
        if value is None:
            return None
        if value.tzinfo is None or not _EARLIEST <= value < _LATEST:
            raise ValueError("An instant is stored with its zone, between 1900 and 9000.")
        value = value.astimezone(UTC)
        return value.strftime(_SQLITE_INSTANT) if dialect.name == "sqlite" else value

    def process_result_value(
        self,
        value: Any,
        dialect: Dialect,  # noqa: ARG002 - SQLAlchemy's signature
    ) -> datetime | None:  # Any: str or datetime by engine
        """The instant, in UTC."""
        if isinstance(value, str):
            return datetime.fromisoformat(value)
        return None if value is None else value.astimezone(UTC)


class Json(TypeDecorator[Any]):  # Any: whatever JSON can say
    """Small JSON values: lists of words, details. `jsonb` on PostgreSQL, text on SQLite."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(
        self, dialect: Dialect
    ) -> TypeEngine[Any]:  # Any: the two engines' types differ
        """The engine's own."""
        kind = Text() if dialect.name == "sqlite" else JSONB(none_as_null=True)
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: Any, dialect: Dialect) -> object:  # Any: as above
        """Encoded here on SQLite, by the driver's codec on PostgreSQL."""
        return json.dumps(value) if dialect.name == "sqlite" and value is not None else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:  # Any: as above
        """Decoded."""
        return json.loads(value) if isinstance(value, str) and dialect.name == "sqlite" else value


class Words(TypeDecorator[frozenset[str]]):
    """A small set of words, kept as sorted text with spaces between."""

    impl = Text
    cache_ok = True

    def process_bind_param(
        self,
        value: Any,
        dialect: Dialect,  # noqa: ARG002 - SQLAlchemy's signature
    ) -> str | None:  # Any: any iterable of words
        """Sorted and joined."""
        return None if value is None else " ".join(sorted(value))

    def process_result_value(
        self,
        value: Any,
        dialect: Dialect,  # noqa: ARG002 - SQLAlchemy's signature
    ) -> frozenset[str] | None:  # Any: the driver's text
        """Split again."""
        return None if value is None else frozenset(value.split())


Id = Uuid[UUID]


class Ids(TypeDecorator[Sequence[UUID]]):
    """Many ids in one parameter, so that a statement does not depend on how many they are."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(
        self, dialect: Dialect
    ) -> TypeEngine[Any]:  # Any: the two engines' types differ
        """An array on PostgreSQL, JSON text on SQLite."""
        kind = Text() if dialect.name == "sqlite" else ARRAY(Uuid())
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: Sequence[UUID] | None, dialect: Dialect) -> object:
        """As each engine writes ids."""
        ids = value or ()
        return json.dumps([each.hex for each in ids]) if dialect.name == "sqlite" else list(ids)


class ordered(FunctionElement[str]):  # noqa: N801 - reads as a function in queries
    """A decimal column in a form that `<`, `=` and ORDER BY compare exactly on both engines."""

    inherit_cache = True
    type = Text()


@compiles(ordered)
def _ordered(element: ordered, compiler: Any, **kw: Any) -> str:  # Any: the compiler's own types
    return str(compiler.process(element.clauses, **kw))


@compiles(ordered, "sqlite")
def _ordered_sqlite(
    element: ordered, compiler: Any, **kw: Any
) -> str:  # Any: the compiler's own types
    return f"decimal_key({compiler.process(element.clauses, **kw)})"


class exact_sum(GenericFunction[Decimal]):  # noqa: N801 - reads as a function in queries
    """The exact sum of a decimal column; NULL over no rows."""

    type = ExactDecimal()
    inherit_cache = True
    name = "exact_sum"


@compiles(exact_sum)
def _exact_sum(
    element: exact_sum, compiler: Any, **kw: Any
) -> str:  # Any: the compiler's own types
    return f"sum({compiler.process(element.clause_expr.element, **kw)})"


@compiles(exact_sum, "sqlite")
def _exact_sum_sqlite(
    element: exact_sum, compiler: Any, **kw: Any
) -> str:  # Any: the compiler's own types
    return f"decimal_sum({compiler.process(element.clause_expr.element, **kw)})"


def as_text(column: ColumnElement[Any]) -> ColumnElement[str]:  # Any: any decimal expression
    """The database's exact text of a decimal, for views."""
    return cast(column, Text)


def decimal_key(text: str | None) -> str | None:
    """Text that sorts as its number does: shifted above zero, 31 whole and 18 fraction digits."""
    return None if text is None else f"{EXACT.add(Decimal(text), _KEY_SHIFT):050.18f}"


def decimal_of(hundredths: int | None, more: str | None) -> str | None:
    """A number of hundredths and a decimal, added exactly; NULL only if both are."""
    if hundredths is None:
        return more
    number = EXACT.scaleb(Decimal(hundredths), -2)
    return format(number if more is None else EXACT.add(number, Decimal(more)), "f")


class DecimalSum:
    """SQLite's missing aggregate: an exact sum that also serves as a window function."""

    def __init__(self) -> None:
        self.total: Decimal | None = None

    def step(self, text: str | None) -> None:
        """Add one."""
        if text is not None:
            number = Decimal(text)
            self.total = number if self.total is None else EXACT.add(self.total, number)

    def inverse(self, text: str | None) -> None:
        """Take one out again, as a moving window does."""
        if text is not None and self.total is not None:
            self.total = EXACT.subtract(self.total, Decimal(text))

    def value(self) -> str | None:
        """The sum so far."""
        return None if self.total is None else format(self.total, "f")

    finalize = value
