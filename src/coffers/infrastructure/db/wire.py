"""Columns as they go out: the driver's own values, nothing converted on the way to a view."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

#: Views that are made at a stretch, before the event loop gets its turn.
STRETCH: Final = 250

V = TypeVar("V")


class id_text(FunctionElement[str]):  # noqa: N801 - reads as a function in queries
    """An id as text with its hyphens."""

    inherit_cache = True


class instant(FunctionElement[Any]):  # noqa: N801 - likewise; Any: text or datetime by engine
    """An instant in UTC that encodes as RFC 3339, without a fraction when there is none."""

    inherit_cache = True


class plain(FunctionElement[Any]):  # noqa: N801 - likewise; Any: whatever the driver gives
    """A column as the driver gives it."""

    inherit_cache = True


class difference(FunctionElement[Any]):  # noqa: N801 - likewise; Any: a numeric
    """On PostgreSQL: the first amount less the second, exactly."""

    inherit_cache = True


class percent(FunctionElement[str]):  # noqa: N801 - likewise
    """On PostgreSQL: `percent_of(part, basis)` of the domain, as a numeric."""

    inherit_cache = True


# Any, here and below: the compiler's own types.
@compiles(id_text)
def _id_text(element: id_text, compiler: Any, **kw: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **kw)} AS TEXT)"


@compiles(id_text, "sqlite")
def _id_text_sqlite(element: id_text, compiler: Any, **kw: Any) -> str:
    hexadecimal = compiler.process(element.clauses, **kw)
    parts = ((1, 8), (9, 4), (13, 4), (17, 4), (21, 12))
    return " || '-' || ".join(f"substr({hexadecimal}, {start}, {n})" for start, n in parts)


@compiles(instant)
def _instant(element: instant, compiler: Any, **kw: Any) -> str:
    return str(compiler.process(element.clauses, **kw))


@compiles(instant, "sqlite")
def _instant_sqlite(element: instant, compiler: Any, **kw: Any) -> str:
    return f"replace({compiler.process(element.clauses, **kw)}, '.000000Z', 'Z')"


@compiles(plain)
def _plain(element: plain, compiler: Any, **kw: Any) -> str:
    return str(compiler.process(element.clauses, **kw))


@compiles(difference)
def _difference(element: difference, compiler: Any, **kw: Any) -> str:
    first, second = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"({first} - {second})"


@compiles(percent)
def _percent(element: percent, compiler: Any, **kw: Any) -> str:
    part, basis = (compiler.process(clause, **kw) for clause in element.clauses)
    # `div` cuts off towards zero, and whether a half is reached shows in the thousandths alone.
    return f"round(div(100000 * {part}, nullif(abs({basis}), 0)) * 0.001, 2)"


async def views(rows: Sequence[Sequence[Any]], make: Callable[[Sequence[Any]], V]) -> list[V]:
    """A view for each row; many are made in stretches, so that other requests are not held up."""
    if len(rows) <= STRETCH:
        return [make(row) for row in rows]
    made: list[V] = []
    for start in range(0, len(rows), STRETCH):
        made += [make(row) for row in rows[start : start + STRETCH]]
        await asyncio.sleep(0)
    return made
