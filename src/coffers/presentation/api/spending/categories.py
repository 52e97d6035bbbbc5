"""/categories: what money was spent on, or came from."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import Field, StringConstraints

from coffers.application.spending import categories
from coffers.application.spending.categories import (
    UNCHANGED,
    CategoryDraft,
    CategoryEdit,
    CategoryList,
    CategoryView,
)
from coffers.application.views import Versioned
from coffers.domain.spending.categories import MAX_NAME, CategoryKind
from coffers.presentation.answers import Answer
from coffers.presentation.calls import Caller
from coffers.presentation.schemas import Body

OfKind = Annotated[CategoryKind | None, Query(description="Only those of this kind.")]
IsSystem = Annotated[
    bool | None, Query(description="Only the ones that everybody has, or only one's own.")
]
MoveTo = Annotated[
    UUID | None, Query(description="The category of the same kind that takes over what is in it.")
]
CategoryNameIn = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_NAME)
]
IconIn = Annotated[str, StringConstraints(min_length=1, max_length=40)]


class NewCategory(Body):
    """A category of one's own. One with a parent cannot be a parent itself."""

    name: CategoryNameIn = Field(examples=["Coffee and cake"])
    kind: CategoryKind
    icon: IconIn = Field(description="Exactly one emoji.", examples=["☕️"])
    parent_id: UUID | None = Field(None, description="Of the same kind.")


class CategoryChanges(Body):
    """What to change; the rest stays. The value follows the name; the id never changes."""

    name: CategoryNameIn | None = None
    icon: IconIn | None = Field(None, description="Exactly one emoji.")
    parent_id: UUID | None = Field(None, description="Null takes it out of its group.")


async def list_categories(
    call: Caller, kind: OfKind = None, is_system: IsSystem = None
) -> CategoryList:
    """List the categories: the system's in their order, then one's own, oldest first."""
    lookups = call.services.category_lookups
    return await categories.list_categories(lookups, call.principal, kind=kind, is_system=is_system)


async def get_category(call: Caller, category_id: UUID) -> Versioned[CategoryView]:
    """One category."""
    return await categories.get_category(
        call.services.category_lookups, call.principal, category_id
    )


async def create_category(call: Caller, body: NewCategory) -> Answer[CategoryView]:
    """Make a category of one's own."""
    draft = CategoryDraft(body.name, body.kind, body.icon, body.parent_id)
    made = await categories.create_category(call.uow, call.services.clock, call.principal, draft)
    return Answer(made.view, {"Location": f"/api/v1/categories/{made.view.id}"}, made.version)


async def edit_category(
    call: Caller, category_id: UUID, body: CategoryChanges
) -> Versioned[CategoryView]:
    """Rename, regroup or redecorate a category of one's own."""
    parent_id = body.parent_id if "parent_id" in body.model_fields_set else UNCHANGED
    return await categories.edit_category(
        call.uow,
        call.services.clock,
        call.principal,
        category_id,
        CategoryEdit(body.name, body.icon, parent_id),
        call.expected_version,
    )


async def delete_category(call: Caller, category_id: UUID, move_to: MoveTo = None) -> None:
    """Delete a category of one's own, and move what is in it elsewhere."""
    await categories.delete_category(
        call.uow,
        call.services.clock,
        call.principal,
        category_id,
        move_to=move_to,
        expected_version=call.expected_version,
    )
