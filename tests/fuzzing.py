"""Requests made up from the description of an operation, each answer held to it."""

from typing import Any, Final

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from coffers.presentation.route import Route
from tests.promises import description

CHECKS: Final = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
)
TIMEOUT_S: Final = 30

schema = schemathesis.openapi.from_dict(description())


def ask(
    route: Route, origin: str, token: str, ids: dict[str, Any], *, count: int, start: int
) -> None:
    """Send so many; some of them speak of these ids. The seed `start` makes them the same again."""
    session = requests.Session()
    headers = {"Authorization": f"Bearer {token}"}

    @seed(start)
    @settings(
        max_examples=count,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    @given(case=schema[route.full_path][route.method].as_strategy(), is_real=st.booleans())
    def one(case: schemathesis.Case[Any], *, is_real: bool) -> None:
        if is_real and ids:
            case.path_parameters = ids
        answer = case.call(base_url=origin, session=session, headers=headers, timeout=TIMEOUT_S)
        case.validate_response(answer, checks=list(CHECKS))

    with session:
        one()
