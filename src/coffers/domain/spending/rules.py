"""Rules: what is said of movements that look so and so. The earlier one has the say."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, Protocol, TypeVar
from uuid import UUID

from coffers.domain.errors import Conflict, Invalid, NotFound
from coffers.domain.ids import UserId
from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.annotations import AnnotatedTransaction
from coffers.domain.ledger.transactions import TransactionType

#: Of one user.
MAX_RULES: Final = 200
#: Of one rule.
MAX_TEXTS: Final = 5
MAX_ACCOUNTS: Final = 100
MAX_RULE_TAGS: Final = 10
#: Characters of a text that it looks for.
MAX_TEXT: Final = 200
#: What a rule calls itself on the rows that it spoke of.
SPEAKER: Final = "rule:"

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
        return f"{SPEAKER}{self.id}"


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
