"""Looking into JSON columns: lists of words, and lists of parts that name a category."""

from typing import Any

from sqlalchemy import Boolean, Text, literal_column

from coffers.infrastructure.db.spellings import Spelled
from coffers.infrastructure.db.types import Json


class has_word(Spelled):  # noqa: N801 - reads as a function in queries
    """Whether the list in a column has this word; NULL or false without a list."""

    type = Boolean()
    on_postgresql = "({0} @> jsonb_build_array(CAST({1} AS text)))"
    on_sqlite = "({1} IN (SELECT value FROM json_each({0})))"


class has_part_of(Spelled):  # noqa: N801 - likewise
    """Whether a part in a column's list is of this category, an id as text or NULL for none."""

    type = Boolean()
    on_postgresql = (
        "({0} @> jsonb_build_array(jsonb_build_object('category_id', CAST({1} AS text))))"
    )
    on_sqlite = (
        "EXISTS (SELECT 1 FROM json_each({0}) AS part"
        " WHERE json_extract(part.value, '$.category_id') IS {1})"
    )


class value_at(Spelled):  # noqa: N801 - likewise
    """The text that the object in a column has under this key; NULL without."""

    type = Text()
    on_postgresql = "({0} ->> {1})"

    def __init__(self, column: Any, key: str) -> None:  # Any: a JSON column
        super().__init__(column, literal_column(f"'{key}'"))


class by_key(Spelled):  # noqa: N801 - likewise
    """Of all rows, an object from the first to the second; empty or NULL without rows."""

    type = Json()
    on_postgresql = "jsonb_object_agg({0}, {1})"
    on_sqlite = "json_group_object({0}, {1})"
