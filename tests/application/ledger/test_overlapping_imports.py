"""However a history is cut into files, and in whatever order they come, the ledger is the same."""

import os
import random
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Final

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.importing import Importer, importer_at
from tests.statements import DAY, Line, csv_of, ofx

pytestmark = pytest.mark.asyncio(loop_scope="module")
DAYS: Final = 10
#: Each is a dozen imports.
EXAMPLES: Final = 60 if os.environ.get("TORTURE") else 3


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def importer(module_database_url: str) -> AsyncIterator[Importer]:
    async with importer_at(module_database_url) as importer:
        yield importer


HISTORIES = st.lists(
    st.tuples(
        st.sampled_from(["-3.50", "-4.00", "1200.00"]),
        st.sampled_from(["Coffee", "Tea"]),
        st.integers(0, DAYS - 1),
    ),
    min_size=1,
    max_size=15,
)


def history(drawn: Sequence[tuple[str, str, int]]) -> list[Line]:
    return [
        Line(amount, name, DAY + timedelta(days=day), id=f"id{number}")
        for number, (amount, name, day) in enumerate(drawn)
    ]


def files_of(lines: Sequence[Line], chance: random.Random, *, by_day: bool) -> list[list[Line]]:
    """Overlapping, shuffled, repeated parts that hold the whole history between them."""
    files = [list(lines)[start : start + 4] for start in range(0, len(lines), 3)]
    if by_day:
        # A statement has whole days: only then does a count say how many there were.
        starts = [DAY + timedelta(days=day) for day in range(0, DAYS, 2)]
        spans = [(first, first + timedelta(days=3)) for first in starts]
        files = [[line for line in lines if a <= line.day < b] for a, b in spans]
    files = [file for file in files if file]
    files += chance.sample(files, min(2, len(files)))
    for file in files:
        chance.shuffle(file)
    chance.shuffle(files)
    return files


@pytest.mark.parametrize("is_csv", [False, True], ids=["ofx with ids", "csv without"])
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(drawn=HISTORIES, chance=st.randoms(use_true_random=False))
async def test_a_history_in_pieces_is_the_history(
    importer: Importer,
    is_csv: bool,  # noqa: FBT001 - a parameter of the cases
    drawn: list[tuple[str, str, int]],
    chance: random.Random,
) -> None:
    lines, write = history(drawn), csv_of if is_csv else ofx
    whole, pieces = await importer.somebody(), await importer.somebody()
    await importer.take(whole, write(*lines), is_csv=is_csv)

    for file in files_of(lines, chance, by_day=is_csv):
        await importer.take(pieces, write(*file), is_csv=is_csv)

    assert await importer.ledger(pieces) == await importer.ledger(whole)
    assert len(await importer.ledger(whole)) == len(lines)


@pytest.mark.parametrize("is_csv", [False, True], ids=["ofx with ids", "csv without"])
@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(chance=st.randoms(use_true_random=False))
async def test_what_was_pending_in_some_of_the_files_is_there_once(
    importer: Importer,
    is_csv: bool,  # noqa: FBT001 - a parameter of the cases
    chance: random.Random,
) -> None:
    write, person = csv_of if is_csv else ofx, await importer.somebody()
    posted = [
        Line(f"-{n}.50", "Shop", DAY + timedelta(days=chance.randint(0, 8)), id=f"q{n}")
        for n in range(4)
    ]
    waiting = [Line(one.amount, one.name, DAY, f"p{one.id}", is_pending=True) for one in posted]
    files = [waiting, posted, waiting, posted]
    chance.shuffle(files)

    for file in files:
        await importer.take(person, write(*chance.sample(file, 4)), is_csv=is_csv)

    kept = await importer.ledger(person)
    assert len(kept) == 4
    assert {row[4] for row in kept} == {"settled"}
