"""Categories: the system's to see, one's own to make, change and delete."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Annotated, Final, Protocol
from uuid import UUID

import msgspec
from msgspec import Meta

from coffers.application.ports import Clock
from coffers.application.unit_of_work import UnitOfWork
from coffers.application.views import Instant, Versioned
from coffers.domain.errors import PreconditionFailed
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import UserId, new_id
from coffers.domain.live.events import Event
from coffers.domain.spending.categories import (
    Category,
    CategoryInUse,
    CategoryInvalid,
    CategoryKind,
    CategoryOfTheSystem,
    check_free,
    check_icon,
    check_place,
    slug,
)


class CategoryView(msgspec.Struct, frozen=True):
    """A category; those of the system have no instants."""

    id: UUID
    kind: CategoryKind
    value: Annotated[str, Meta(description="The name as a slug: it changes with the name.")]
    name: str
    icon: str
    parent_id: UUID | None
    is_system: bool
    created_at: Instant | None
    updated_at: Instant | None


class CategoryList(msgspec.Struct, frozen=True):
    """The system's in their order, then one's own, oldest first."""

    categories: list[CategoryView]
    total_count: int


class CategoryLookups(Protocol):
    """Categories to read."""

    async def known(self, user_id: UserId) -> Mapping[UUID, Category]:
        """The system's in their order, then the user's own, oldest first; by their ids."""
        ...

    async def get(self, user_id: UserId, category_id: UUID) -> Category:
        """Also one of the system's; raises CategoryNotFound, NotYours."""
        ...


class Unchanged(Enum):
    """Where None would say something."""

    UNCHANGED = "unchanged"


UNCHANGED: Final = Unchanged.UNCHANGED


async def list_categories(
    lookups: CategoryLookups,
    principal: Principal,
    *,
    kind: CategoryKind | None = None,
    is_system: bool | None = None,
) -> CategoryList:
    """Those that the caller can use; None does not filter."""
    known = (await lookups.known(principal.user_id)).values()
    of_kind = [each for each in known if kind in {None, each.kind}]
    found = [category_view(each) for each in of_kind if is_system in {None, each.is_system}]
    return CategoryList(found, len(found))


async def get_category(
    lookups: CategoryLookups, principal: Principal, category_id: UUID
) -> Versioned[CategoryView]:
    """One of them; raises CategoryNotFound, NotYours."""
    return _versioned(await lookups.get(principal.user_id, category_id))


@dataclass(frozen=True, slots=True)
class CategoryDraft:
    """A category to be."""

    name: str
    kind: CategoryKind
    icon: str
    parent_id: UUID | None = None


async def create_category(
    uow: UnitOfWork, clock: Clock, principal: Principal, draft: CategoryDraft
) -> Versioned[CategoryView]:
    """A category of the caller's own.

    Raises CategoryInvalid, CategoryTaken, TooManyCategories.
    """
    made = _made(principal.user_id, draft, clock.now())
    async with uow:
        await _check(uow, made)
        await uow.categories.add(made)
        uow.record(Event("CategoryCreated", principal.user_id, made.id))
        await uow.commit()
    return _versioned(made)


@dataclass(frozen=True, slots=True)
class CategoryEdit:
    """What to change; None leaves it as it is, but for the parent, which None takes away."""

    name: str | None = None
    icon: str | None = None
    parent_id: UUID | Unchanged | None = UNCHANGED


async def edit_category(
    uow: UnitOfWork,
    clock: Clock,
    principal: Principal,
    category_id: UUID,
    edit: CategoryEdit,
    expected_version: int | None,
) -> Versioned[CategoryView]:
    """Change what is given of one of the caller's own; with its name changes its value.

    Raises CategoryNotFound, NotYours, CategoryOfTheSystem, CategoryInvalid, CategoryTaken,
    PreconditionFailed.
    """
    async with uow:
        category = _own(await uow.categories.get(principal.user_id, category_id))
        edited = replace(_edited(category, edit), updated_at=clock.now())
        await _check(uow, edited)
        stored = await uow.categories.update(edited, expected_version=expected_version)
        uow.record(Event("CategoryEdited", principal.user_id, category_id))
        await uow.commit()
    return _versioned(stored)


async def delete_category(
    uow: UnitOfWork,
    clock: Clock,
    principal: Principal,
    category_id: UUID,
    *,
    move_to: UUID | None,
    expected_version: int | None,
) -> None:
    """Delete one of the caller's own; what names it moves to another one, if one is given.

    Raises CategoryNotFound, NotYours, CategoryOfTheSystem, PreconditionFailed, CategoryInUse
    when something names it and nothing is said of where that moves, CategoryInvalid when it cannot
    move there.
    """
    async with uow:
        category = _own(await uow.categories.get(principal.user_id, category_id))
        _check_version(category, expected_version)
        uses = await uow.categories.uses(category)
        if move_to is not None:
            known = await uow.categories.all_of(principal.user_id)
            target = _target(category, known.get(move_to), has_children="categories" in uses)
            await uow.categories.move(category, target, now=clock.now())
        elif uses:
            counts = ", ".join(f"{count} {what}" for what, count in uses.items())
            raise CategoryInUse(f"Still named by {counts}: say with `move_to` where they move.")
        await uow.categories.delete(category)
        moved = {"moved_to": None if move_to is None else str(move_to), "moved": dict(uses)}
        uow.record(Event("CategoryDeleted", principal.user_id, category_id, moved))
        await uow.commit()


def _made(user_id: UserId, draft: CategoryDraft, now: datetime) -> Category:
    return Category(
        id=new_id(),
        user_id=user_id,
        kind=draft.kind,
        name=draft.name,
        value=slug(draft.name),
        icon=check_icon(draft.icon),
        parent_id=draft.parent_id,
        created_at=now,
        updated_at=now,
    )


def _edited(category: Category, edit: CategoryEdit) -> Category:
    if edit.name is not None:
        category = replace(category, name=edit.name, value=slug(edit.name))
    if edit.icon is not None:
        category = replace(category, icon=check_icon(edit.icon))
    if edit.parent_id is not UNCHANGED:
        category = replace(category, parent_id=edit.parent_id)
    return category


async def _check(uow: UnitOfWork, category: Category) -> None:
    """Raises CategoryInvalid, CategoryTaken for what cannot stand among the others."""
    known = await uow.categories.all_of(_owner(category))
    check_free(category, known.values())
    if category.parent_id is None:
        return
    parent = known.get(category.parent_id)
    if parent is None:
        raise CategoryInvalid("There is no such category.", field="parent_id")
    check_place(category, parent, known.values())


def _target(category: Category, target: Category | None, *, has_children: bool) -> Category:
    """Where what names the category moves; raises CategoryInvalid."""
    if target is None or target.id == category.id:
        raise CategoryInvalid("There is no such category to move to.", field="move_to")
    if target.kind is not category.kind:
        detail = f"It is of the kind {target.kind.value}, not {category.kind.value}."
        raise CategoryInvalid(detail, field="move_to")
    if has_children and target.parent_id is not None:
        detail = "The category has others under it, and this one has a parent itself."
        raise CategoryInvalid(detail, field="move_to")
    return target


def _own(category: Category) -> Category:
    if category.is_system:
        raise CategoryOfTheSystem("Everybody has this category: it stays as it is.")
    return category


def _owner(category: Category) -> UserId:
    if category.user_id is None:
        raise CategoryOfTheSystem("Everybody has this category: it stays as it is.")
    return category.user_id


def _check_version(category: Category, expected_version: int | None) -> None:
    if expected_version not in {None, category.version}:
        raise PreconditionFailed("The category was changed in the meantime: read it again.")


def _versioned(category: Category) -> Versioned[CategoryView]:
    return Versioned(category_view(category), category.version)


def category_view(category: Category) -> CategoryView:
    """As it is shown."""
    return CategoryView(
        id=category.id,
        kind=category.kind,
        value=category.value,
        name=category.name,
        icon=category.icon,
        parent_id=category.parent_id,
        is_system=category.is_system,
        created_at=category.created_at,
        updated_at=category.updated_at,
    )
