"""Annotations: what an owner, a rule or a plan says of a movement, whatever its source says."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Final, Protocol
from uuid import UUID

from coffers.domain.errors import Invalid
from coffers.domain.ids import UserId
from coffers.domain.ledger.transactions import TransactionType
from coffers.domain.money import EXACT

#: Who set a field: the owner. Others name themselves `rule:<id>` or `edit:<id>`.
BY_USER: Final = "user"
MAX_TAGS: Final = 20
MAX_SPLITS: Final = 50


@dataclass(frozen=True, slots=True)
class Split:
    """A part of a movement, with the movement's sign, and what it was for."""

    amount: Decimal
    category_id: UUID | None = None
    notes: str | None = None


@dataclass(frozen=True, slots=True)
class Annotation:
    """What is said of one movement; `annotated_by` says of each field that was set who set it.

    `tags` are sorted and each there once. With splits, the movement's own category counts nowhere.
    """

    category_id: UUID | None = None
    merchant: str | None = None
    notes: str | None = None
    tags: tuple[str, ...] = ()
    splits: tuple[Split, ...] = ()
    is_ignored: bool = False
    annotated_by: Mapping[str, str] = field(default_factory=dict)

    def told(self, changes: Mapping[str, object], by: str) -> "Annotation":
        """With these fields set, as said by `by`; a field that is so already is not said again."""
        news = {name: value for name, value in changes.items() if getattr(self, name) != value}
        said = {**self.annotated_by, **dict.fromkeys(news, by)}
        return replace(self, **news, annotated_by=said)  # type: ignore[arg-type]  # by field name

    @property
    def search_text(self) -> str | None:
        """What a search looks through, case-folded."""
        words = [word for word in (self.merchant, self.notes, *self.tags) if word]
        return "\n".join(words).casefold() or None


def sorted_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Each once, in order; raises AnnotationInvalid for too many."""
    found = tuple(sorted(set(tags)))
    if len(found) > MAX_TAGS:
        raise AnnotationInvalid(f"At most {MAX_TAGS} tags.")
    return found


def check_splits(splits: Sequence[Split], amount: Decimal) -> None:
    """Raises AnnotationInvalid unless there are none, or two or more that add up to the amount."""
    if not splits:
        return
    if not 1 < len(splits) <= MAX_SPLITS:
        raise AnnotationInvalid(f"A transaction is split into 2 to {MAX_SPLITS} parts.")
    total = Decimal(0)
    for split in splits:
        total = EXACT.add(total, split.amount)
    if total != amount:
        raise AnnotationInvalid("The parts do not add up to the amount.")


@dataclass(frozen=True, slots=True)
class AnnotatedTransaction:
    """A movement as far as annotating it needs."""

    id: UUID
    account_id: UUID
    description: str
    amount: Decimal
    currency: str
    transaction_type: TransactionType
    annotation: Annotation
    version: int


class Annotations(Protocol):
    """Where what is said of movements is kept: on their rows."""

    async def of(
        self, user_id: UserId, transaction_ids: Sequence[UUID]
    ) -> dict[UUID, AnnotatedTransaction]:
        """Those of them that are this user's, locked for this transaction."""
        ...

    async def put(
        self, user_id: UserId, changed: Sequence[AnnotatedTransaction], *, now: datetime
    ) -> None:
        """Keep these annotations; each row's version grows by one.

        Raises PreconditionFailed when a row is not the version any more that it is given with.
        """
        ...


class AnnotationInvalid(Invalid):
    """Something said of the transaction cannot be."""
