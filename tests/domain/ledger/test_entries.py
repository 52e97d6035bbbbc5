"""Entries by hand: what they are when nobody says it, and what cannot be."""

from datetime import date
from decimal import Decimal

import pytest

from coffers.domain.ledger.entries import (
    AHEAD,
    EntryInvalid,
    check_amount,
    check_day,
    described,
    kind_of,
)
from coffers.domain.ledger.transactions import TYPE_OF, TransactionSubtype, TransactionType
from coffers.domain.spending.categories import SYSTEM_CATEGORIES, Category

TODAY = date(2026, 3, 1)
OUT, IN = Decimal(-5), Decimal(5)


@pytest.mark.parametrize("category", SYSTEM_CATEGORIES, ids=lambda each: each.value)
def test_without_a_type_it_is_the_category_s(category: Category) -> None:
    found = [kind_of(amount, category, None, None)[0].value for amount in (OUT, IN)]

    assert found == [category.kind.value] * 2


@pytest.mark.parametrize("kind", TransactionType)
@pytest.mark.parametrize("amount", [OUT, IN])
def test_the_subtype_belongs_to_the_type_or_is_unknown(
    kind: TransactionType, amount: Decimal
) -> None:
    found, finer = kind_of(amount, None, kind, None)

    assert found is kind
    assert finer is TransactionSubtype.UNKNOWN or TYPE_OF[finer] is kind


def test_a_subtype_tells_the_type() -> None:
    assert kind_of(OUT, None, None, TransactionSubtype.ATM)[0] is TransactionType.EXPENSE


def test_a_subtype_of_another_type_is_refused() -> None:
    with pytest.raises(EntryInvalid, match="atm is no subtype of income"):
        kind_of(IN, None, TransactionType.INCOME, TransactionSubtype.ATM)


def test_an_amount_is_not_zero() -> None:
    with pytest.raises(EntryInvalid):
        check_amount(Decimal("0.00"))


def test_a_day_is_a_year_ahead_at_most() -> None:
    check_day(TODAY + AHEAD, TODAY)
    with pytest.raises(EntryInvalid):
        check_day(date(2027, 3, 3), TODAY)


def test_a_description_is_one_line_that_says_something() -> None:
    assert described(" two\n words ") == "two words"
    with pytest.raises(EntryInvalid):
        described(" \n")
