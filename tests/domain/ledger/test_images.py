from datetime import UTC, datetime
from typing import Any, Final

import pytest

from coffers.domain.ledger.images import Change, restored

THEN: Final = datetime(2026, 3, 1, tzinfo=UTC)
NOW: Final = datetime(2026, 3, 2, tzinfo=UTC)


def image(**changes: Any) -> dict[str, Any]:
    return {"id": 1, "name": "a", "balance": 1, "version": 1, "updated_at": THEN} | changes


def test_what_nobody_touched_since_is_exactly_as_it_was() -> None:
    before, after = image(), image(balance=2, version=2, updated_at=NOW)

    assert restored(Change(before, after), after, NOW) == before


def test_what_was_done_since_stays_and_the_rest_is_as_it_was() -> None:
    before, after = image(), image(balance=2, version=2)
    current = image(balance=2, version=3, name="b")

    assert restored(Change(before, after), current, NOW) == image(
        name="b", version=4, updated_at=NOW
    )


def test_what_was_changed_again_since_is_not_undone() -> None:
    before, after = image(), image(balance=2, version=2)

    assert restored(Change(before, after), image(balance=3, version=3), NOW)["balance"] == 3


def test_a_column_that_came_since_keeps_what_it_has() -> None:
    before, after = image(), image(balance=2)

    assert restored(Change(before, after), after | {"note": "x"}, NOW) == before | {"note": "x"}


def test_a_row_that_was_not_there_cannot_be_restored() -> None:
    with pytest.raises(ValueError, match="taken out"):
        restored(Change(None, image()), image(), NOW)
