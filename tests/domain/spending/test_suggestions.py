"""What past choices say of a movement."""

import time
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from coffers.domain.ids import new_id
from coffers.domain.ledger.annotations import Annotation
from coffers.domain.spending.suggestions import (
    MAX_SUGGESTIONS,
    Basis,
    Choice,
    rarest_word,
    suggest,
    wording,
)
from tests.domain.spending.test_rules import movement

FOOD, PETS = new_id(), new_id()


def choice(category_id: Any = FOOD, **changes: Any) -> Choice:
    facts: dict[str, Any] = {
        "transaction_id": new_id(),
        "category_id": category_id,
        "merchant": None,
        "description": "Blue Bottle Coffee 0001",
        "is_out": True,
        "transaction_date": date(2026, 1, 1),
    }
    return Choice(**facts | changes)


@pytest.mark.parametrize(
    ("description", "words"),
    [
        ("SQ *BLUE BOTTLE #0042 Berlin", "sq blue bottle berlin"),
        ("POS 4711 REWE SAGT DANKE 12.03.", "pos rewe sagt danke"),
        ("Café  Zoë", "café zoë"),
        ("4711 0815", ""),
        ("カフェ 12", "カフェ"),
    ],
)
def test_numbers_are_no_part_of_the_wording(description: str, words: str) -> None:
    assert wording(description) == words


def test_the_longest_word_is_looked_for() -> None:
    assert rarest_word("SQ *BLUE BOTTLE 0042") == "bottle"
    assert rarest_word("0042") is None


def test_choices_of_the_same_wording_are_counted_with_the_latest_as_evidence() -> None:
    latest = choice(transaction_date=date(2026, 2, 2))
    choices = [choice(), latest, choice(), choice(PETS), choice(PETS, description="Other")]

    first, second = suggest(movement(), choices)

    assert (first.category_id, first.basis, first.count) == (FOOD, Basis.DESCRIPTION, 3)
    assert first.latest is latest
    assert (second.category_id, second.count) == (PETS, 1)


def test_the_merchant_says_more_than_the_description() -> None:
    row = movement(Annotation(merchant="Blue Bottle"))

    first, second = suggest(row, [choice(), choice(), choice(PETS, merchant="BLUE  bottle")])

    assert (first.category_id, first.basis) == (PETS, Basis.MERCHANT)
    assert (second.category_id, second.basis) == (FOOD, Basis.DESCRIPTION)


def test_money_that_came_in_and_the_movement_itself_say_nothing() -> None:
    row = movement()

    assert suggest(row, [choice(is_out=False), choice(transaction_id=row.id)]) == []
    assert suggest(movement(amount=Decimal(3)), [choice(is_out=False)])
    assert suggest(movement(description="0042"), [choice(description="0043")]) == []


def test_no_more_are_made_than_the_limit() -> None:
    choices = [choice(new_id()) for _ in range(MAX_SUGGESTIONS + 1)]

    assert len(suggest(movement(), choices)) == MAX_SUGGESTIONS


def test_long_descriptions_take_their_length_in_time() -> None:
    began = time.process_time()
    for description in ("a1" * 5_000, "a" * 10_000, "ﷺ" * 10_000, "a " * 5_000, "_" * 10_000):
        wording(description)

    assert time.process_time() - began < 2
