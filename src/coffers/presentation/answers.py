"""From views to responses: encoded once, with the headers that the contract promises."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from coffers.application.views import Versioned
from coffers.domain.errors import PreconditionFailed

T = TypeVar("T")

_ENCODER = msgspec.json.Encoder()
_READING: Final = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """A view with more to say than its type does: headers such as Location, Link."""

    view: T
    headers: Mapping[str, str] = field(default_factory=dict)
    version: int | None = None


def encode(result: object, status: int, request: Request) -> Response:
    """The response to a view: 204 for None, 304 when the caller has this version already."""
    if isinstance(result, Response):
        return result
    view, version, headers = _unpacked(result)
    if view is None:
        return Response(status_code=204, headers=headers)
    if version is not None:
        headers["ETag"] = f'"{version}"'
        if request.method in _READING and _knows(request, headers["ETag"]):
            return Response(status_code=304, headers=headers)
    return Response(_ENCODER.encode(view), status, headers, media_type="application/json")


def _unpacked(result: object) -> tuple[object, int | None, dict[str, str]]:
    if isinstance(result, Versioned):
        return result.view, result.version, {}
    if isinstance(result, Answer):
        return result.view, result.version, dict(result.headers)
    return result, None, {}


def _knows(request: Request, etag: str) -> bool:
    known = request.headers.get("if-none-match", "")
    return known.strip() == "*" or etag in (
        tag.strip().removeprefix("W/") for tag in known.split(",")
    )


def expected_version(request: Request) -> int | None:
    """The version that `If-Match` demands, None for any.

    Raises PreconditionFailed for what cannot be one of ours.
    """
    wanted = request.headers.get("if-match", "*").strip()
    if wanted == "*":
        return None
    text = wanted.removeprefix('"').removesuffix('"')
    if f'"{text}"' != wanted or not (text.isascii() and text.isdigit() and len(text) < 19):  # noqa: PLR2004 - 64 bits
        raise PreconditionFailed("`If-Match` takes one strong ETag of this resource, or `*`.")
    return int(text)
