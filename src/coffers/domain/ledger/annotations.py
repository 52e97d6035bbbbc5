"""Annotations: what an owner, a rule or a plan says of a movement, whatever its source says."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Final, Protocol, TypeVar
from uuid import UUID

from coffers.domain.errors import Invalid
from coffers.domain.ids import UserId
from coffers.domain.ledger.transactions import TransactionType
from coffers.domain.money import EXACT

#: Who set a field: the owner. Others name themselves `rule:<id>` or `edit:<id>`.
BY_USER: Final = "user"
MAX_TAGS: Final = 20
MAX_SPLITS: Final = 50
#: Characters of a tag, of a merchant's name, of notes.
MAX_TAG: Final = 50
MAX_NAME: Final = 100
MAX_NOTES: Final = 2_000

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Split:
    """A part of a movement, with the movement's sign, and what it was for."""

    amount: Decimal
    category_id: UUID | None = None
    notes: str | None = None


@dataclass(frozen=True, slots=True)
class Annotation:
    """What is said of one movement; `annotated_by` says of each field that was set who set it.

    `is_transfer` marks it as neither income nor expense, whatever type its source gives it.

    `tags` are sorted and each there once. With splits, the movement's own category counts nowhere.
    """

    category_id: UUID | None = None
    merchant: str | None = None
    notes: str | None = None
    tags: tuple[str, ...] = ()
    splits: tuple[Split, ...] = ()
    is_ignored: bool = False
    is_transfer: bool = False
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


def one_line(text: str) -> str:
    """Its words with single spaces between them."""
    return " ".join(text.split())


def tag_of(text: str) -> str:
    """A tag as it is kept: on one line, in lower case."""
    return one_line(text).lower()


def sorted_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """As they are kept, each once, in order.

    Raises AnnotationInvalid for too many, and for one that is too long or says nothing.
    """
    found = tuple(sorted({tag_of(tag) for tag in tags}))
    if any(not 0 < len(tag) <= MAX_TAG for tag in found):
        raise AnnotationInvalid(f"A tag has 1 to {MAX_TAG} characters.", field="tags")
    if len(found) > MAX_TAGS:
        raise AnnotationInvalid(f"At most {MAX_TAGS} tags.", field="tags")
    return found


def worded(changes: Mapping[str, object]) -> dict[str, object]:
    """The fields as an annotation keeps them; what is null or says nothing is empty.

    Raises AnnotationInvalid.
    """
    kept = dict(changes)
    for name, value in changes.items():
        if name == "tags":
            kept[name] = sorted_tags(_listed(value, str))
        elif name == "splits":
            kept[name] = tuple(_listed(value, Split))
        elif name in {"is_ignored", "is_transfer"}:
            kept[name] = value is True
        elif isinstance(value, str):
            kept[name] = (value.strip() if name == "notes" else one_line(value)) or None
    return kept


def _listed(value: object, kind: type[T]) -> list[T]:
    return [each for each in value if isinstance(each, kind)] if isinstance(value, Iterable) else []


def check_splits(splits: Sequence[Split], amount: Decimal) -> None:
    """Raises AnnotationInvalid unless there are none, or two or more that add up to the amount.

    The refusal names the difference.
    """
    if not splits:
        return
    if not 1 < len(splits) <= MAX_SPLITS:
        detail = f"A transaction is split into 2 to {MAX_SPLITS} parts."
        raise AnnotationInvalid(detail, field="splits")
    if not all(split.amount for split in splits):
        raise AnnotationInvalid("A part of zero says nothing.", field="splits")
    total = Decimal(0)
    for split in splits:
        total = EXACT.add(total, split.amount)
    if total != amount:
        left = format(EXACT.subtract(amount, total), "f")
        detail = f"The parts add up to {total:f}, not to {amount:f}: {left} is left over."
        raise AnnotationInvalid(detail, field="splits")


def mended(splits: Sequence[Split], amount: Decimal) -> tuple[Split, ...]:
    """The parts of a movement whose source gives it another amount now, adding up to that.

    What its owner said of each part stays. The difference is a part of its own, of no category,
    the last one; a movement of a single part is not split.
    """
    rest = amount
    for part in splits:
        rest = EXACT.subtract(rest, part.amount)
    if not rest:
        return tuple(splits)
    *parts, last = splits
    if last.category_id is None and last.notes is None:
        rest = EXACT.add(rest, last.amount)
    else:
        parts.append(last)
    mend = [Split(rest)] if rest else []
    return (*parts, *mend) if len(parts) + len(mend) > 1 else ()


@dataclass(frozen=True, slots=True)
class AnnotatedTransaction:
    """A movement as far as annotating it needs."""

    id: UUID
    account_id: UUID
    description: str
    amount: Decimal
    currency: str
    transaction_type: TransactionType
    transaction_date: date
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
