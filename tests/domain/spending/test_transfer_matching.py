"""The rule for transfers: opposite, within four days, mutually unique; others only suggested."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from coffers.domain.ledger.transactions import TransactionStatus, TransactionType
from coffers.domain.spending.transfer_matching import (
    DAYS_APART,
    MAX_SUGGESTED,
    WINDOW,
    Key,
    match,
    match_across,
    windows,
)
from coffers.domain.spending.transfers import Leg, Pair

DAY = date(2026, 3, 2)


def leg(number: int, amount: str, account: int = 1, back: int = 0, **more: Any) -> Leg:
    fields = {"currency": "EUR", "status": TransactionStatus.SETTLED} | more
    return Leg(
        id=UUID(int=number),
        account_id=UUID(int=account),
        amount=Decimal(amount),
        day=DAY - timedelta(days=back),
        transaction_type=TransactionType.OTHER,
        **fields,
    )


def keys(pairs: Sequence[Pair]) -> list[tuple[int, int]]:
    return [(pair.outgoing.id.int, pair.incoming.id.int) for pair in pairs]


legs = st.lists(
    st.builds(
        lambda amount, account, back, pending: (amount, account, back, pending),
        st.sampled_from([-3, -2, -1, 1, 2, 3]),
        st.integers(1, 3),
        st.integers(0, 12),
        st.integers(0, 9).map(lambda n: n == 0),
    ),
    max_size=14,
).map(
    lambda drawn: [
        leg(
            n,
            str(amount),
            account,
            back,
            status=TransactionStatus.PENDING if pending else TransactionStatus.SETTLED,
        )
        for n, (amount, account, back, pending) in enumerate(drawn, start=1)
    ]
)


def fits(one: Leg, other: Leg) -> bool:
    return (
        one.amount == -other.amount
        and one.account_id != other.account_id
        and abs(one.day - other.day) <= DAYS_APART
    )


@given(legs)
def test_it_finds_what_the_plain_reading_of_the_rule_finds(drawn: list[Leg]) -> None:
    found = match(drawn)

    expected = {
        (one.id.int, other.id.int)
        for one in drawn
        for other in drawn
        if one.amount < 0
        and fits(one, other)
        and sum(fits(one, each) for each in drawn) == 1
        and sum(fits(other, each) for each in drawn) == 1
        and not one.is_pending
        and not other.is_pending
    }
    assert set(keys(found.certain)) == expected


@given(legs)
def test_no_leg_is_in_two_certain_pairs_nor_in_a_possible_one_beside(drawn: list[Leg]) -> None:
    found = match(drawn)

    taken = [each for pair in found.certain for each in pair.key]
    assert len(taken) == len(set(taken))
    assert not set(taken) & {each for pair in found.possible for each in pair.key}


@given(legs, st.randoms())
def test_the_order_of_the_legs_does_not_matter(drawn: list[Leg], chance: random.Random) -> None:
    shuffled = list(drawn)
    chance.shuffle(shuffled)

    assert match(shuffled) == match(drawn)


@given(legs)
def test_what_is_certain_one_way_round_is_certain_the_other(drawn: list[Leg]) -> None:
    turned = [replace(each, amount=-each.amount) for each in drawn]

    back = {(into, out) for out, into in keys(match(turned).certain)}

    assert set(keys(match(drawn).certain)) == back


@given(legs)
def test_a_rejected_pair_is_never_found_again(drawn: list[Leg]) -> None:
    first = match(drawn)
    rejected: set[Key] = {pair.key for pair in first.certain + first.possible[:1]}

    again = match(drawn, rejected)

    assert not rejected & {pair.key for pair in again.certain + again.possible}


@given(st.lists(st.integers(0, 400), max_size=40))
def test_windows_cover_every_day_once_and_none_is_too_long(numbers: list[int]) -> None:
    days = [DAY + timedelta(days=number) for number in numbers]

    found = windows(days)

    assert all(sum(first <= day <= last for first, last in found) == 1 for day in days)
    assert all(last - first < WINDOW for first, last in found)


def test_four_days_apart_is_near_enough_and_five_are_not() -> None:
    near = match([leg(1, "-5", 1, back=4), leg(2, "5", 2)])
    far = match([leg(1, "-5", 1, back=5), leg(2, "5", 2)])

    assert (keys(near.certain), keys(far.certain)) == ([(1, 2)], [])
    assert far.possible == []


def test_amounts_of_more_digits_than_a_float_has_must_be_opposite_to_the_last() -> None:
    whole = "12345678901234567890"

    same = match([leg(1, f"-{whole}.000000000000000001"), leg(2, f"{whole}.000000000000000001", 2)])
    other = match([leg(1, f"-{whole}.000000000000000001"), leg(2, whole, 2)])

    assert (len(same.certain), len(other.certain)) == (1, 0)


def test_a_leg_is_suggested_with_a_few_others_at_most() -> None:
    rivals = [leg(n, "5", 2) for n in range(2, 2 + MAX_SUGGESTED + 1)]

    found = match([leg(1, "-5"), *rivals])

    assert len(found.possible) == MAX_SUGGESTED


def test_ten_thousand_equal_amounts_of_one_day_are_judged_in_no_time() -> None:
    many = [leg(n, "-5" if n % 2 else "5", 1 + n % 2) for n in range(1, 10_001)]

    found = match(many)

    assert len(found.possible) == 5_000 * MAX_SUGGESTED


RATE = Decimal("1.10")


def rate_of(base: str, quote: str, _: date) -> Decimal | None:
    return {("EUR", "USD"): RATE, ("USD", "EUR"): 1 / RATE}.get((base, quote))


def test_across_currencies_three_percent_are_forgiven_and_more_is_not() -> None:
    for amount, count in (("113.30", 1), ("113.31", 0), ("106.70", 1), ("106.69", 0)):
        pair = [leg(1, "-100"), leg(2, amount, 2, currency="USD")]
        assert len(match_across(pair, rate_of)) == count, amount


def test_across_currencies_two_that_fit_are_none() -> None:
    out = leg(1, "-100")
    ins = [leg(2, "110", 2, currency="USD"), leg(3, "111", 2, currency="USD")]

    assert match_across([out, *ins], rate_of) == []


def test_without_a_rate_nothing_fits_across_currencies() -> None:
    pair = [leg(1, "-100"), leg(2, "100", 2, currency="GBP")]

    assert match_across(pair, rate_of) == []


def test_one_currency_goes_before_two() -> None:
    drawn = [leg(1, "-100"), leg(2, "100", 2), leg(3, "110", 3, currency="USD")]

    assert match_across(drawn, rate_of) == []
    assert keys(match(drawn).certain) == [(1, 2)]
