"""Multipart bodies: what may be in them, and which two of them say the same."""

import re
from collections import Counter
from typing import Final

from starlette.requests import Request

from coffers.domain.errors import Invalid

_BOUNDARY: Final = re.compile(r"multipart/.*\bboundary=\"?([^\";]{1,70})", re.IGNORECASE)


def without_boundary(body: bytes, content_type: str) -> bytes:
    """The body without what only keeps the parts of a form apart: clients invent it each time."""
    boundary = _BOUNDARY.match(content_type)
    if boundary is None:
        return body
    return body.replace(f"--{boundary[1]}".encode("latin-1"), b"--")


class FormInvalid(Invalid):
    """The form has a field that is not known here, or one of them twice."""


async def check_form(request: Request, *known: str) -> None:
    """Raises FormInvalid; the framework would take the last of a repeated field."""
    sent = Counter(name for name, _ in (await request.form()).multi_items())
    for name, count in sent.items():
        if name not in known:
            raise FormInvalid(f"Unknown field; known here: {', '.join(known)}.")
        if count > 1:
            raise FormInvalid("This field was sent twice.", field=name)
