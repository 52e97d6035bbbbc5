"""The OpenAPI 3.1 document, written by the registry and the types of its endpoints."""

import inspect
from collections.abc import Sequence
from typing import Any, Final

from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from coffers.presentation.examples import request_example
from coffers.presentation.promises import (
    answers_conditionally,
    problem_examples,
    responses,
    view_schemas,
)
from coffers.presentation.route import Route

Json = dict[str, Any]  # Any: OpenAPI

_DESCRIPTION: Final = (
    "Everything a person owns, behind one API. Every refusal is an RFC 9457 problem document."
)
_SECURITY: Final = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "An access token or an API key.",
    }
}
_TEXT: Final = {"type": "string"}
_IDEMPOTENCY_KEY: Final = (
    "Idempotency-Key",
    "Repeat a request safely: same key and body, same outcome.",
    {"type": "string", "pattern": "^[\\x21-\\x7e]{1,255}$"},
)
_IF_MATCH: Final = ("If-Match", "Only if the resource still has this ETag.", _TEXT)
_IF_NONE_MATCH: Final = ("If-None-Match", "304 if the resource still has this ETag.", _TEXT)
#: What parameters mean wherever they occur; other than these and ids, each describes itself.
_PARAMETERS: Final = {
    "limit": "How many at most.",
    "cursor": "Where to go on: the `next_cursor` of the page before.",
    "slug": "The name in addresses.",
}


def documentation(route: Route) -> dict[str, Any]:  # Any: keyword arguments of the framework's
    """What the framework itself should know of this route's description."""
    doc = inspect.getdoc(route.endpoint) or ""
    summary, _, rest = doc.partition("\n")
    return {
        "operation_id": route.endpoint.__name__,
        "tags": [route.family],
        "summary": summary.rstrip("."),
        "description": rest.strip() or summary,
    }


def document(
    registry: Sequence[Route], routes: Sequence[APIRoute], *, version: str, url: str
) -> Json:
    """The whole document."""
    made: Json = get_openapi(
        title="Coffers",
        version=version,
        description=_DESCRIPTION,
        routes=routes,
        servers=[{"url": url}],
        separate_input_output_schemas=False,
    )
    components = made.setdefault("components", {})
    schemas = {
        **{_form(name): schema for name, schema in components.get("schemas", {}).items()},
        **view_schemas(registry),
    }
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    components |= {"schemas": dict(sorted(schemas.items())), "securitySchemes": _SECURITY}
    components["examples"] = problem_examples(registry, url)
    for route in registry:
        operation = made["paths"][route.full_path][route.method.lower()]
        _complete(operation, route, schemas)
    return made


def _complete(operation: Json, route: Route, schemas: Json) -> None:
    operation["security"] = [] if route.access.is_public else [{"bearer": []}]
    for parameter in operation.get("parameters", ()):
        parameter.setdefault("description", _meaning(parameter["name"]))
    operation["parameters"] = [*operation.get("parameters", ()), *_header_parameters(route)]
    operation["responses"] = {
        str(status): response for status, response in sorted(responses(route, schemas))
    }
    for media in operation.get("requestBody", {}).get("content", {}).values():
        before, _, name = media["schema"].get("$ref", "").rpartition("/")
        media["schema"] |= {"$ref": f"{before}/{_form(name)}"} if name else {}
        media.setdefault("example", request_example(media["schema"], schemas))


def _form(name: str) -> str:
    """A name for a form, which the framework calls after its operation: `Body_create_import`."""
    is_form = name.startswith("Body_")
    return name.removeprefix("Body_").title().replace("_", "") + "Form" if is_form else name


def _meaning(parameter: str) -> str:
    thing, is_id, _ = parameter.rpartition("_id")
    return f"The {thing.replace('_', ' ')}'s id." if is_id else _PARAMETERS.get(parameter, "")


def _header_parameters(route: Route) -> list[Json]:
    wanted = []
    if route.takes_idempotency_key:
        wanted.append(_IDEMPOTENCY_KEY)
    if route.has_versions:
        wanted.append(_IF_MATCH)
    if answers_conditionally(route):
        wanted.append(_IF_NONE_MATCH)
    return [
        {"name": name, "in": "header", "required": False, "description": text, "schema": schema}
        for name, text, schema in wanted
    ]
