"""Floors that a change of the schema breaks say nothing any more."""

from benchmarks.ledger_writes import bare, some_rows

from tests.ledgers import ledger_at


async def test_the_floor_of_a_sync_stores_its_rows(database_url: str) -> None:
    async with ledger_at(database_url) as ledger:
        account = await ledger.account("floor")
        await bare(ledger, account, some_rows(1)[:3])

        again = await ledger.move(account, *some_rows(1)[:4])

    assert (again.created, again.unchanged) == (1, 3)
