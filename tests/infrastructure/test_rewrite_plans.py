"""How SQLite finds what an edit over a filter rewrites."""

from sqlalchemy import text

from coffers.domain.ids import UserId, new_id
from coffers.infrastructure.db.engines import open_engines
from coffers.infrastructure.db.spending.rewrites import deletion


async def test_movements_are_deleted_by_their_ids_without_looking_at_all_there_are(
    sqlite_url: str,
) -> None:
    statement = deletion(UserId(new_id()), {new_id(): 1, new_id(): 2})

    async with open_engines(sqlite_url) as engines, engines.read.connect() as connection:
        told = statement.compile(
            dialect=engines.read.dialect, compile_kwargs={"literal_binds": True}
        )
        rows = await connection.execute(text(f"EXPLAIN QUERY PLAN {told}"))
        plan = [row.detail for row in rows]

    assert "(user_id=? AND id=?)" in plan[0]
