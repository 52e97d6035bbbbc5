import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import httpx
import pytest

from tests.nursery import Forked
from tests.programs import HOST, NO_TLS, free_port, succeeds
from tests.sandbox.running import Visitor

ROOT = Path(__file__).parents[2]
SCRIPT = """
import sys
from datetime import date
from coffers.sandbox.server import serve

serve(sys.argv[1], int(sys.argv[2]), seed=9, today=date(2026, 6, 30))
"""


class SandboxProgram(Forked):
    """The sandbox as the command line starts it."""

    def __init__(self) -> None:
        super().__init__()
        self.port = free_port()
        self.url = f"http://{HOST}:{self.port}"

    def start(self) -> Self:
        argv = [sys.executable, "-c", SCRIPT, HOST, str(self.port)]
        self.launch(argv, {"PYTHONPATH": str(ROOT / "src")}, self.directory)
        self.wait_until(self._is_ready)
        return self

    def _is_ready(self) -> bool:
        return succeeds(f"{self.url}/health")


@pytest.fixture
def program() -> Iterator[SandboxProgram]:
    with SandboxProgram() as program:
        yield program


def test_a_killed_sandbox_comes_back_with_the_same_books_and_honours_its_tokens(
    program: SandboxProgram,
) -> None:
    visitor = Visitor(program.url).sign_in("retiree")
    before = visitor.get("/v1/accounts").json()

    program.kill()
    program.start()

    assert visitor.get("/v1/accounts").json() == before
    assert visitor.refresh(visitor.tokens["refresh_token"]).status_code == 200
    visitor.close()


@pytest.mark.parametrize("fault", ["hang", "slow_drip:10000"])
def test_a_request_that_waits_does_not_keep_the_sandbox_from_ending(
    program: SandboxProgram, fault: str
) -> None:
    visitor = Visitor(program.url).sign_in()
    visitor.http.timeout = httpx.Timeout(0.5)
    with pytest.raises(httpx.ReadTimeout):
        visitor.get("/v1/accounts", fault=fault)
    line = httpx.Client(base_url=program.url, timeout=0.5, trust_env=False, verify=NO_TLS)
    with pytest.raises(httpx.ReadTimeout):
        line.get("/v1/accounts", headers={"X-Sandbox-Fault": fault})

    stopped = program.stop()

    assert stopped.seconds < 5
    line.close()
    visitor.close()


def test_who_hangs_up_leaves_no_trace_in_the_log(program: SandboxProgram) -> None:
    visitor = Visitor(program.url).sign_in()
    visitor.http.timeout = httpx.Timeout(0.3)
    for fault in ("hang", "slow_drip:2000"):
        with pytest.raises(httpx.ReadTimeout):
            visitor.get("/v1/accounts/ys-card/positions", fault=fault)
    visitor.close()

    program.stop()

    assert not program.log_text
