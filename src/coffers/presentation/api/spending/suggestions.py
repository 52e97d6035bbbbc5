"""/transactions/{id}/category-suggestions: what its owner chose for movements like it."""

from uuid import UUID

from coffers.application.spending import suggestions
from coffers.application.spending.suggestions import SuggestionList
from coffers.presentation.calls import Caller


async def list_category_suggestions(call: Caller, transaction_id: UUID) -> SuggestionList:
    """Suggest categories out of one's own past choices, with the evidence; none is applied."""
    services = call.services
    return await suggestions.list_category_suggestions(
        services.choice_lookups, services.category_lookups, call.principal, transaction_id
    )
