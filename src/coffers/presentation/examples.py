"""Examples for the API's description, made from its schemas."""

from collections.abc import Mapping
from typing import Any, Final

Schema = Mapping[str, Any]  # Any: JSON Schema

#: Deeper than any answer nests; a schema that contains itself ends here.
MAX_DEPTH: Final = 8

_BY_FORMAT: Final = {
    "uuid": "0198c0de-5f00-7a10-8b3c-2f9d6e4a1b7c",
    "date-time": "2026-01-31T12:00:00Z",
    "date": "2026-01-31",
    "decimal": "15000.00",
    "email": "ada@example.com",
    "uri": "https://example.com",
}
_BY_NAME: Final = {
    "email": "ada@example.com",
    "username": "ada",
    "display_name": "Ada Lovelace",
    "base_currency": "EUR",
    "time_zone": "Europe/Berlin",
    "token_type": "bearer",
    "expires_in": 900,
    "ip_address": "192.0.2.17",
    "user_agent": "curl/8.5.0",
    "device_info": "curl on Linux",
    "trace_id": "0198c0de-5f00-7a10-8b3c-2f9d6e4a1b7c",
}
_BY_TYPE: Final = {"integer": 1, "number": 1.5, "boolean": True, "null": None}


def example_of(schema: Schema, components: Schema) -> Any:  # Any: a JSON value
    """A value that the schema describes; the schema's own example where it has one."""
    return _example(schema, components, "text", MAX_DEPTH)


def request_example(schema: Schema, components: Schema) -> Any:  # Any: a JSON value
    """A request body: what is required, and what has an example of its own."""
    resolved = _resolved(schema, components)
    required = resolved.get("required", ())
    return {
        name: _example(field, components, name, MAX_DEPTH)
        for name, field in resolved.get("properties", {}).items()
        if name in required or "examples" in field
    }


def _example(schema: Schema, components: Schema, name: str, depth: int) -> Any:  # Any: as above
    schema = _resolved(schema, components)
    if "examples" in schema:
        return schema["examples"][0]
    if "enum" in schema:
        return schema["enum"][0]
    for combined in ("const", "default"):
        if schema.get(combined) is not None:
            return schema[combined]
    choices = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf")
    if choices:
        return _example(choices[0], components, name, depth)
    return _of_type(schema, components, name, depth)


def _of_type(schema: Schema, components: Schema, name: str, depth: int) -> Any:  # Any: as above
    kind = schema.get("type", "object")
    if kind == "object":
        return _object(schema, components, depth)
    if kind == "array":
        return [_example(schema["items"], components, name, depth - 1)] if depth else []
    if kind == "string":
        return _BY_FORMAT.get(schema.get("format", "")) or str(_BY_NAME.get(name, name))
    return _BY_NAME.get(name, schema.get("minimum", _BY_TYPE[kind]))


def _object(schema: Schema, components: Schema, depth: int) -> dict[str, Any]:  # Any: as above
    if not depth:
        return {}
    more = schema.get("additionalProperties")
    keyed = {"USD": _example(more, components, "text", depth - 1)} if more else {}
    return keyed | {
        name: _example(field, components, name, depth - 1)
        for name, field in schema.get("properties", {}).items()
    }


def _resolved(schema: Schema, components: Schema) -> Schema:
    """What stands beside a reference goes before what it leads to."""
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    return {**components[name], **schema} if name else schema
