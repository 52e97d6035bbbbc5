"""Finding what comes back: thresholds, names, and no dependence on order."""

import random
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffers.domain.ids import UserId, new_id
from coffers.domain.ledger.transactions import TransactionSubtype, TransactionType
from coffers.domain.spending.cadences import RHYTHMS, Cadence, step
from coffers.domain.spending.categories import SYSTEM_CATEGORIES
from coffers.domain.spending.recurring import MAX_SERIES, Occurrence, RecurringKind, series_of
from coffers.domain.spending.recurring_detection import (
    MAX_EVIDENCE,
    MAX_NAME,
    MAX_TEXT,
    MAX_WORDS,
    detect,
    words_of,
)
from tests.stores import NOON

START = date(2025, 1, 15)
ACCOUNT = UUID(int=7)


def paid(number: int, day: date, amount: str = "-9.99", **more: Any) -> Occurrence:
    fields: dict[str, Any] = {
        "account_id": ACCOUNT,
        "currency": "EUR",
        "text": "Music",
        "transaction_type": TransactionType.EXPENSE,
        "subtype": TransactionSubtype.PURCHASE,
    } | more
    return Occurrence(id=UUID(int=number), amount=Decimal(amount), day=day, **fields)


def series(
    cadence: Cadence, count: int, amounts: Sequence[str] = ("-9.99",), **more: Any
) -> list[Occurrence]:
    return [
        paid(n + 1, step(cadence, START, n), amounts[n % len(amounts)], **more)
        for n in range(count)
    ]


@pytest.mark.parametrize("cadence", list(Cadence))
def test_so_many_payments_are_a_series_and_one_less_is_none(cadence: Cadence) -> None:
    least = RHYTHMS[cadence].least

    found = detect(series(cadence, least))
    none = detect(series(cadence, least - 1))

    assert ([each.cadence for each in found], none) == ([cadence], [])


@given(st.sampled_from(list(Cadence)), st.integers(3, 9), st.randoms())
def test_the_order_of_the_movements_does_not_matter(
    cadence: Cadence, count: int, chance: random.Random
) -> None:
    movements = series(cadence, count) + series(Cadence.WEEKLY, 4, text="Gym")
    shuffled = list(movements)
    chance.shuffle(shuffled)

    assert detect(shuffled) == detect(movements)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("NETFLIX.COM 866-579-7172", "netflix com"),
        ("Payroll ACME Inc. March 2026", "payroll acme inc"),
        ("Müller GmbH REF4711/08 2026-01-31", "müller gmbh"),
        ("  Spotify  P1234567 ", "spotify"),
        ("May", "may"),
        ("4711 0815", ""),
        ("one two three four five six seven", "one two three four five six"),
    ],
)
def test_a_name_is_what_does_not_change(text: str, words: str) -> None:
    assert words_of(text) == words


def test_only_so_many_words_and_characters_of_a_name_count() -> None:
    assert len(words_of("word " * 1_000).split()) == MAX_WORDS
    assert words_of("x" * MAX_TEXT) == words_of("x" * (MAX_TEXT + 1))


def test_one_step_of_five_may_be_irregular_and_two_may_not() -> None:
    days = [step(Cadence.MONTHLY, START, n) for n in (0, 1, 2, 4, 5, 6)]
    gaps = [step(Cadence.MONTHLY, START, n) for n in (0, 1, 3, 4, 6, 7)]

    one = detect([paid(n, day) for n, day in enumerate(days)])
    two = detect([paid(n, day) for n, day in enumerate(gaps)])

    assert [each.regularity for each in one] == [Decimal("0.80")]
    assert two == []


def test_amounts_far_from_the_middle_one_are_no_series() -> None:
    assert detect(series(Cadence.MONTHLY, 6, ["-10", "-40", "-90"])) == []


def test_twice_a_year_apart_is_a_series_only_for_the_same_amount() -> None:
    assert len(detect(series(Cadence.YEARLY, 2))) == 1
    assert detect(series(Cadence.YEARLY, 2, ["-10", "-11"])) == []
    assert len(detect(series(Cadence.YEARLY, 3, ["-10", "-11", "-12"]))) == 1


def test_a_fixed_amount_may_change_now_and_then() -> None:
    (steady,) = detect(series(Cadence.MONTHLY, 4, ["-9.99", "-9.99", "-9.99", "-11.99"]))
    (moving,) = detect(series(Cadence.MONTHLY, 4, ["-9.99", "-11.99"]))

    assert (steady.is_fixed, steady.amount, steady.previous_amount) == (
        True,
        Decimal("-11.99"),
        Decimal("-9.99"),
    )
    assert steady.has_new_price
    assert (moving.is_fixed, moving.has_new_price, moving.previous_amount) == (False, False, None)


def test_accounts_currencies_and_directions_are_kept_apart() -> None:
    movements = [
        *series(Cadence.MONTHLY, 2),
        *series(Cadence.MONTHLY, 2, account_id=UUID(int=8)),
        *series(Cadence.MONTHLY, 2, currency="USD"),
        *series(Cadence.MONTHLY, 2, ["9.99"]),
    ]

    assert detect(movements) == []


@pytest.mark.parametrize(
    ("more", "amounts", "kind"),
    [
        ({}, ["-9.99"], RecurringKind.SUBSCRIPTION),
        ({}, ["-9.99", "-10.50"], RecurringKind.BILL),
        ({"category_id": SYSTEM_CATEGORIES[3].id}, ["-700"], RecurringKind.BILL),
        ({"transaction_type": TransactionType.FEE}, ["-3"], RecurringKind.BILL),
        ({"transaction_type": TransactionType.TRANSFER}, ["-3"], RecurringKind.OTHER),
        ({"subtype": TransactionSubtype.SALARY}, ["2000"], RecurringKind.SALARY),
        ({"category_id": SYSTEM_CATEGORIES[13].id}, ["2000"], RecurringKind.SALARY),
        ({"text": "Gehalt Januar"}, ["2000"], RecurringKind.SALARY),
        ({"subtype": TransactionSubtype.DIVIDEND}, ["20"], RecurringKind.OTHER),
    ],
)
def test_the_kind_follows_direction_category_and_type(
    more: dict[str, Any], amounts: list[str], kind: RecurringKind
) -> None:
    (found,) = detect(series(Cadence.MONTHLY, 6, amounts, **more))

    assert found.kind is kind


def test_the_evidence_is_the_newest_and_not_more_than_so_many() -> None:
    (found,) = detect(series(Cadence.WEEKLY, MAX_EVIDENCE + 1))

    assert found.occurrences == MAX_EVIDENCE + 1
    assert found.evidence == tuple(UUID(int=n) for n in range(MAX_EVIDENCE + 1, 1, -1))


def test_a_name_is_shown_in_so_many_characters() -> None:
    (found,) = detect(series(Cadence.MONTHLY, 3, text="x" * (MAX_NAME + 1)))

    assert found.name == "x" * MAX_NAME


def test_of_changing_amounts_the_middle_one_of_the_last_six_is_expected() -> None:
    amounts = ["-90", "-60", "-61", "-62", "-63", "-64", "-65"]

    (found,) = detect(series(Cadence.MONTHLY, 7, amounts))

    assert found.amount == Decimal(-63)


def test_of_too_many_series_the_latest_are_kept() -> None:
    movements = [
        paid(1_000 * name + n, START + timedelta(days=7 * n + name % 7), text=f"{_letters(name)}")
        for name in range(MAX_SERIES + 1)
        for n in range(3)
    ]

    assert len(detect(movements)) == MAX_SERIES


def _letters(number: int) -> str:
    return "".join(chr(97 + int(digit)) for digit in str(number))


@given(st.sampled_from(list(Cadence)), st.integers(3, 6), st.integers(0, 1_500))
def test_what_is_awaited_is_never_late_already(cadence: Cadence, count: int, later: int) -> None:
    (found,) = detect(series(cadence, count))
    today = found.last_on + timedelta(days=later)

    new = series_of(UserId(new_id()), found, today, NOON)

    assert not new.is_late(today)
    assert new.expected_on is None or new.expected_on > found.last_on
    assert new.missed_count <= RHYTHMS[cadence].patience


@given(st.sampled_from(list(Cadence)), st.integers(0, 1_500))
def test_each_day_is_missed_once_and_then_never_again(cadence: Cadence, later: int) -> None:
    (found,) = detect(series(cadence, 4))
    waiting = series_of(UserId(new_id()), found, found.last_on, NOON)
    today = found.last_on + timedelta(days=later)

    missed: list[date] = []
    while waiting.is_late(today) and waiting.expected_on is not None:
        missed.append(waiting.expected_on)
        waiting = waiting.missed().told(found, today)

    assert missed == sorted(set(missed))
    assert len(missed) <= RHYTHMS[cadence].patience
