"""Judges: rules made ready for many movements.

Texts are compared with `in`, `==` and `startswith` after case folding: no pattern of a user's is
ever a program, and looking at a text takes time in proportion to its length.
"""

from collections.abc import Collection, Sequence
from datetime import date
from decimal import Decimal
from typing import Final, TypeVar
from uuid import UUID

from coffers.domain.ledger.annotations import MAX_TAGS, AnnotatedTransaction, Annotation
from coffers.domain.spending.rules import (
    SPEAKER,
    Actions,
    Direction,
    Match,
    Rule,
    TextField,
    folded,
)

T = TypeVar("T", Decimal, date)


class Judge:
    """Rules made ready for many movements."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = [_Ready(rule) for rule in sorted(rules, key=_order)]

    def judge(self, row: AnnotatedTransaction) -> Annotation:
        """What is said of the movement after all rules had their say.

        The first rule whose conditions hold decides a field. What the owner said stays, as do the
        parts of a split movement. A rule sees the merchant that an earlier one gave.
        """
        said, decided, description = row.annotation, set[str](), folded(row.description)
        for ready in self._rules:
            if ready.holds(row, description, said.merchant):
                said = _spoken(said, ready.rule, decided)
        return said


class _Ready:
    """A rule whose texts are folded and whose lists are sets."""

    def __init__(self, rule: Rule) -> None:
        asked = self._asked = rule.conditions
        self.rule = rule
        self._texts = [(test.field, test.match, folded(test.text)) for test in asked.texts]
        self._account_ids = frozenset(asked.account_ids)
        self._types = frozenset(asked.transaction_types)

    def holds(self, row: AnnotatedTransaction, description: str, merchant: str | None) -> bool:
        """Whether all that it asks is so."""
        asked = self._asked
        return (
            _among(row.account_id, self._account_ids)
            and _among(row.transaction_type, self._types)
            and _goes(row.amount, asked.direction)
            and _within(row.amount.copy_abs(), asked.min_amount, asked.max_amount)
            and _within(row.transaction_date, asked.start_date, asked.end_date)
            and all(self._says(test, description, merchant) for test in self._texts)
        )

    def _says(
        self, test: tuple[TextField, Match, str], description: str, merchant: str | None
    ) -> bool:
        field, match, wanted = test
        text = description if field is TextField.DESCRIPTION else folded(merchant or "")
        if match is Match.CONTAINS:
            return wanted in text
        return text == wanted if match is Match.EQUALS else text.startswith(wanted)


def _spoken(said: Annotation, rule: Rule, decided: set[str]) -> Annotation:
    """With what the rule says of fields that are not decided yet, and its to speak of."""
    wanted = _wanted(said, rule.actions)
    news = {
        name: value
        for name, value in wanted.items()
        if name not in decided and may_speak_of(said, name)
    }
    decided.update(wanted)
    return said.told(news, rule.speaker)


def _wanted(said: Annotation, actions: Actions) -> dict[str, object]:
    wanted: dict[str, object] = {}
    if actions.category_id is not None:
        wanted["category_id"] = actions.category_id
    if actions.merchant is not None:
        wanted["merchant"] = actions.merchant
    tags = tuple(sorted({*said.tags, *actions.tags}))
    if actions.tags and len(tags) <= MAX_TAGS:
        wanted["tags"] = tags
    for name in ("is_transfer", "is_ignored"):
        if getattr(actions, name):
            wanted[name] = True
    return wanted


def may_speak_of(said: Annotation, name: str) -> bool:
    """Whether a rule may set the field: nobody did, or a rule did."""
    if name == "category_id" and said.splits:
        return False
    speaker = said.annotated_by.get(name)
    if speaker is None:
        return bool(getattr(said, name) == getattr(_NOTHING, name))
    return speaker.startswith(SPEAKER)


_NOTHING: Final = Annotation()


def _order(rule: Rule) -> tuple[int, UUID]:
    return rule.position, rule.id


def _among(value: object, wanted: Collection[object]) -> bool:
    return not wanted or value in wanted


def _goes(amount: Decimal, wanted: Direction | None) -> bool:
    if wanted is None:
        return True
    return amount > 0 if wanted is Direction.IN else amount < 0


def _within(value: T, first: T | None, last: T | None) -> bool:
    return (first is None or first <= value) and (last is None or value <= last)
