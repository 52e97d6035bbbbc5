"""The names that fields of requests have: ours, so that an answer may repeat them."""

import inspect
from collections.abc import Iterator
from functools import cache

from coffers.presentation.routes import ROUTES
from coffers.presentation.schemas import Body


@cache
def field_names() -> frozenset[str]:
    """Every field of every body. A name that is not among them was chosen by the client."""
    parameters = {name for route in ROUTES for name in inspect.signature(route.endpoint).parameters}
    return frozenset(parameters.union(*(model.model_fields for model in _bodies(Body))))


def _bodies(model: type[Body]) -> Iterator[type[Body]]:
    yield model
    for kind in model.__subclasses__():
        yield from _bodies(kind)
