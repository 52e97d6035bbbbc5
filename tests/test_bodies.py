"""Bodies of requests, of every route: what a field takes is of its own kind."""

from collections.abc import Iterator
from typing import Annotated, Any, Final

from pydantic import TypeAdapter, ValidationError

from coffers.presentation.routes import ROUTES
from coffers.presentation.schemas import Body

#: What is no number, no flag, no list of numbers.
FOREIGN: Final[dict[str, list[object]]] = {
    "integer": ["1", "true", 1.0, True],
    "boolean": ["1", "true", "yes", 1, 0.0],
    "array of integer": [["50"], [True], [50.0]],
}


def fields() -> Iterator[tuple[str, TypeAdapter[Any]]]:
    """Of all bodies, by name."""
    kinds = [Body]
    for kind in kinds:
        kinds += kind.__subclasses__()
        for name, field in kind.model_fields.items():
            annotated: Any = Annotated[field.annotation, field]
            yield f"{kind.__name__}.{name}", TypeAdapter(annotated)


def kinds_of(adapter: TypeAdapter[Any]) -> set[str]:
    schema = adapter.json_schema()
    branches = [schema, *schema.get("anyOf", [])]
    items = {f"array of {each['items'].get('type')}" for each in branches if "items" in each}
    return items | {each.get("type") for each in branches}


def takes(adapter: TypeAdapter[Any], value: object) -> bool:
    try:
        adapter.validate_python(value)
    except ValidationError:
        return False
    return True


def test_text_numbers_and_true_are_different_things() -> None:
    assert ROUTES
    found: dict[str, list[str]] = {name: [] for name in FOREIGN}
    for place, adapter in fields():
        for kind in kinds_of(adapter) & FOREIGN.keys():
            found[kind].append(place)
            assert not [each for each in FOREIGN[kind] if takes(adapter, each)], place

    assert len(found["boolean"]) > 10
    assert {"SimulationIn.months", "SimulationIn.seed"} <= {*found["integer"]}
    assert "BudgetChanges.thresholds" in found["array of integer"]
