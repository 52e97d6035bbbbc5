"""Rules: what is said of movements that look so and so. The earlier one has the say.

Texts are compared with `in`, `==` and `startswith` after case folding: no pattern of a user's is
ever a program, and looking at a text takes time in proportion to its length.
"""

import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, Protocol, TypeVar
from uuid import UUID

from coffers.domain.errors import Conflict, Invalid, NotFound
from coffers.domain.ids import UserId
from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.annotations import MAX_TAGS, AnnotatedTransaction, Annotation
from coffers.domain.ledger.transactions import TransactionType

#: Of one user.
MAX_RULES: Final = 200
#: Of one rule.
MAX_TEXTS: Final = 5
MAX_ACCOUNTS: Final = 100
MAX_RULE_TAGS: Final = 10
#: Characters of a rule's name, and of a text that it looks for.
MAX_NAME: Final = 100
MAX_TEXT: Final = 200
#: What a rule calls itself on the rows that it spoke of.
_SPEAKER: Final = "rule:"
#: What rules may say of a movement, in the order in which they are counted.
FIELDS: Final = ("category_id", "merchant", "tags", "is_transfer", "is_ignored")

_ZERO: Final = Decimal(0)

T = TypeVar("T", Decimal, date)


class TextField(StrEnum):
    """Where a text is looked for."""

    DESCRIPTION = "description"
    MERCHANT = "merchant"


class Match(StrEnum):
    """How a text is looked for, in any case and whatever the spaces between its words."""

    CONTAINS = "contains"
    EQUALS = "equals"
    STARTS_WITH = "starts_with"


class Direction(StrEnum):
    """Which way the money goes."""

    IN = "in"
    OUT = "out"


@dataclass(frozen=True, slots=True)
class TextTest:
    """A text that has to be there."""

    field: TextField
    match: Match
    text: str


@dataclass(frozen=True, slots=True)
class Conditions:
    """What has to hold of a movement, all of it; None, or nothing in a list, does not ask.

    The range is of the amount without its sign, both ends included, as are the days.
    """

    texts: tuple[TextTest, ...] = ()
    min_amount: Decimal | None = None
    max_amount: Decimal | None = None
    account_ids: tuple[UUID, ...] = ()
    direction: Direction | None = None
    start_date: date | None = None
    end_date: date | None = None
    transaction_types: tuple[TransactionType, ...] = ()


@dataclass(frozen=True, slots=True)
class Actions:
    """What is said of a movement; tags are added to those it has."""

    category_id: UUID | None = None
    merchant: str | None = None
    tags: tuple[str, ...] = ()
    is_transfer: bool = False
    is_ignored: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of a user's; those with a lower `position` have their say first."""

    id: UUID
    user_id: UserId
    position: int
    name: str
    conditions: Conditions
    actions: Actions
    created_at: datetime
    updated_at: datetime
    is_enabled: bool = True
    version: int = 1

    @property
    def speaker(self) -> str:
        """How rows name it as the one who said something."""
        return f"{_SPEAKER}{self.id}"


def check_rule(conditions: Conditions, actions: Actions) -> None:
    """Raises RuleInvalid unless there is something to look for and something to say."""
    if conditions == Conditions():
        raise RuleInvalid("A rule has at least one condition.", field="conditions")
    if actions == Actions():
        raise RuleInvalid("A rule has at least one action.", field="actions")
    for test in conditions.texts:
        if not folded(test.text):
            raise RuleInvalid("A text to look for is not empty.", field="conditions.texts")
    _check_range(conditions.min_amount, conditions.max_amount, "amount")
    _check_range(conditions.start_date, conditions.end_date, "date")
    if (conditions.min_amount or _ZERO) < 0 or (conditions.max_amount or _ZERO) < 0:
        detail = "Amounts are compared without their sign."
        raise RuleInvalid(detail, field="conditions.min_amount")


def folded(text: str) -> str:
    """The text in one case and form of its letters, single spaces between its words."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return " ".join(text.casefold().split())


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
    return speaker.startswith(_SPEAKER)


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


def _check_range(first: T | None, last: T | None, what: str) -> None:
    if first is not None and last is not None and last < first:
        raise RuleInvalid(f"The range of the {what} ends before it begins.", field="conditions")


class Rules(Protocol):
    """Where each user's are kept."""

    async def all_of(self, user_id: UserId) -> list[Rule]:
        """In their order."""
        ...

    async def fresh(
        self, account: Account, days: tuple[date, date], stored_at: datetime, behind: UUID | None
    ) -> list[AnnotatedTransaction]:
        """The next stretch of the account's movements of these days that were stored then.

        By their ids.
        """
        ...

    async def lock(self, user_id: UserId) -> list[Rule]:
        """The same, locked for this transaction."""
        ...

    async def get(self, user_id: UserId, rule_id: UUID) -> Rule:
        """Locked for this transaction; raises RuleNotFound, NotYours."""
        ...

    async def accounts_among(self, user_id: UserId, account_ids: Sequence[UUID]) -> set[UUID]:
        """Those of them that are the user's accounts."""
        ...

    async def add(self, rule: Rule) -> None:
        """Keep a new one."""
        ...

    async def update(self, rule: Rule, *, expected_version: int | None = None) -> Rule:
        """As stored, with its next version; raises PreconditionFailed."""
        ...

    async def delete(self, rule: Rule, *, expected_version: int | None) -> None:
        """Raises PreconditionFailed."""
        ...


class RuleNotFound(NotFound):
    """No such rule."""


class RuleInvalid(Invalid):
    """Something about the rule cannot be."""


class TooManyRules(Conflict):
    """There is no room for another rule."""

    slug = "too_many_rules"
