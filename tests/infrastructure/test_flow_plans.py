"""How SQLite answers a report: out of the indexes that hold everything, without the table."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Select, text

from coffers.application.spending.flows import FlowFilter, FlowsAsked, Grouping
from coffers.domain.ids import UserId, new_id
from coffers.domain.spending.categories import SYSTEM_CATEGORIES
from coffers.domain.spending.flows import Kinds
from coffers.infrastructure.db.engines import open_engines
from coffers.infrastructure.db.spending.flows import Shape, by_currency, left_out

KINDS = Kinds.of(SYSTEM_CATEGORIES)


async def plan(url: str, by: Grouping, make: Callable[[Shape], Select[Any]]) -> str:
    asked = FlowsAsked(FlowFilter(include_pending=True), by, KINDS, "USD")
    shape = Shape.of(asked, is_sqlite=True)
    statement = make(shape).params(shape.parameters(UserId(new_id()), asked))
    async with open_engines(url) as engines, engines.read.connect() as connection:
        compiled = statement.compile(
            dialect=engines.read.dialect, compile_kwargs={"literal_binds": True}
        )
        rows = await connection.execute(text(f"EXPLAIN QUERY PLAN {compiled}".replace(":", "\\:")))
        return "\n".join(row.detail for row in rows)


@pytest.mark.parametrize(
    "by",
    [
        Grouping.NOTHING,
        Grouping.CATEGORY,
        Grouping.MERCHANT,
        Grouping.ACCOUNT,
        Grouping.DAY,
        Grouping.WEEK,
        Grouping.MONTH,
    ],
)
async def test_sums_come_out_of_an_index_that_holds_everything(
    sqlite_url: str, by: Grouping
) -> None:
    told = await plan(sqlite_url, by, by_currency)

    assert "USING COVERING INDEX ix_transactions_flows" in told
    assert "USING INDEX ix_transactions_split" in told


async def test_what_is_left_out_comes_out_of_an_index_of_its_own(sqlite_url: str) -> None:
    told = await plan(sqlite_url, Grouping.NOTHING, left_out)

    assert "USING COVERING INDEX ix_transactions_left_out" in told
