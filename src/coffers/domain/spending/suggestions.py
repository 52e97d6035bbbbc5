"""Suggestions of a category, counted from what the owner chose for movements like this one."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID

from coffers.domain.ledger.annotations import AnnotatedTransaction
from coffers.domain.spending.rules import folded

#: The most that are made for one movement.
MAX_SUGGESTIONS: Final = 5
#: Letters alone, two or more: numbers of cards, shops and receipts are another every time.
_WORD: Final = re.compile(r"[^\W\d_]{2,}")
_BLOCK: Final = re.compile(r"\S+")


class Basis(StrEnum):
    """What the movements that speak for a suggestion have in common with this one."""

    MERCHANT = "merchant"
    DESCRIPTION = "description"


@dataclass(frozen=True, slots=True)
class Choice:
    """A movement whose category its owner chose."""

    transaction_id: UUID
    category_id: UUID
    merchant: str | None
    description: str
    is_out: bool
    transaction_date: date


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A category, and what speaks for it: how many choices, and the latest of them."""

    category_id: UUID
    basis: Basis
    count: int
    latest: Choice


def wording(description: str) -> str:
    """The words of a description that stay the same from one time to the next."""
    return " ".join(_words(description))


def rarest_word(description: str) -> str | None:
    """The longest of them, as likely as any to tell it from others; None without any."""
    return max(_words(description), key=len, default=None)


def suggest(row: AnnotatedTransaction, choices: Sequence[Choice]) -> list[Suggestion]:
    """The merchant speaks before the description, then the number of choices, then the latest.

    Money that came in says nothing of money that went out.
    """
    alike = [
        one for one in choices if one.is_out == (row.amount < 0) and one.transaction_id != row.id
    ]
    merchant, words = folded(row.annotation.merchant or ""), wording(row.description)
    by_merchant = [one for one in alike if merchant and folded(one.merchant or "") == merchant]
    by_words = [one for one in alike if words and wording(one.description) == words]
    found = {each.category_id: each for each in _counted(by_words, Basis.DESCRIPTION)}
    found |= {each.category_id: each for each in _counted(by_merchant, Basis.MERCHANT)}
    return sorted(found.values(), key=_strength, reverse=True)[:MAX_SUGGESTIONS]


def _words(description: str) -> list[str]:
    blocks = _BLOCK.findall(folded(description))
    plain = [block for block in blocks if not any(map(str.isdigit, block))]
    return [word for block in plain for word in _WORD.findall(block)]


def _counted(choices: Iterable[Choice], basis: Basis) -> list[Suggestion]:
    by_category: dict[UUID, list[Choice]] = {}
    for one in choices:
        by_category.setdefault(one.category_id, []).append(one)
    return [
        Suggestion(category_id, basis, len(same), max(same, key=_when))
        for category_id, same in by_category.items()
    ]


def _when(choice: Choice) -> tuple[date, UUID]:
    return choice.transaction_date, choice.transaction_id


def _strength(each: Suggestion) -> tuple[bool, int, tuple[date, UUID]]:
    return each.basis is Basis.MERCHANT, each.count, _when(each.latest)
