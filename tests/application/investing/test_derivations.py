"""Positions that were derived before are used again for the same movements, and for no others."""

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from coffers.application.investing import derivations
from coffers.application.investing.derivations import Derivations
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
