"""What PostgreSQL calculates and how its values arrive, against Python's own."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import Numeric, Text, bindparam, cast, func, literal, select, text

from coffers.domain.percentages import percent_of
from coffers.infrastructure.db.engines import open_engines
from coffers.infrastructure.db.types import UTCDateTime
from coffers.infrastructure.db.wire import percent

INSTANTS = [
    datetime(1900, 1, 1, 0, 0, 0, 1, UTC),
    datetime(1999, 12, 31, 23, 59, 59, 999_999, UTC),
    datetime(2000, 1, 1, tzinfo=UTC),
    datetime(2026, 10, 30, 12, 5, 9, 250_000, UTC),
    datetime(8999, 12, 31, 23, 59, 59, 999_999, UTC),
]
PERCENTAGES = [
    ("2500", "15000"),
    ("-49.50", "-500"),
    ("0.125", "100"),
    ("-0.125", "100"),
    ("0.124999999999999999", "100"),
    ("-0.0000001", "100"),
    ("0", "-7"),
    ("5", "0"),
    ("-99999999999999999999", "0.000000000000000003"),
    ("0.000000000000000001", "99999999999999999999"),
    ("12499999999999999999.999999999999999999", "10000000000000000000000"),
]


async def test_instants_come_back_as_they_were_on_connections_for_reading(
    postgres_database: str,
) -> None:
    async with open_engines(postgres_database) as engines, engines.read.connect() as connection:
        sent = [literal(each, UTCDateTime) for each in INSTANTS]

        row = (await connection.execute(select(*sent))).one()

    assert list(row) == INSTANTS
    assert {each.utcoffset() for each in row} == {INSTANTS[0].utcoffset()}


async def test_an_instant_is_what_postgresql_itself_takes_it_for(postgres_database: str) -> None:
    async with open_engines(postgres_database) as engines, engines.read.connect() as connection:
        sent = bindparam("sent", INSTANTS[1], UTCDateTime)

        text = await connection.scalar(select(func.to_char(sent, "YYYY-MM-DD HH24:MI:SS.US")))

    assert text == "1999-12-31 23:59:59.999999"


@pytest.fixture(scope="module")
def told() -> list[str | None]:
    """The percentages by the domain."""
    found = [percent_of(Decimal(part), Decimal(basis)) for part, basis in PERCENTAGES]
    return [None if each is None else str(each) for each in found]


async def test_percentages_are_rounded_as_the_domain_does_to_the_last_digit(
    postgres_database: str, told: list[str | None]
) -> None:
    async with open_engines(postgres_database) as engines, engines.read.connect() as connection:
        columns = [
            cast(percent(*(literal(Decimal(each), Numeric) for each in pair)), Numeric)
            for pair in PERCENTAGES
        ]

        row = (await connection.execute(select(*columns))).one()

    assert [None if each is None else str(each) for each in row] == told


async def test_days_are_told_in_one_way_whatever_the_database_is_set_to(
    postgres_database: str,
) -> None:
    setting = f'ALTER DATABASE "{postgres_database.rpartition("/")[2]}"'
    await _changed(postgres_database, f"{setting} SET datestyle TO 'German'")

    async with open_engines(postgres_database) as engines, engines.read.connect() as connection:
        found = await connection.scalar(select(cast(literal(INSTANTS[3].date()), Text)))

    # It is lent to other tests.
    await _changed(postgres_database, f"{setting} RESET datestyle")
    assert found == "2026-10-30"


async def _changed(url: str, statement: str) -> None:
    async with open_engines(url) as engines, engines.write.begin() as connection:
        await connection.execute(text(statement))
