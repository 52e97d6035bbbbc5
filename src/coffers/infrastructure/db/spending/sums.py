"""What sums over entries are made of, in each engine's own words."""

from typing import Final

from sqlalchemy import Boolean, Text

from coffers.infrastructure.db.spellings import Spelled
from coffers.infrastructure.db.types import ExactDecimal, Id

#: Whether SQLite's numbers cannot bear an amount: 15 characters and more, or a third decimal.
_ODD: Final = "(length({0}) > 14 OR {0} GLOB '*.???*')"


class swift_sum(Spelled):  # noqa: N801 - reads as a function in queries
    """The exact sum of amounts; NULL over no rows.

    On SQLite, amounts of at most 14 characters with at most two digits behind the point are added
    as whole hundredths, which its floats hold exactly and its integers refuse to overflow; all
    others as `exact_sum` does.
    """

    type = ExactDecimal()
    on_postgresql = "sum({0})"
    on_sqlite = (
        f"decimal_of(sum(CASE WHEN {_ODD} THEN NULL ELSE CAST(round({{0}} * 100) AS INTEGER) END),"
        f" decimal_sum({{0}}) FILTER (WHERE {_ODD}))"
    )


class has_minus(Spelled):  # noqa: N801 - likewise
    """Whether an amount is below zero."""

    type = Boolean()
    on_postgresql = "({0} < 0)"
    on_sqlite = "(substr({0}, 1, 1) = '-')"


class part_amount(Spelled):  # noqa: N801 - likewise
    """The amount of a split."""

    type = ExactDecimal()
    on_postgresql = "CAST({0} ->> 'amount' AS numeric)"
    on_sqlite = "json_extract({0}, '$.amount')"


class part_category(Spelled):  # noqa: N801 - likewise
    """The category of a split."""

    type = Id()
    on_postgresql = "CAST({0} ->> 'category_id' AS uuid)"
    on_sqlite = "replace(json_extract({0}, '$.category_id'), '-', '')"


class week_of(Spelled):  # noqa: N801 - likewise
    """A day's week (ISO 8601), in a form that is quick to group by; `first_day` shows it."""

    type = Text()
    on_postgresql = "date_trunc('week', CAST({0} AS timestamp))"
    on_sqlite = "date({0}, 'weekday 0', '-6 days')"


class month_of(Spelled):  # noqa: N801 - likewise
    """A day's month, likewise."""

    type = Text()
    on_postgresql = "date_trunc('month', CAST({0} AS timestamp))"
    on_sqlite = "substr({0}, 1, 7)"


class first_day(Spelled):  # noqa: N801 - likewise
    """The first day of such a week or month, as text."""

    type = Text()
    on_postgresql = "CAST(CAST({0} AS date) AS text)"
    on_sqlite = "substr({0} || '-01', 1, 10)"
