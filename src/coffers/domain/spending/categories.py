"""Categories: what money was spent on or came from. A system set, and each user's own beside it."""

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol
from uuid import UUID

import emoji

from coffers.domain.errors import Conflict, Invalid, NotFound
from coffers.domain.ids import UserId

MAX_NAME: Final = 60
#: Of the slug: compatibility forms of some scripts are longer than what they stand for.
MAX_VALUE: Final = 100
#: Of a user's own.
MAX_CATEGORIES: Final = 300
#: Not the value of any category: in filters it asks for what has none.
UNCATEGORISED: Final = "none"


class CategoryKind(StrEnum):
    """Which way the money goes."""

    EXPENSE = "expense"
    INCOME = "income"


@dataclass(frozen=True, slots=True)
class Category:
    """A category. `value` is its name as a slug, unique per user and kind; `icon` is one emoji.

    Without a `user_id` it belongs to the system set, which everybody has and nobody changes. One
    with a parent is no parent itself: categories are grouped, not nested.
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

    @property
    def is_system(self) -> bool:
        """Whether everybody has it."""
        return self.user_id is None


def slug(name: str) -> str:
    """The name in lower case, its words joined by `_`; letters of every script are letters.

    Raises CategoryInvalid for a name without letters and digits, and for `none`.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    words = "".join(each if _is_of_a_word(each) else " " for each in folded).split()
    value = "_".join(words)[:MAX_VALUE].rstrip("_")
    if not value:
        raise CategoryInvalid("A name has at least one letter or digit.", field="name")
    if value == UNCATEGORISED:
        detail = f'"{UNCATEGORISED}" asks for what has no category: choose another name.'
        raise CategoryInvalid(detail, field="name")
    return value


def check_icon(icon: str) -> str:
    """The icon, if it is exactly one emoji, of however many code points; raises CategoryInvalid.

    Keyboards ask for the picture (U+FE0F) also where it is a picture anyway.
    """
    known = emoji.EMOJI_DATA.get(icon) or emoji.EMOJI_DATA.get(icon.removesuffix("\ufe0f"))
    if known is None or known["status"] == emoji.STATUS["component"]:
        raise CategoryInvalid("The icon is exactly one emoji.", field="icon")
    return icon


def check_place(category: Category, parent: Category, all_of_them: Iterable[Category]) -> None:
    """Raises CategoryInvalid unless the category may stand under this parent."""
    if parent.kind is not category.kind:
        detail = f"The parent is of the kind {parent.kind.value}, not {category.kind.value}."
        raise CategoryInvalid(detail, field="parent_id")
    if parent.id == category.id:
        raise CategoryInvalid("A category is not its own parent.", field="parent_id")
    if parent.parent_id is not None:
        raise CategoryInvalid("The parent has a parent itself.", field="parent_id")
    if any(each.parent_id == category.id for each in all_of_them):
        raise CategoryInvalid("The category is a parent itself.", field="parent_id")


def check_free(category: Category, all_of_them: Iterable[Category]) -> None:
    """Raises CategoryTaken if another one of its kind has its value."""
    for each in all_of_them:
        same = (each.kind, each.value) == (category.kind, category.value)
        if same and each.id != category.id:
            raise CategoryTaken(f'There is a category "{each.name}" of this kind already.')


def _is_of_a_word(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNM"


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
SYSTEM_BY_ID: Final[Mapping[UUID, Category]] = {each.id: each for each in SYSTEM_CATEGORIES}


class Categories(Protocol):
    """Where each user's own are kept."""

    async def all_of(self, user_id: UserId) -> dict[UUID, Category]:
        """The system's in their order, then the user's own, oldest first; by their ids.

        The user's own stay as they are until this transaction ends.
        """
        ...

    async def get(self, user_id: UserId, category_id: UUID) -> Category:
        """Also one of the system's; raises CategoryNotFound, NotYours."""
        ...

    async def check(self, user_id: UserId, category_ids: Iterable[UUID | None]) -> None:
        """Raises CategoryUnknown for one that is neither the user's nor the system's.

        Those that there are cannot be deleted before this transaction ends.
        """
        ...

    async def add(self, category: Category) -> None:
        """Keep a new one; raises TooManyCategories, CategoryTaken."""
        ...

    async def update(self, category: Category, *, expected_version: int | None) -> Category:
        """As stored, with its next version; raises PreconditionFailed, CategoryTaken."""
        ...

    async def uses(self, category: Category) -> Mapping[str, int]:
        """What names it, and how often: `transactions`, `categories` under it, and so on."""
        ...

    async def move(self, category: Category, to: Category, *, now: datetime) -> None:
        """Whatever names the one names the other; parts of split movements too."""
        ...

    async def delete(self, category: Category) -> None:
        """Nothing names it any more."""
        ...


class CategoryNotFound(NotFound):
    """No such category."""


class CategoryUnknown(Invalid):
    """There is no such category."""


class CategoryInvalid(Invalid):
    """Something about the category cannot be."""


class CategoryTaken(Conflict):
    """Another category of this kind has the name."""

    slug = "category_taken"


class CategoryInUse(Conflict):
    """Something still names the category: say where it moves to."""

    slug = "category_in_use"


class CategoryOfTheSystem(Conflict):
    """Everybody has this category: nobody changes or deletes it."""

    slug = "category_of_the_system"


class TooManyCategories(Conflict):
    """There is no room for another category."""

    slug = "too_many_categories"
