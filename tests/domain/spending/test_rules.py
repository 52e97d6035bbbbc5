"""Which movements a rule means, and what it says of them."""

import time
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffers.domain.ids import UserId, new_id
from coffers.domain.ledger.annotations import MAX_TAGS, AnnotatedTransaction, Annotation, Split
from coffers.domain.ledger.transactions import TransactionType
from coffers.domain.spending.judges import Judge
from coffers.domain.spending.rules import (
    MAX_RULES,
    MAX_TEXT,
    Actions,
    Conditions,
    Direction,
    Match,
    Rule,
    RuleInvalid,
    TextField,
    TextTest,
    check_rule,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)
FOOD, PETS, CASH = new_id(), new_id(), new_id()
COFFEE = Conditions(texts=(TextTest(TextField.DESCRIPTION, Match.CONTAINS, "coffee"),))


def movement(said: Annotation | None = None, **changes: Any) -> AnnotatedTransaction:
    row = AnnotatedTransaction(
        id=new_id(),
        account_id=CASH,
        description="BLUE  BOTTLE Coffee 0042",
        amount=Decimal("-3.50"),
        currency="USD",
        transaction_type=TransactionType.EXPENSE,
        transaction_date=date(2026, 3, 1),
        annotation=said or Annotation(),
        version=1,
    )
    return replace(row, **changes)


def rule(conditions: Conditions = COFFEE, position: int = 1, **actions: Any) -> Rule:
    said = Actions(**(actions or {"category_id": FOOD}))
    return Rule(new_id(), UserId(new_id()), position, "R", conditions, said, NOW, NOW)


def text(wanted: str, match: Match = Match.CONTAINS) -> Conditions:
    return Conditions(texts=(TextTest(TextField.DESCRIPTION, match, wanted),))


def means(conditions: Conditions, row: AnnotatedTransaction) -> bool:
    return Judge([rule(conditions)]).judge(row) != row.annotation


@pytest.mark.parametrize(
    ("conditions", "answer"),
    [
        (text("cOFFEE 0042"), True),
        (text("  bottle   coffee "), True),
        (text("tea"), False),
        (text("blue", Match.STARTS_WITH), True),
        (text("bottle", Match.STARTS_WITH), False),
        (text("blue bottle coffee 0042", Match.EQUALS), True),
        (text("blue bottle coffee", Match.EQUALS), False),
        (text(".*"), False),
        (Conditions(min_amount=Decimal("3.50"), max_amount=Decimal("3.50")), True),
        (Conditions(min_amount=Decimal("3.51")), False),
        (Conditions(max_amount=Decimal("3.49")), False),
        (Conditions(direction=Direction.OUT), True),
        (Conditions(direction=Direction.IN), False),
        (Conditions(account_ids=(new_id(), CASH)), True),
        (Conditions(account_ids=(new_id(),)), False),
        (Conditions(start_date=date(2026, 3, 1), end_date=date(2026, 3, 1)), True),
        (Conditions(start_date=date(2026, 3, 2)), False),
        (Conditions(end_date=date(2026, 2, 28)), False),
        (Conditions(transaction_types=(TransactionType.EXPENSE,)), True),
        (Conditions(transaction_types=(TransactionType.FEE,)), False),
        (replace(COFFEE, direction=Direction.IN), False),
    ],
)
def test_all_that_a_rule_asks_has_to_hold(conditions: Conditions, *, answer: bool) -> None:
    assert means(conditions, movement()) is answer


@pytest.mark.parametrize(
    ("description", "wanted"),
    [
        ("STRASSENCAFÉ", "straßencafé"),
        ("Cafe\u0301", "CAFÉ"),
        ("ﬁnca", "FINCA"),
        ("Ｃａｆｅ", "cafe"),
    ],
)
def test_texts_are_the_same_in_any_case_and_form(description: str, wanted: str) -> None:
    assert means(text(wanted), movement(description=description))


def test_a_merchant_is_looked_for_in_what_is_said() -> None:
    asked = Conditions(texts=(TextTest(TextField.MERCHANT, Match.EQUALS, "blue bottle"),))

    assert means(asked, movement(Annotation(merchant="Blue Bottle")))
    assert not means(asked, movement())


def test_the_first_rule_that_holds_decides_a_field_and_later_ones_fill_others() -> None:
    first = rule(position=1, category_id=FOOD)
    second = rule(position=2, category_id=PETS, merchant="Blue Bottle", is_ignored=True)

    said = Judge([second, first]).judge(movement())

    assert (said.category_id, said.merchant, said.is_ignored) == (FOOD, "Blue Bottle", True)
    assert said.annotated_by == {
        "category_id": f"rule:{first.id}",
        "merchant": f"rule:{second.id}",
        "is_ignored": f"rule:{second.id}",
    }


def test_a_rule_sees_the_merchant_that_an_earlier_one_gave() -> None:
    asked = Conditions(texts=(TextTest(TextField.MERCHANT, Match.EQUALS, "blue bottle"),))

    said = Judge([rule(merchant="Blue Bottle"), rule(asked, 2, category_id=FOOD)]).judge(movement())

    assert said.category_id == FOOD


@pytest.mark.parametrize("speaker", ["user", "edit:1", None])
def test_what_the_owner_said_stays(speaker: str | None) -> None:
    by = {} if speaker is None else {"category_id": speaker}
    mine = Annotation(category_id=PETS, annotated_by=by)

    assert Judge([rule()]).judge(movement(mine)) == mine


def test_what_the_owner_emptied_stays_empty() -> None:
    mine = Annotation(annotated_by={"category_id": "user", "is_ignored": "user", "tags": "user"})

    said = Judge([rule(category_id=FOOD, is_ignored=True, tags=("a",))]).judge(movement(mine))

    assert said == mine


def test_what_a_rule_said_before_another_rule_may_say_anew() -> None:
    earlier = Annotation(category_id=PETS, annotated_by={"category_id": "rule:gone"})
    now = rule()

    said = Judge([now]).judge(movement(earlier))

    assert (said.category_id, said.annotated_by["category_id"]) == (FOOD, now.speaker)


def test_tags_are_added_to_those_there_are_but_never_too_many() -> None:
    tagged = Annotation(tags=("b",), annotated_by={"tags": "rule:gone"})
    full = tuple(sorted(f"t{number:02}" for number in range(MAX_TAGS)))
    crowded = Annotation(tags=full, annotated_by={"tags": "rule:gone"})

    judge = Judge([rule(tags=("a", "b"))])

    assert judge.judge(movement(tagged)).tags == ("a", "b")
    assert judge.judge(movement(crowded)).tags == full


def test_a_split_movement_gets_no_category() -> None:
    parts = (Split(Decimal(-1)), Split(Decimal("-2.50")))

    said = Judge([rule(category_id=FOOD, merchant="M")]).judge(movement(Annotation(splits=parts)))

    assert (said.category_id, said.merchant) == (None, "M")


def test_a_movement_is_marked_as_a_transfer() -> None:
    assert Judge([rule(is_transfer=True)]).judge(movement()).is_transfer


def test_a_rule_asks_and_says_something() -> None:
    for conditions, actions in (
        (Conditions(), Actions(is_ignored=True)),
        (COFFEE, Actions()),
        (text(" \t "), Actions(is_ignored=True)),
        (Conditions(min_amount=Decimal(-1)), Actions(is_ignored=True)),
        (Conditions(max_amount=Decimal(-1)), Actions(is_ignored=True)),
    ):
        with pytest.raises(RuleInvalid):
            check_rule(conditions, actions)


#: So few that rules often hold, alone and after one another.
words = st.text("aAß ", max_size=4)
description = st.just(TextField.DESCRIPTION)
conditions = st.builds(
    Conditions,
    texts=st.tuples(st.builds(TextTest, description, st.sampled_from(Match), words)),
    direction=st.none() | st.sampled_from(Direction),
)
actions = st.builds(
    Actions,
    category_id=st.none() | st.sampled_from([FOOD, PETS]),
    merchant=st.none() | st.sampled_from(["M", "N"]),
    tags=st.sampled_from([(), ("a",), ("a", "b")]),
    is_ignored=st.booleans(),
    is_transfer=st.booleans(),
)


@given(st.lists(st.tuples(conditions, actions), max_size=5), words)
def test_judging_what_was_judged_changes_nothing_but_what_a_merchant_found(
    drafts: list[tuple[Conditions, Actions]], description: str
) -> None:
    judge = Judge(
        [
            Rule(new_id(), UserId(new_id()), place, "R", asked, told, NOW, NOW)
            for place, (asked, told) in enumerate(drafts)
        ]
    )

    once = judge.judge(movement(description=description))

    assert judge.judge(movement(once, description=description)) == once


HOSTILE = [
    ("(a+)+$", "a" * 10_000 + "!"),
    ("a" * MAX_TEXT, "a" * 10_000),
    ("a" * (MAX_TEXT - 1) + "b", "a" * 10_000),
    ("ab" * (MAX_TEXT // 2 - 1) + "aa", "ab" * 5_000),
    ("ﷺ" * MAX_TEXT, "ﷺ" * 10_000),
    ("a\u0301" * (MAX_TEXT // 2), "a" + "\u0301\u0323" * 5_000),
]


@pytest.mark.parametrize(("wanted", "description"), HOSTILE)
def test_hostile_texts_take_their_length_in_time(wanted: str, description: str) -> None:
    judge = Judge(
        [rule(text(wanted, match), place) for place, match in enumerate(list(Match) * 66)]
    )
    assert MAX_RULES > 3 * 66
    row = movement(description=description)

    began = time.process_time()
    judge.judge(row)

    # Two hundred rules over ten thousand characters: a fraction of this on a busy machine too.
    assert time.process_time() - began < 5
