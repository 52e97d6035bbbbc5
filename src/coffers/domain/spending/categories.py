"""Categories: what money was spent on or came from. A system set, and each user's own beside it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from coffers.domain.ids import UserId


class CategoryKind(StrEnum):
    """Which way the money goes."""

    EXPENSE = "expense"
    INCOME = "income"


@dataclass(frozen=True, slots=True)
class Category:
    """A category. `value` is its name as a slug, unique per user and kind; `icon` is one emoji.

    Without a `user_id` it belongs to the system set, which everybody has and nobody changes.
    """

    id: UUID
    kind: CategoryKind
    value: str
    name: str
    icon: str
    user_id: UserId | None = None
    parent_id: UUID | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    version: int = 1


def _system(number: int, kind: CategoryKind, value: str, name: str, icon: str) -> Category:
    return Category(UUID(int=_FIRST + number), kind, value, name, icon)


#: The ids of the system set, in the form of version 7, are the same in every installation.
_FIRST: Final = UUID("01900000-0000-7000-8000-000000000000").int
_EXPENSES: Final = (
    ("supermarket", "Supermarket", "🛒"),
    ("restaurants", "Restaurants", "🍽️"),
    ("transport", "Transport", "🚗"),
    ("home", "Home", "🏠"),
    ("pets", "Pets", "🐶"),
    ("clothing", "Clothing and footwear", "👕"),
    ("vacation", "Vacation", "🌴"),
    ("technology", "Technology", "💻"),
    ("taxes", "Taxes", "🏛️"),
    ("health", "Health", "🏥"),
    ("gifts", "Gifts", "🎁"),
    ("education", "Education", "📚"),
    ("other", "Other", "🤷"),
)
_INCOMES: Final = (
    ("salary", "Salary", "💰"),
    ("deposit_interest", "Deposit interest", "🏛️"),
    ("returning", "Returning", "🤝"),
    ("gifts", "Gifts", "🎁"),
)
#: The system set, in the order in which it is shown.
SYSTEM_CATEGORIES: Final = (
    *(_system(1 + n, CategoryKind.EXPENSE, *each) for n, each in enumerate(_EXPENSES)),
    *(_system(101 + n, CategoryKind.INCOME, *each) for n, each in enumerate(_INCOMES)),
)
