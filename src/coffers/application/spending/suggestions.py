"""Suggestions: categories that the owner chose for movements like this one, never applied."""

import asyncio
from datetime import date
from typing import Annotated, Final, Protocol
from uuid import UUID

import msgspec
from msgspec import Meta

from coffers.application.ledger.transactions import TransactionFilter
from coffers.application.spending.categories import CategoryLookups
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import UserId
from coffers.domain.ledger.annotations import AnnotatedTransaction
from coffers.domain.spending.categories import Category, CategoryKind
from coffers.domain.spending.suggestions import Basis, Choice, Suggestion, rarest_word, suggest

#: The latest choices that are looked at, for the merchant and for the description.
MAX_CHOICES: Final = 2_000
#: Characters of a word that is searched for.
MAX_WORD: Final = 50


class EvidenceView(msgspec.Struct, frozen=True):
    """What speaks for a suggestion."""

    basis: Annotated[Basis, Meta(description="What these movements have in common with this one.")]
    count: Annotated[int, Meta(description="How many of them the owner put there.")]
    latest_transaction_id: UUID
    latest_transaction_date: date
    latest_description: str


class SuggestionView(msgspec.Struct, frozen=True):
    """A category that the owner might choose."""

    category_id: UUID
    category: str
    kind: CategoryKind
    name: str
    icon: str
    evidence: EvidenceView


class SuggestionList(msgspec.Struct, frozen=True):
    """The likeliest first; empty when nothing speaks for any."""

    suggestions: list[SuggestionView]
    total_count: int


class ChoiceLookups(Protocol):
    """Movements whose category their owner chose, to read."""

    async def movement(self, user_id: UserId, transaction_id: UUID) -> AnnotatedTransaction:
        """The one to find a category for; raises TransactionNotFound, NotYours."""
        ...

    async def choices(self, user_id: UserId, wanted: TransactionFilter, limit: int) -> list[Choice]:
        """The latest of the filter's whose whole category the owner chose, not a rule."""
        ...


async def list_category_suggestions(
    lookups: ChoiceLookups, categories: CategoryLookups, principal: Principal, transaction_id: UUID
) -> SuggestionList:
    """What the caller chose for movements like this one; raises TransactionNotFound, NotYours."""
    row = await lookups.movement(principal.user_id, transaction_id)
    choices = {}
    for wanted in _questions(row):
        for choice in await lookups.choices(principal.user_id, wanted, MAX_CHOICES):
            choices[choice.transaction_id] = choice
    made = await asyncio.to_thread(suggest, row, list(choices.values()))
    known = await categories.known(principal.user_id)
    views = [_view(each, known[each.category_id]) for each in made if each.category_id in known]
    return SuggestionList(views, len(views))


def _view(made: Suggestion, category: Category) -> SuggestionView:
    latest = made.latest
    return SuggestionView(
        category_id=category.id,
        category=category.value,
        kind=category.kind,
        name=category.name,
        icon=category.icon,
        evidence=EvidenceView(
            made.basis,
            made.count,
            latest.transaction_id,
            latest.transaction_date,
            latest.description,
        ),
    )


def _questions(row: AnnotatedTransaction) -> list[TransactionFilter]:
    questions = []
    if row.annotation.merchant is not None:
        questions.append(TransactionFilter(merchant=row.annotation.merchant))
    word = rarest_word(row.description)
    if word is not None:
        questions.append(TransactionFilter(q=word[:MAX_WORD]))
    return questions
