"""Positions that were derived before are used again for the same movements, and for no others."""

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from coffers.application.investing import derivations
from coffers.application.investing.derivations import ROWS_MADE_OF, Derivations
from coffers.domain.investing.columns import Listed
from coffers.domain.investing.lots import LotMethod
from coffers.domain.investing.movements import Movement, SplitAction
from coffers.domain.investing.positions import Position, derive
from coffers.domain.ledger.transactions import TransactionSubtype

BUY = TransactionSubtype.BUY


def bought(number: int, quantity: str = "1") -> Movement:
    day = date(2026, 1, number)
    return Movement(UUID(int=10**7 + number), day, BUY, Decimal(quantity), Decimal(-10))


@pytest.fixture
def replays(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many movements each replay was of."""
    seen: list[int] = []

    def watched(movements: list[Movement], *more: object) -> Position:
        seen.append(len(movements))
        return derive(movements, *more)  # type: ignore[arg-type]  # as they were given

    monkeypatch.setattr(derivations, "derive", watched)
    return seen


def test_only_the_security_of_a_late_entry_is_replayed(replays: list[int]) -> None:
    known = Derivations()
    one, other = [bought(1), bought(3)], [bought(1)]
    for place, movements in (("one", one), ("other", other)):
        known.of(place, movements, [], LotMethod.FIFO)

    late = known.of("one", [bought(1), bought(2), bought(3)], [], LotMethod.FIFO)
    again = known.of("other", [bought(1)], [], LotMethod.FIFO)

    assert replays == [2, 1, 3]
    assert [late.quantity, again.quantity] == [3, 1]


def test_an_edit_a_split_and_another_method_are_something_else(replays: list[int]) -> None:
    known, split = Derivations(), SplitAction(UUID(int=1), date(2026, 1, 2), Decimal(2))
    known.of("one", [bought(1)], [], LotMethod.FIFO)

    edited = known.of("one", [bought(1, "5")], [], LotMethod.FIFO)
    divided = known.of("one", [bought(1, "5")], [split], LotMethod.FIFO)
    known.of("one", [bought(1, "5")], [split], LotMethod.AVERAGE)

    assert [edited.quantity, divided.quantity] == [5, 10]
    assert len(replays) == 4


def test_what_was_not_asked_for_longest_is_forgotten_first(replays: list[int]) -> None:
    known = Derivations(most=2)
    known.of("one", [bought(1)], [], LotMethod.FIFO)
    known.of("other", [bought(1)], [], LotMethod.FIFO)
    known.of("one", [bought(1)], [], LotMethod.FIFO)
    known.of("third", [bought(1)], [], LotMethod.FIFO)

    known.of("one", [bought(1)], [], LotMethod.FIFO)
    known.of("other", [bought(1)], [], LotMethod.FIFO)

    assert len(replays) == 4


def test_what_is_made_of_the_same_objects_is_made_once() -> None:
    known, told = Derivations(), [1]

    first = known.once("place", (told,), lambda: "first")
    again = known.once("place", (told,), lambda: "again")
    equal = known.once("place", ([1],), lambda: "anew")
    more = known.once("place", (told, told), lambda: "more")

    assert [first, again, equal, more] == ["first", "first", "anew", "more"]


def test_nothing_is_not_remembered() -> None:
    known = Derivations()
    known.once("place", (), lambda: None)

    assert known.once("place", (), lambda: "made") == "made"


def test_what_is_large_leaves_room_for_less(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(derivations, "MOST_MADE", 3)
    known = Derivations()
    known.once("first", (), lambda: "made")
    known.once("second", (), lambda: "made", size=2)

    assert known.once("first", (), lambda: "anew") == "made"
    known.once("second", (1,), lambda: "made", size=3)

    assert known.once("first", (), lambda: "anew") == "anew"


def test_as_many_rows_are_remembered_as_there_is_room_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(derivations, "MOST_HELD", 6)
    monkeypatch.setattr(derivations, "MOST_MADE", 3)
    known, few, many = Derivations(), Listed(lambda: [1]), Listed(lambda: [1] * ROWS_MADE_OF)
    for place, rows in (("few", few), ("many", many)):
        known.same(place, rows)
        known.once(place, (rows,), lambda: "made")
    assert known.once("few", (few,), lambda: "anew") == "made"

    known.same("more", many)
    known.once("more", (many,), lambda: "made")

    assert known.once("few", (few,), lambda: "anew") == "anew"
    assert known.same("few", [1]) is not few


def test_of_the_same_objects_as_much_is_remembered_as_was_asked_last() -> None:
    known, told = Derivations(), [1]

    def asked(number: int, *made_of: object) -> int:
        return known.once_each("place", made_of, number, made.pop, most=2)

    made = [5, 4, 3, 2, 1]
    assert [asked(1, told), asked(2, told), asked(1, told)] == [1, 2, 1]
    # A third one leaves room for itself only; other objects for nothing that was before.
    assert [asked(3, told), asked(1, told), asked(1, [1])] == [3, 4, 5]
    assert len(known._once) == 1


def test_equal_rows_are_those_that_were_there_before() -> None:
    known, first = Derivations(), [1, 2]

    assert known.same("place", first) is first
    assert known.same("place", [1, 2]) is first
    assert known.same("place", [1, 3]) == [1, 3]


def _renewed(times: int | None) -> int:
    return (times or 0) + 1


def test_no_more_is_kept_of_each_kind_than_there_is_room_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(derivations, "MOST_MADE", 1)
    monkeypatch.setattr(derivations, "MOST_HELD", 1)
    known, first = Derivations(), [1]
    for place in ("one", "other"):
        known.once(place, (), lambda: "made")
        known.same(place, first)
        known.renewed(place, _renewed)

    assert known.once("one", (), lambda: "anew") == "anew"
    assert known.same("one", [1]) is not first
    assert known.renewed("one", _renewed) == 1
    assert known.renewed("one", _renewed) == 2
