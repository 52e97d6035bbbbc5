"""What is said of movements: words as they are kept, parts that add up."""

from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffers.domain.ledger.annotations import (
    MAX_SPLITS,
    MAX_TAG,
    MAX_TAGS,
    Annotation,
    AnnotationInvalid,
    Split,
    check_splits,
    mended,
    sorted_tags,
    worded,
)

AMOUNTS = st.decimals(-10_000, 10_000, places=2).filter(bool)
CATEGORY = uuid4()
PARTS = st.lists(
    st.builds(Split, AMOUNTS, st.sampled_from([None, CATEGORY]), st.sampled_from([None, "tip"])),
    min_size=2,
    max_size=6,
)


def parts(*amounts: str) -> list[Split]:
    return [Split(Decimal(amount)) for amount in amounts]


def test_parts_add_up_to_the_amount() -> None:
    check_splits(parts("-4", "-6"), Decimal(-10))
    check_splits(parts("-12", "2"), Decimal(-10))
    check_splits([], Decimal(-10))


@pytest.mark.parametrize(
    ("given_parts", "reason"),
    [
        (parts("-10"), "2 to 50 parts"),
        (parts(*["-0.1"] * (MAX_SPLITS + 1)), "2 to 50 parts"),
        (parts("-10", "0"), "zero"),
        (parts("-4", "-5.5"), "add up to -9.5, not to -10: -0.5 is left over"),
    ],
)
def test_parts_that_say_nothing_or_do_not_add_up_are_refused(
    given_parts: list[Split], reason: str
) -> None:
    with pytest.raises(AnnotationInvalid, match=reason):
        check_splits(given_parts, Decimal(-10))


@given(PARTS, AMOUNTS)
def test_mended_parts_add_up_and_keep_what_was_said_of_them(
    before: list[Split], amount: Decimal
) -> None:
    after = mended(before, amount)

    if after:
        check_splits(after, amount)
    named = [part for part in before if part.category_id or part.notes]
    assert not after or [part for part in after if part in named][: len(named)] == named


@given(PARTS)
def test_parts_that_add_up_already_stay(before: list[Split]) -> None:
    assert mended(before, sum((part.amount for part in before), Decimal(0))) == tuple(before)


def test_tags_are_kept_in_lower_case_sorted_each_once() -> None:
    assert sorted_tags([" Work", "a  B", "WORK"]) == ("a b", "work")


@pytest.mark.parametrize(
    "tags", [["x" * (MAX_TAG + 1)], [" "], [str(number) for number in range(MAX_TAGS + 1)]]
)
def test_tags_are_bounded(tags: list[str]) -> None:
    with pytest.raises(AnnotationInvalid):
        sorted_tags(tags)


def test_words_that_say_nothing_are_empty() -> None:
    told = {"merchant": " \n", "notes": " a\nb ", "tags": None, "splits": None, "is_ignored": None}

    assert worded(told) == {
        "merchant": None,
        "notes": "a\nb",
        "tags": (),
        "splits": (),
        "is_ignored": False,
    }


def test_only_what_is_new_is_said_again() -> None:
    before = Annotation(merchant="Joe's", annotated_by={"merchant": "rule:1"})

    after = before.told({"merchant": "Joe's", "notes": "with Ann"}, "user")

    assert after.annotated_by == {"merchant": "rule:1", "notes": "user"}
