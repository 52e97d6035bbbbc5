"""Refusals on the wire: problem documents (RFC 9457)."""

import math
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

import msgspec
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from coffers.domain import errors
from coffers.domain.errors import DomainError

MAX_ERRORS: Final = 20
MEDIA_TYPE: Final = "application/problem+json"


class MethodNotAllowed(DomainError):
    """The path exists, but not with this method."""

    slug = "method_not_allowed"


class BodyTooLarge(DomainError):
    """The request's body is larger than this endpoint takes."""

    slug = "body_too_large"


class HeadTooLarge(DomainError):
    """The request's line and headers are too long."""

    slug = "head_too_large"


class UnsupportedMediaType(DomainError):
    """The body is not of the media type that this endpoint reads."""

    slug = "unsupported_media_type"


class MalformedJson(errors.BadRequest):
    """The body is not JSON as RFC 8259 and common sense have it.

    No NaN, no duplicate keys, no endless nesting.
    """

    slug = "malformed_json"


class RequestTimedOut(DomainError):
    """The request's body did not arrive in time."""

    slug = "request_timed_out"


class DeadlineExceeded(DomainError):
    """No answer in time.

    Whether the request took effect is unknown: repeat it with the same idempotency key.
    """

    slug = "deadline_exceeded"


class InternalError(DomainError):
    """A mistake of ours. The trace id finds it in the log."""

    slug = "internal_error"


#: The one table from kind to status; the most specific kind in a refusal's ancestry decides.
STATUS: Final[dict[type[DomainError], int]] = {
    errors.BadRequest: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    MethodNotAllowed: 405,
    RequestTimedOut: 408,
    errors.Conflict: 409,
    errors.PreconditionFailed: 412,
    BodyTooLarge: 413,
    UnsupportedMediaType: 415,
    HeadTooLarge: 431,
    errors.Invalid: 422,
    errors.TooManyRequests: 429,
    InternalError: 500,
    errors.UpstreamFailed: 502,
    errors.Unavailable: 503,
    errors.UpstreamTimedOut: 504,
    DeadlineExceeded: 504,
}


#: How to read a file is said beside it, in fields of the same form.
_BESIDE_FILES: Final = frozenset({"currency", "format", "mapping"})


class FieldError(msgspec.Struct, frozen=True):
    """One flaw of the input.

    Where, which kind, and in words. The input itself is never repeated.
    """

    field: str
    code: str
    message: str


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """A refusal. `type` can be opened and explains the kind.

    `detail` is about this very request.
    """

    type: str
    title: str
    status: int
    detail: str
    instance: str
    trace_id: str
    errors: list[FieldError] = []


@dataclass(frozen=True, slots=True)
class ProblemPages:
    """Makes problem documents whose types point to this installation."""

    public_base_url: str
    media_type: ClassVar[str] = MEDIA_TYPE

    def response(
        self, error: DomainError, *, path: str, trace_id: str, flaws: Sequence[FieldError] = ()
    ) -> Response:
        """The response that says it."""
        status = status_of(type(error))
        flaws = flaws or _own_flaws(error)
        problem = Problem(
            type=f"{self.public_base_url}/errors/{error.slug}",
            title=title_of(error.slug),
            status=status,
            detail=error.detail,
            instance=path,
            trace_id=trace_id,
            errors=list(flaws[:MAX_ERRORS]),
        )
        body = msgspec.json.encode(problem)
        return Response(body, status, headers=headers_of(error), media_type=MEDIA_TYPE)


def status_of(kind: type[DomainError]) -> int:
    """The HTTP status of a kind of refusal."""
    return next(STATUS[ancestor] for ancestor in kind.__mro__ if ancestor in STATUS)


def title_of(slug: str) -> str:
    """The slug in words."""
    return slug.replace("_", " ").title()


def headers_of(error: DomainError) -> dict[str, str]:
    """The headers that belong to the refusal."""
    headers = {"Cache-Control": "no-store"}
    if isinstance(error, errors.Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, errors.TooManyRequests | errors.Unavailable):
        headers["Retry-After"] = str(math.ceil(error.retry_after_s))
    return headers


def kinds() -> Iterator[type[DomainError]]:
    """Every kind of refusal with a slug of its own, the general ones first."""
    seen = set()
    waiting = [DomainError]
    while waiting:
        kind = waiting.pop(0)
        waiting += kind.__subclasses__()
        if "slug" in vars(kind) and kind.slug not in seen:
            seen.add(kind.slug)
            yield kind


def from_http(error: HTTPException) -> DomainError:
    """What the framework refuses by itself, as a refusal of ours."""
    kind = _FRAMEWORK.get(error.status_code, errors.BadRequest)
    return kind(_FRAMEWORK_DETAILS.get(error.status_code, "The request cannot be understood."))


_FRAMEWORK: Final[dict[int, type[DomainError]]] = {
    404: errors.NotFound,
    405: MethodNotAllowed,
    413: BodyTooLarge,
}
_FRAMEWORK_DETAILS: Final = {
    404: "There is nothing at this path.",
    405: "This path does not know this method.",
    413: "The body is too large.",
}


class ValidationFailed(errors.Invalid):
    """Some of the input is not what the endpoint takes; `errors` says which and why."""


#: What pydantic says with a piece of the input in it, or to Python programmers, as callers take it.
_SILENT: Final = {
    "uuid_parsing": "Not a UUID.",
    "extra_forbidden": "An unknown field.",
    "model_attributes_type": "Send a JSON object.",
}


def from_validation(
    error: RequestValidationError, known: Container[str]
) -> tuple[DomainError, list[FieldError]]:
    """Pydantic's findings without what they would repeat of the input.

    Names that are not known are input too: a client may have put a secret in the wrong place. Of
    such a field the place is told.
    """
    flaws = [_flaw(finding, known) for finding in error.errors()[:MAX_ERRORS]]
    return ValidationFailed("Some of the input is not valid: see `errors`."), flaws


def _flaw(
    finding: dict[str, Any], known: Container[str]
) -> FieldError:  # Any: pydantic's own shape
    source, *path = finding["loc"]
    is_ours = source != "body"
    told = [str(part) for part in path if is_ours or isinstance(part, int) or part in known]
    code = str(finding["type"])
    message = _SILENT.get(code) or str(finding["msg"]).removeprefix("Value error, ")
    return FieldError(".".join(told)[:100] or str(source), code, _clean(message)[:300])


def _clean(text: str) -> str:
    """Without lone surrogates, which no encoder takes."""
    return text.encode(errors="replace").decode()


def _own_flaws(error: DomainError) -> list[FieldError]:
    if not isinstance(error, errors.Invalid):
        return []
    rows = getattr(error, "rows", ())
    if rows:
        return [FieldError(_place(row), row.code, row.message) for row in rows[:MAX_ERRORS]]
    return [FieldError(error.field, error.slug, error.detail)] if error.field else []


def _place(problem: Any) -> str:  # Any: a row's problem, of whatever file it is
    """Where in the file; what is wrong with a field beside the file is called by its name."""
    if not problem.row and problem.field in _BESIDE_FILES:
        return str(problem.field)
    return f"row {problem.row}" + (f".{problem.field}" if problem.field else "")


def trace_id_of(request: Request) -> str:
    """The trace id that the middleware gave this request."""
    return str(request.scope.get("trace_id", ""))
