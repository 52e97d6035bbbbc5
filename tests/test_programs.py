import sys
import time

import psutil  # type: ignore[import-untyped]  # ships no types
import pytest

from tests import programs
from tests.programs import (
    HOST,
    PORTS,
    STOP_LIMIT_S,
    ServerUnavailable,
    ServiceProcess,
    becomes_true,
    free_port,
    is_gone,
)
from tests.timing import TICK_S

HTTP_COMMAND = [sys.executable, "-m", "http.server", "--bind", HOST]


def service_of(code: str, **env: str) -> ServiceProcess:
    return ServiceProcess([sys.executable, "-c", code], env)


def test_a_free_port_is_no_ephemeral_one() -> None:
    assert free_port() in PORTS


def test_a_service_is_ready_when_it_answers_and_tells_how_it_ended() -> None:
    port = free_port()
    with ServiceProcess([*HTTP_COMMAND, str(port)], env={}) as service:
        service.wait_until_ready(f"http://{HOST}:{port}/")

        stopped = service.stop()

    assert stopped.exit_code == -15
    assert 0 < stopped.seconds < STOP_LIMIT_S


def test_a_service_writes_its_output_to_a_log() -> None:
    with service_of("print('ready to trade')") as service:
        assert becomes_true(lambda: "ready to trade" in service.log_text)


def test_a_service_sees_only_the_settings_that_it_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COFFERS_SECRET_KEY", "of the developer")
    code = "import os; print({k: v for k, v in os.environ.items() if k.startswith('COFFERS_')})"

    with service_of(code, COFFERS_PORT="1") as service:
        assert becomes_true(lambda: service.log_text == "{'COFFERS_PORT': '1'}\n")


def test_a_service_that_ends_early_shows_its_last_words() -> None:
    url = f"http://{HOST}:{free_port()}/"

    with (
        service_of("raise SystemExit('no key')") as service,
        pytest.raises(ServerUnavailable, match="no key"),
    ):
        service.wait_until_ready(url)


def test_a_service_that_ignores_its_signal_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "STOP_LIMIT_S", 0.2)
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf'); time.sleep(60)"

    with service_of(code) as service:
        assert becomes_true(lambda: "deaf" in service.log_text)
        pid = service.child.pid

        with pytest.raises(TimeoutError):
            service.stop()

    assert is_gone(pid)


def test_a_kill_takes_the_children_along() -> None:
    code = "import subprocess; child = subprocess.Popen(['sleep', '60']); child.wait()"

    with service_of(code) as service:
        parent = psutil.Process(service.child.pid)
        assert becomes_true(lambda: bool(parent.children()))
        child = parent.children()[0]

        service.kill()

        assert is_gone(child.pid)


def test_a_condition_that_never_holds_is_given_up() -> None:
    begun = time.monotonic()

    assert not becomes_true(lambda: False, within_s=0.05)

    assert time.monotonic() - begun > 0.05 - TICK_S


def test_a_service_that_was_never_started_cannot_be_stopped() -> None:
    service = service_of("")

    with pytest.raises(ServerUnavailable, match="not running"):
        service.stop()

    service.close()
