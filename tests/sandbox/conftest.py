from collections.abc import Iterator

import pytest

from tests.sandbox.running import TODAY, Visitor, running_sandbox


@pytest.fixture(scope="session")
def sandbox_url() -> Iterator[str]:
    with running_sandbox() as url:
        yield url


@pytest.fixture
def visitor(sandbox_url: str) -> Iterator[Visitor]:
    """Come to the shared sandbox, signed out; faults, counters and clock as on the first day."""
    visitor = Visitor(sandbox_url)
    visitor.http.delete("/admin/faults")
    visitor.http.delete("/admin/calls")
    visitor.set_today(TODAY)
    yield visitor
    visitor.close()


@pytest.fixture
def saver(visitor: Visitor) -> Visitor:
    return visitor.sign_in("young-saver")


@pytest.fixture
def trader(visitor: Visitor) -> Visitor:
    return visitor.sign_in("active-trader")
