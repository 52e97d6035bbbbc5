"""What is said of an entry by hand: its words, its parts, and their categories."""

from collections.abc import Mapping
from dataclasses import replace

from coffers.application.ledger.entry_views import Categories
from coffers.application.unit_of_work import UnitOfWork
from coffers.domain.ids import UserId
from coffers.domain.ledger.annotations import Annotation, worded
from coffers.domain.money import money_digits
from coffers.domain.spending.categories import SYSTEM_BY_ID, CategoryUnknown


def said_in(changes: Mapping[str, object], currency: str) -> dict[str, object]:
    """The fields as an annotation keeps them, amounts with the currency's digits.

    Raises AnnotationInvalid.
    """
    said = worded(changes)
    parts = said.get("splits")
    if isinstance(parts, tuple):
        said["splits"] = tuple(
            replace(part, amount=money_digits(part.amount, currency)) for part in parts
        )
    return said


async def categories_of(uow: UnitOfWork, user_id: UserId, annotation: Annotation) -> Categories:
    """Those that are named; raises CategoryUnknown."""
    whole, parts = annotation.category_id, [part.category_id for part in annotation.splits]
    wanted = {each for each in (whole, *parts) if each is not None}
    found = {each: SYSTEM_BY_ID[each] for each in wanted & SYSTEM_BY_ID.keys()}
    if wanted - found.keys():
        own = await uow.categories.all_of(user_id)
        found |= {each: own[each] for each in wanted & own.keys()}
    unknown = wanted - found.keys()
    if unknown:
        culprit = "category_id" if whole in unknown else "splits"
        raise CategoryUnknown("There is no such category.", field=culprit)
    return found
