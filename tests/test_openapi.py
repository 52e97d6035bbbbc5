"""The description of the API: valid, complete, and pleasant to generate clients from."""

import json
import re
from collections.abc import Iterator
from typing import Any

from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate

from coffers.presentation.problems import MEDIA_TYPE, kinds, status_of
from coffers.presentation.route import Route
from coffers.presentation.routes import ROUTES
from tests.promises import description

PLACEHOLDER = re.compile(r"\{(\w+)\}")


def operation(route: Route) -> dict[str, Any]:
    found: dict[str, Any] = description()["paths"][route.full_path][route.method.lower()]
    return found


def schemas() -> Iterator[tuple[str, Any]]:
    """Every schema of the document, however deep, with the name that leads to it."""

    def within(name: str, value: Any) -> Iterator[tuple[str, Any]]:
        if isinstance(value, dict):
            yield name, value
            for key, inner in value.items():
                if key not in {"example", "examples", "enum", "const", "default"}:
                    yield from within(f"{name}.{key}", inner)
        elif isinstance(value, list):
            for number, inner in enumerate(value):
                yield from within(f"{name}.{number}", inner)

    yield from within("", description()["components"]["schemas"])


def test_the_document_is_valid_openapi_3_1() -> None:
    assert description()["openapi"].startswith("3.1")
    validate(description())


def test_every_operation_says_what_it_is_for() -> None:
    for route in ROUTES:
        about = operation(route)

        assert about["operationId"] == route.endpoint.__name__, route.path
        assert about["tags"] == [route.family], route.path
        assert 0 < len(about["summary"]) <= 120, route.path
        assert about["description"], route.path


def test_every_operation_says_who_may_call() -> None:
    for route in ROUTES:
        assert operation(route)["security"] == (
            [] if route.access.is_public else [{"bearer": []}]
        ), route.path


def test_every_parameter_is_described() -> None:
    for route in ROUTES:
        parameters = operation(route)["parameters"]

        assert [each["name"] for each in parameters if not each.get("description")] == [], (
            route.path
        )
        named = {each["name"] for each in parameters if each["in"] == "path"}
        assert named == set(PLACEHOLDER.findall(route.path)), route.path
        assert len({(each["in"], each["name"]) for each in parameters}) == len(parameters), (
            route.path
        )


def test_every_refusal_is_a_problem_with_an_example() -> None:
    for route in ROUTES:
        refusals = {s: a for s, a in operation(route)["responses"].items() if int(s) >= 400}

        assert {"500", "503"} <= set(refusals), route.path
        for answer in refusals.values():
            (media,) = answer["content"]
            assert media == MEDIA_TYPE, route.path
            assert answer["content"][media]["schema"] == {"$ref": "#/components/schemas/Problem"}, (
                route.path
            )
            assert answer["content"][media]["examples"], route.path
            assert answer["description"], route.path


def test_every_example_is_what_its_schema_describes() -> None:
    for route in ROUTES:
        about = operation(route)
        answer = about["responses"][str(route.status)]
        media = [*answer.get("content", {}).items()]
        media += about.get("requestBody", {}).get("content", {}).items()

        for kind, content in media:
            if kind != "application/json":
                continue
            schema = {**content["schema"], "components": description()["components"]}
            errors = [
                error.message for error in OAS31Validator(schema).iter_errors(content["example"])
            ]
            assert errors == [], route.path


def test_every_kind_of_refusal_is_explained_in_a_sentence() -> None:
    for kind in kinds():
        if kind.slug not in description()["components"]["examples"]:
            continue
        example = description()["components"]["examples"][kind.slug]["value"]
        assert (kind.__doc__ or "").strip()
        assert example["status"] == status_of(kind)


def test_money_is_described_as_decimal_text() -> None:
    amounts = [
        (name, schema)
        for name, schema in schemas()
        if re.search(r"(_amount|_value|price|balance|cost_basis|quantity)$", name)
        and schema.get("type") in {"number", "string"}
    ]

    assert [
        name
        for name, schema in amounts
        if (schema["type"], schema.get("format")) != ("string", "decimal")
    ] == []


def test_instants_and_days_are_described_as_such() -> None:
    for name, schema in schemas():
        texts = [schema, *schema.get("anyOf", ())] if isinstance(schema, dict) else []
        formats = {each.get("format") for each in texts if each.get("type") == "string"}
        if name.endswith("_at") and formats:
            assert formats == {"date-time"}, name
        if name.endswith("_date") and formats:
            assert formats == {"date"}, name


def test_nothing_is_described_that_nothing_uses() -> None:
    text = json.dumps(description())
    components = description()["components"]

    unused = [
        name for name in components["schemas"] if f'"#/components/schemas/{name}"' not in text
    ]

    assert unused == []


def test_names_of_types_are_fit_for_programs() -> None:
    names = description()["components"]["schemas"]

    assert [name for name in names if not re.fullmatch(r"[A-Z][A-Za-z0-9]*", name)] == []
