"""What a change of an entry by hand would break, whatever the order of the entries."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffers.domain.investing.lots import LotMethod, Oversold
from coffers.domain.investing.movements import Movement
from coffers.domain.investing.positions import derive
from coffers.domain.investing.trails import Trail, check_change, faults
from coffers.domain.ledger.transactions import TransactionSubtype as Subtype

START = date(2024, 1, 1)
NUMBERS = count(3_000_000)
KINDS = (
    *(Subtype.BUY, Subtype.SELL, Subtype.TRANSFER_IN, Subtype.TRANSFER_OUT),
    *(Subtype.SHORT_SELL, Subtype.BUY_TO_COVER, Subtype.SPLIT, Subtype.EXPIRATION),
)


def moved(subtype: Subtype, quantity: str, day: int = 0) -> Movement:
    row_id = UUID(int=next(NUMBERS))
    return Movement(row_id, START + timedelta(days=day), subtype, Decimal(quantity), Decimal(1))


def by_hand(*movements: Movement) -> Trail:
    return Trail(movements, frozenset(each.id for each in movements))


@st.composite
def trails(draw: st.DrawFn) -> Trail:
    rows = draw(
        st.lists(
            st.builds(
                moved,
                st.sampled_from(KINDS),
                st.integers(1, 9).map(str),
                st.integers(0, 9),
            ),
            max_size=8,
        )
    )
    return by_hand(*rows)


@given(trails())
def test_what_has_no_fault_makes_a_position_that_needs_no_opening(trail: Trail) -> None:
    if faults(trail):
        return

    position = derive(trail.movements, method=LotMethod.FIFO)

    assert not position.unknown


@given(trails())
def test_of_what_is_reported_nothing_is_judged(trail: Trail) -> None:
    reported = replace(trail, by_hand=frozenset())

    assert not faults(reported)


@given(trails(), st.integers(0, 7))
def test_a_deletion_is_refused_exactly_when_it_breaks_what_was_fine(
    trail: Trail, place: int
) -> None:
    if place >= len(trail.movements):
        return
    after = trail.without(trail.movements[place].id)
    broken = {
        row_id
        for row_id, fault in faults(after).items()
        if row_id not in faults(trail) or fault.quantity > faults(trail)[row_id].quantity
    }

    if broken:
        with pytest.raises(Oversold):
            check_change(trail, after)
    else:
        check_change(trail, after)


def test_what_was_oversold_already_may_be_made_better_and_not_worse() -> None:
    sale = moved(Subtype.SELL, "10", day=5)
    before = by_hand(moved(Subtype.BUY, "4"), sale)
    better = before.having(moved(Subtype.BUY, "3", day=1), is_by_hand=True)
    worse = before.having(moved(Subtype.SELL, "1", day=1), is_by_hand=True)

    check_change(before, better)
    with pytest.raises(Oversold, match=r"On 2024-01-06 there are 3, not 10"):
        check_change(before, worse)


def test_where_a_source_tells_the_position_nothing_is_refused() -> None:
    told = Trail([], frozenset(), is_fed=True)

    check_change(told, told.having(moved(Subtype.SELL, "1"), is_by_hand=True))


@pytest.mark.parametrize("quantity", ["-10", "-11"])
def test_a_split_leaves_some_of_what_is_held(quantity: str) -> None:
    before = by_hand(moved(Subtype.BUY, "10"))
    split = moved(Subtype.SPLIT, quantity, 1)

    with pytest.raises(Oversold, match="On 2024-01-02 there are 10: a split leaves some of it"):
        check_change(before, before.having(split, is_by_hand=True))


def test_a_purchase_that_a_reverse_split_lives_on_stays() -> None:
    bought, split = moved(Subtype.BUY, "10"), moved(Subtype.SPLIT, "-12", 1)
    trail = by_hand(moved(Subtype.BUY, "10"), bought, split)

    with pytest.raises(Oversold):
        check_change(trail, trail.without(bought.id))


def test_a_reverse_split_that_leaves_some_is_fine() -> None:
    assert not faults(by_hand(moved(Subtype.BUY, "10"), moved(Subtype.SPLIT, "-9.5", 1)))
