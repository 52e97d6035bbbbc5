"""The OpenAPI 3.1 document, written by the registry and the types of its endpoints."""

import inspect
import re
import typing
from collections.abc import Sequence
from typing import Any, Final, get_args, get_origin

import msgspec
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.responses import Response

from coffers.domain import errors
from coffers.domain.errors import DomainError
from coffers.presentation.limits import RateLimitExceeded
from coffers.presentation.problems import (
    BodyTooLarge,
    DeadlineExceeded,
    InternalError,
    MalformedJson,
    Problem,
    RequestTimedOut,
    UnsupportedMediaType,
    status_of,
)
from coffers.presentation.routes import Route

_REF: Final = "#/components/schemas/{name}"
_DESCRIPTION: Final = (
    "Everything a person owns, behind one API. Every refusal is an RFC 9457 problem document."
)
_EVERYWHERE: Final = (errors.Unavailable, InternalError, DeadlineExceeded)
_LIMIT_HEADERS: Final = {
    "X-RateLimit-Limit": "Tokens that the bucket holds.",
    "X-RateLimit-Remaining": "Tokens left.",
    "X-RateLimit-Reset": "When the bucket is full again, in epoch seconds.",
}


def documentation(
    route: Route,
) -> dict[str, Any]:  # Any: keyword arguments of the framework's route
    """What the framework should document of this route."""
    doc = inspect.getdoc(route.endpoint) or ""
    summary, _, rest = doc.partition("\n")
    return {
        "operation_id": route.endpoint.__name__,
        "tags": [route.family],
        "summary": summary.rstrip("."),
        "description": rest.strip() or summary,
        "responses": _responses(route),
        "openapi_extra": _extra(route),
    }


def _extra(route: Route) -> dict[str, Any]:  # Any: OpenAPI
    extra: dict[str, Any] = {"security": [] if route.access.is_public else [{"bearer": []}]}
    extra["parameters"] = _header_parameters(route)
    return extra


def _header_parameters(route: Route) -> list[dict[str, Any]]:  # Any: OpenAPI
    wanted = []
    if route.method == "POST" and not route.is_secret:
        wanted.append(
            ("Idempotency-Key", "Repeat a request safely: same key and body, same outcome.")
        )
    if errors.PreconditionFailed in route.refusals:
        wanted.append(("If-Match", "Only if the resource still has this ETag."))
    return [
        {
            "name": name,
            "in": "header",
            "required": False,
            "description": text,
            "schema": {"type": "string"},
        }
        for name, text in wanted
    ]


def _responses(route: Route) -> dict[int | str, dict[str, Any]]:  # Any: OpenAPI
    documented: dict[int | str, dict[str, Any]] = {route.status: _success(route)}
    for status, kinds in _refusals_by_status(route).items():
        documented[status] = _problem(kinds)
    return documented


def _success(route: Route) -> dict[str, Any]:  # Any: OpenAPI
    view = view_of(route)
    answer: dict[str, Any] = {"description": "Done." if view is None else _first_line(view)}
    if view is not None and isinstance(view, type) and issubclass(view, msgspec.Struct):
        schema = {"$ref": _REF.format(name=view.__name__)}
        answer["content"] = {"application/json": {"schema": schema}}
    elif view is Response:
        answer["content"] = {"text/plain": {"schema": {"type": "string"}}}
    if route.policy is not None:
        answer["headers"] = {
            name: {"description": text, "schema": {"type": "integer"}}
            for name, text in _LIMIT_HEADERS.items()
        }
    return answer


def _refusals_by_status(route: Route) -> dict[int, list[type[DomainError]]]:
    by_status: dict[int, list[type[DomainError]]] = {}
    for kind in (*route.refusals, *_implied(route)):
        by_status.setdefault(status_of(kind), []).append(kind)
    return dict(sorted(by_status.items()))


def _implied(route: Route) -> list[type[DomainError]]:
    kinds: list[type[DomainError]] = list(_EVERYWHERE)
    if not route.access.is_public:
        kinds += [errors.Unauthenticated, errors.Forbidden]
    if route.policy is not None:
        kinds.append(RateLimitExceeded)
    if route.body is not None:
        kinds += [
            MalformedJson,
            BodyTooLarge,
            UnsupportedMediaType,
            RequestTimedOut,
            errors.Invalid,
        ]
    if route.method == "POST" and not route.is_secret:
        kinds += [errors.Conflict, errors.BadRequest]
    if "{" in route.path:
        kinds.append(errors.NotFound)
    # Any query string may hold a parameter that the endpoint does not know.
    return [*kinds, errors.Invalid]


def _problem(kinds: Sequence[type[DomainError]]) -> dict[str, Any]:  # Any: OpenAPI
    lines = {f"`{kind.slug}`: {_first_line(kind)}" for kind in kinds}
    schema = {"$ref": _REF.format(name="Problem")}
    return {
        "description": " ".join(sorted(lines)),
        "content": {"application/problem+json": {"schema": schema}},
    }


def _first_line(thing: type) -> str:
    return (inspect.getdoc(thing) or thing.__name__).partition("\n")[0]


def view_of(route: Route) -> Any:  # Any: a type, as the endpoint's annotation has it
    """The type that the endpoint answers with, out of Answer[…] or Versioned[…].

    None for no content.
    """
    annotation = typing.get_type_hints(route.endpoint, include_extras=True).get("return")
    if get_origin(annotation) is not None and get_args(annotation):
        return get_args(annotation)[0]
    return None if annotation is type(None) else annotation


def document(
    registry: Sequence[Route], routes: Sequence[APIRoute], *, version: str, url: str
) -> dict[str, Any]:  # Any: OpenAPI
    """The whole document."""
    made = get_openapi(
        title="Coffers",
        version=version,
        description=_DESCRIPTION,
        routes=routes,
        servers=[{"url": url}],
        separate_input_output_schemas=False,
    )
    schemas = made.setdefault("components", {}).setdefault("schemas", {})
    schemas |= _struct_schemas(registry)
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    made["components"]["securitySchemes"] = {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "An access token or an API key.",
        }
    }
    return made


def _struct_schemas(registry: Sequence[Route]) -> dict[str, Any]:  # Any: OpenAPI
    views: set[type[msgspec.Struct]] = {Problem}
    for route in registry:
        view = view_of(route)
        if isinstance(view, type) and issubclass(view, msgspec.Struct):
            views.add(view)
    _, components = msgspec.json.schema_components(
        sorted(views, key=lambda view: view.__name__), ref_template="#/components/schemas/{name}"
    )
    return {re.sub(r"\W+", "_", name).strip("_"): schema for name, schema in components.items()}
