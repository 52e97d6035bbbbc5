"""Looking into JSON columns: lists of words, and lists of parts that name a category."""

from typing import Any

from sqlalchemy import Boolean, Text, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from coffers.infrastructure.db.types import Json


class has_word(FunctionElement[bool]):  # noqa: N801 - reads as a function in queries
    """Whether the list in a column has this word; NULL or false without a list."""

    inherit_cache = True
    type = Boolean()


class has_part_of(FunctionElement[bool]):  # noqa: N801 - likewise
    """Whether a part in a column's list is of this category, an id as text or NULL for none."""

    inherit_cache = True
    type = Boolean()


class value_at(FunctionElement[str]):  # noqa: N801 - likewise
    """The text that the object in a column has under this key; NULL without."""

    inherit_cache = True
    type = Text()

    def __init__(self, column: Any, key: str) -> None:  # Any: a JSON column
        super().__init__(column, literal_column(f"'{key}'"))


class by_key(FunctionElement[Any]):  # noqa: N801 - likewise; Any: a JSON object
    """Of all rows, an object from the first to the second; empty or NULL without rows."""

    inherit_cache = True
    type = Json()


# Any, here and below: the compiler's own types.
@compiles(has_word)
def _has_word(element: has_word, compiler: Any, **kw: Any) -> str:
    column, word = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"({column} @> jsonb_build_array(CAST({word} AS text)))"


@compiles(has_word, "sqlite")
def _has_word_sqlite(element: has_word, compiler: Any, **kw: Any) -> str:
    column, word = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"({word} IN (SELECT value FROM json_each({column})))"  # noqa: S608 - names and placeholders


@compiles(has_part_of)
def _has_part_of(element: has_part_of, compiler: Any, **kw: Any) -> str:
    column, category = (compiler.process(clause, **kw) for clause in element.clauses)
    part = f"jsonb_build_object('category_id', CAST({category} AS text))"
    return f"({column} @> jsonb_build_array({part}))"


@compiles(has_part_of, "sqlite")
def _has_part_of_sqlite(element: has_part_of, compiler: Any, **kw: Any) -> str:
    column, category = (compiler.process(clause, **kw) for clause in element.clauses)
    named = "json_extract(part.value, '$.category_id')"
    return f"EXISTS (SELECT 1 FROM json_each({column}) AS part WHERE {named} IS {category})"  # noqa: S608 - likewise


@compiles(value_at)
def _value_at(element: value_at, compiler: Any, **kw: Any) -> str:
    column, key = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"({column} ->> {key})"


@compiles(by_key)
def _by_key(element: by_key, compiler: Any, **kw: Any) -> str:
    return f"jsonb_object_agg({compiler.process(element.clauses, **kw)})"


@compiles(by_key, "sqlite")
def _by_key_sqlite(element: by_key, compiler: Any, **kw: Any) -> str:
    return f"json_group_object({compiler.process(element.clauses, **kw)})"
