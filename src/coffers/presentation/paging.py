"""Pages of long lists: how one is asked for, and how the next is pointed to."""

from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import Query, Request

from coffers.domain.paging import MAX_LIMIT
from coffers.presentation.schemas import WHOLE

MAX_CURSOR: Final = 1_000

LimitIn = Annotated[int, Query(ge=1, le=MAX_LIMIT), WHOLE]
CursorIn = Annotated[str | None, Query(max_length=MAX_CURSOR)]


def next_link(request: Request, cursor: str | None) -> dict[str, str]:
    """The Link header (RFC 8288) to the next page of this very request; none on the last page."""
    if cursor is None:
        return {}
    query = [pair for pair in request.query_params.multi_items() if pair[0] != "cursor"]
    url = f"{request.app.state.settings.public_base_url}{request.scope['path']}"
    return {"Link": f'<{url}?{urlencode([*query, ("cursor", cursor)])}>; rel="next"'}
