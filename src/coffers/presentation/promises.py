"""What each route promises to answer: its view, and every refusal, with their headers."""

import inspect
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, get_args, get_origin

import msgspec
from starlette.responses import Response

from coffers.application.unit_of_work import RequestStillRunning
from coffers.application.views import Versioned
from coffers.domain import errors
from coffers.domain.errors import DomainError
from coffers.presentation.admission import CHANGING, QueryInvalid
from coffers.presentation.answers import Answer
from coffers.presentation.examples import example_of
from coffers.presentation.limits import RateLimitExceeded
from coffers.presentation.problems import (
    MEDIA_TYPE,
    BodyTooLarge,
    DeadlineExceeded,
    InternalError,
    MalformedJson,
    Problem,
    RequestTimedOut,
    UnsupportedMediaType,
    ValidationFailed,
    status_of,
    title_of,
)
from coffers.presentation.repetition import IdempotencyKeyInvalid, IdempotencyKeyReused
from coffers.presentation.route import JSON, Route

Json = dict[str, Any]  # Any: OpenAPI

REFS: Final = "#/components/schemas/{name}"
_EVERYWHERE: Final = (errors.Unavailable, InternalError, DeadlineExceeded, BodyTooLarge)
_OF_BODIES: Final = (MalformedJson, UnsupportedMediaType, RequestTimedOut)
_OF_REPETITIONS: Final = (RequestStillRunning, IdempotencyKeyInvalid, IdempotencyKeyReused)
_TEXT: Final = {"type": "string"}
#: A file of JSON: a document of its own, that another route takes.
_FILE: Final = {"schema": {"type": "object"}, "example": {"format": "coffers", "version": 1}}
_NUMBER: Final = {"type": "integer"}
_ETAG: Final = {"ETag": ("This version of the resource.", _TEXT)}
_LOCATION: Final = {"Location": ("Where the new resource is.", _TEXT)}
_MADE: Final = {**_LOCATION, "ETag": ("This version of the resource, if it has any.", _TEXT)}
_LINK: Final = {"Link": ('Where the next page is, `rel="next"`; on the last page none.', _TEXT)}
_REPLAYED: Final = {"Idempotency-Replayed": ("`true` when this outcome came before.", _TEXT)}
_RETRY: Final = {"Retry-After": ("Seconds to wait.", _NUMBER)}
_LIMITS: Final = {
    "X-RateLimit-Limit": ("Tokens that the bucket holds.", _NUMBER),
    "X-RateLimit-Remaining": ("Tokens left.", _NUMBER),
    "X-RateLimit-Reset": ("When the bucket is full again, in epoch seconds.", _NUMBER),
}


def responses(route: Route, schemas: Json) -> Iterator[tuple[int, Json]]:
    """Each status and what comes with it."""
    yield route.status, _success(route, schemas)
    if answers_conditionally(route):
        yield 304, {"description": "The caller has this version.", "headers": _headers(_ETAG)}
    for status, kinds in _refusals_by_status(route).items():
        yield status, _problem(status, kinds)


def _success(route: Route, schemas: Json) -> Json:
    view = view_of(route)
    answer: Json = {"description": "Done." if view is None else _meaning_of(view)}
    headers = {
        **(_ETAG if _is(route, Versioned) else {}),
        **(_MADE if _is(route, Answer) and route.method == "POST" else {}),
        **(_LINK if _is_paged(view) else {}),
        **(_REPLAYED if route.takes_idempotency_key else {}),
        **(_LIMITS if route.policy is not None else {}),
    }
    if headers:
        answer["headers"] = _headers(headers)
    if _is_response(view):
        answer["content"] = {route.produces: _FILE if route.produces == JSON else {"schema": _TEXT}}
    elif view is not None:
        schema = _schema(view)
        answer["content"] = {JSON: {"schema": schema, "example": example_of(schema, schemas)}}
    return answer


def _refusals_by_status(route: Route) -> dict[int, list[type[DomainError]]]:
    by_status: dict[int, list[type[DomainError]]] = {}
    for kind in dict.fromkeys((*route.refusals, *_implied(route))):
        by_status.setdefault(status_of(kind), []).append(kind)
    return by_status


def _implied(route: Route) -> list[type[DomainError]]:
    kinds: list[type[DomainError]] = [*_EVERYWHERE, ValidationFailed, QueryInvalid]
    if not route.access.is_public:
        kinds += [errors.Unauthenticated, errors.Forbidden]
    if route.policy is not None:
        kinds.append(RateLimitExceeded)
    if route.method in CHANGING:
        kinds.append(errors.PreconditionFailed)
    if route.body is not None:
        kinds += _OF_BODIES
    if route.takes_idempotency_key:
        kinds += _OF_REPETITIONS
    if "{" in route.path:
        kinds.append(errors.NotFound)
    return kinds


def _problem(status: int, kinds: Sequence[type[DomainError]]) -> Json:
    by_slug: dict[str, str] = {}
    for kind in kinds:
        by_slug.setdefault(kind.slug, _first_line(kind))
    headers: Mapping[str, tuple[str, Json]] = {
        401: {"WWW-Authenticate": ("`Bearer`.", _TEXT)},
        429: {**_RETRY, **_LIMITS},
        503: _RETRY,
    }.get(status, {})
    answer: Json = {
        "description": " ".join(f"`{slug}`: {text}" for slug, text in by_slug.items()),
        "content": {
            MEDIA_TYPE: {
                "schema": {"$ref": REFS.format(name=Problem.__name__)},
                "examples": {slug: {"$ref": f"#/components/examples/{slug}"} for slug in by_slug},
            }
        },
    }
    return {**answer, "headers": _headers(headers)} if headers else answer


def problem_examples(registry: Sequence[Route], url: str) -> Json:
    """A problem document of each kind that some route may answer with, by slug."""
    return {
        kind.slug: {"summary": title_of(kind.slug), "value": _sample(status, kind.slug, url)}
        for route in registry
        for status, kinds in _refusals_by_status(route).items()
        for kind in kinds
    }


def _sample(status: int, slug: str, url: str) -> Json:
    return {
        "type": f"{url}/errors/{slug}",
        "title": title_of(slug),
        "status": status,
        "detail": "What exactly was refused, and why.",
        "instance": "/api/v1/…",
        "trace_id": "0198c0de-5f00-7a10-8b3c-2f9d6e4a1b7c",
    }


def _headers(described: Mapping[str, tuple[str, Json]]) -> Json:
    return {
        name: {"description": text, "schema": schema} for name, (text, schema) in described.items()
    }


def _first_line(thing: object) -> str:
    return (inspect.getdoc(thing) or "").partition("\n")[0]


def view_of(route: Route) -> Any:  # Any: a type, as the endpoint's annotation has it
    """The type that the endpoint answers with, out of Answer[…] or Versioned[…].

    None for no content.
    """
    annotation = _annotation(route)
    if get_origin(annotation) in {Answer, Versioned}:
        return get_args(annotation)[0]
    return None if annotation is type(None) else annotation


def _annotation(route: Route) -> Any:  # Any: a type
    return typing.get_type_hints(route.endpoint, include_extras=True).get("return")


def _is(route: Route, kind: type) -> bool:
    return get_origin(_annotation(route)) is kind


def answers_conditionally(route: Route) -> bool:
    """Whether `If-None-Match` spares the answer."""
    return route.method == "GET" and _is(route, Versioned)


def _is_paged(view: object) -> bool:
    return "next_cursor" in getattr(view, "__struct_fields__", ())


def _is_response(view: object) -> bool:
    return isinstance(view, type) and issubclass(view, Response)


def _alternatives(view: Any) -> tuple[Any, ...]:  # Any: types
    """The members of a union: msgspec describes only one struct at a time."""
    is_union = get_origin(view) in {typing.Union, types.UnionType}
    return get_args(view) if is_union else (view,)


def _meaning_of(view: Any) -> str:  # Any: a type
    return " Or: ".join(filter(None, map(_first_line, _alternatives(view)))) or "Done."


def _schema(view: Any) -> Json:  # Any: a type
    schemas, _ = msgspec.json.schema_components(_alternatives(view), ref_template=REFS)
    return schemas[0] if len(schemas) == 1 else {"anyOf": list(schemas)}


def view_schemas(registry: Sequence[Route]) -> Json:
    """The schemas of every view, and of what they are made of, by name."""
    views = {kind for route in registry for kind in _alternatives(view_of(route))}
    views = {kind for kind in views if kind is not None and not _is_response(kind)} | {Problem}
    _, components = msgspec.json.schema_components(sorted(views, key=str), ref_template=REFS)
    return components
