"""What sums over entries are made of, in each engine's own words."""

from typing import Any

from sqlalchemy import Boolean, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement, GenericFunction

from coffers.infrastructure.db.types import ExactDecimal, Id


class swift_sum(GenericFunction[Any]):  # noqa: N801 - reads as a function in queries; Any: a decimal
    """The exact sum of amounts; NULL over no rows.

    On SQLite, amounts of at most 12 digits with two of them, or none, behind the point are added as
    integers, by SQLite itself, which refuses to overflow; all others as `exact_sum` does.
    """

    type = ExactDecimal()
    inherit_cache = True
    name = "swift_sum"


class has_minus(FunctionElement[bool]):  # noqa: N801 - likewise
    """Whether an amount is below zero."""

    type = Boolean()
    inherit_cache = True


class part_amount(FunctionElement[Any]):  # noqa: N801 - likewise; Any: a decimal
    """The amount of a split."""

    type = ExactDecimal()
    inherit_cache = True


class part_category(FunctionElement[Any]):  # noqa: N801 - likewise; Any: an id
    """The category of a split."""

    type = Id()
    inherit_cache = True


class first_of_week(FunctionElement[str]):  # noqa: N801 - likewise
    """The Monday of a day's week (ISO 8601), as text."""

    type = Text()
    inherit_cache = True


class first_of_month(FunctionElement[str]):  # noqa: N801 - likewise
    """The first day of a day's month, as text."""

    type = Text()
    inherit_cache = True


# Any, here and below: the compiler's own types.
@compiles(swift_sum)
def _swift_sum(element: swift_sum, compiler: Any, **kw: Any) -> str:
    return f"sum({compiler.process(element.clause_expr.element, **kw)})"


@compiles(swift_sum, "sqlite")
def _swift_sum_sqlite(element: swift_sum, compiler: Any, **kw: Any) -> str:
    amount = compiler.process(element.clause_expr.element, **kw)
    is_short = f"length({amount}) <= 14"
    has_cents, is_whole = f"substr({amount}, -3, 1) = '.'", f"instr({amount}, '.') = 0"
    hundredths = (
        f"CASE WHEN {is_short} THEN CASE"
        f" WHEN {has_cents} THEN CAST(replace({amount}, '.', '') AS INTEGER)"
        f" WHEN {is_whole} THEN 100 * CAST({amount} AS INTEGER) END END"
    )
    others = f"NOT ({is_short} AND ({has_cents} OR {is_whole}))"
    rest = f"decimal_sum({amount}) FILTER (WHERE {others})"
    return f"decimal_of(sum({hundredths}), {rest})"


@compiles(has_minus)
def _has_minus(element: has_minus, compiler: Any, **kw: Any) -> str:
    return f"({compiler.process(element.clauses, **kw)} < 0)"


@compiles(has_minus, "sqlite")
def _has_minus_sqlite(element: has_minus, compiler: Any, **kw: Any) -> str:
    return f"(substr({compiler.process(element.clauses, **kw)}, 1, 1) = '-')"


@compiles(part_amount)
def _part_amount(element: part_amount, compiler: Any, **kw: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **kw)} ->> 'amount' AS numeric)"


@compiles(part_amount, "sqlite")
def _part_amount_sqlite(element: part_amount, compiler: Any, **kw: Any) -> str:
    return f"json_extract({compiler.process(element.clauses, **kw)}, '$.amount')"


@compiles(part_category)
def _part_category(element: part_category, compiler: Any, **kw: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **kw)} ->> 'category_id' AS uuid)"


@compiles(part_category, "sqlite")
def _part_category_sqlite(element: part_category, compiler: Any, **kw: Any) -> str:
    named = f"json_extract({compiler.process(element.clauses, **kw)}, '$.category_id')"
    return f"replace({named}, '-', '')"


@compiles(first_of_week)
def _first_of_week(element: first_of_week, compiler: Any, **kw: Any) -> str:
    day = compiler.process(element.clauses, **kw)
    return f"CAST(CAST(date_trunc('week', {day}) AS date) AS text)"


@compiles(first_of_week, "sqlite")
def _first_of_week_sqlite(element: first_of_week, compiler: Any, **kw: Any) -> str:
    return f"date({compiler.process(element.clauses, **kw)}, 'weekday 0', '-6 days')"


@compiles(first_of_month)
def _first_of_month(element: first_of_month, compiler: Any, **kw: Any) -> str:
    day = compiler.process(element.clauses, **kw)
    return f"CAST(CAST(date_trunc('month', {day}) AS date) AS text)"


@compiles(first_of_month, "sqlite")
def _first_of_month_sqlite(element: first_of_month, compiler: Any, **kw: Any) -> str:
    return f"substr({compiler.process(element.clauses, **kw)}, 1, 7) || '-01'"
