"""Multipart bodies: which two of them say the same."""

import re
from typing import Final

_BOUNDARY: Final = re.compile(r"multipart/.*\bboundary=\"?([^\";]{1,70})", re.IGNORECASE)


def without_boundary(body: bytes, content_type: str) -> bytes:
    """The body without what only keeps the parts of a form apart: clients invent it each time."""
    boundary = _BOUNDARY.match(content_type)
    if boundary is None:
        return body
    return body.replace(f"--{boundary[1]}".encode("latin-1"), b"--")
