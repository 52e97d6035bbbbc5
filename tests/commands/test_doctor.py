"""What the doctor says."""

import os
import socket
import sqlite3
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from coffers.commands import doctor
from coffers.local_secrets import FILE, kept_secrets
from coffers.service_lock import only_service
from coffers.settings import Settings
from tests import servers
from tests.commands.conftest import Cli
from tests.programs import free_port


def test_the_doctor_finds_a_sound_installation_sound(run: Cli, home: Path) -> None:
    kept_secrets(home)

    examined = run("doctor")

    assert examined.exit_code == 0, examined.stdout + examined.stderr
    assert "Database: answers and has the newest schema." in examined.stdout
    assert f"letters go to files in {home / 'mail'}." in examined.stdout.replace("\n", "")


def test_the_doctor_says_who_may_read_the_secrets(run: Cli, home: Path) -> None:
    kept_secrets(home)
    (home / FILE).chmod(0o644)

    examined = run("doctor")

    assert examined.exit_code == 1
    assert "others may read" in examined.stdout


def test_the_doctor_misses_migrations(run: Cli, home: Path) -> None:
    with sqlite3.connect(home / "coffers.sqlite3") as database:
        database.execute("UPDATE alembic_version SET version_num = '0001'")

    examined = run("doctor")

    assert examined.exit_code == 1
    assert "run `coffers migrate`" in examined.stdout


def test_the_doctor_sees_that_the_service_runs_and_who_has_the_port(
    run: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "TIMEOUT_S", 0.2)
    with only_service(Settings()):
        running_one = run("doctor")
    with socket.create_server(("127.0.0.1", Settings().port)):
        taken = run("doctor")

    assert running_one.exit_code == 0
    assert f"process {os.getpid()}" in running_one.stdout
    assert taken.exit_code == 1
    assert "cannot listen on 127.0.0.1" in taken.stdout


def test_the_doctor_knows_a_service_on_postgresql_by_its_answer(
    run: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Alive(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(doctor.ALIVE)

    with HTTPServer(("127.0.0.1", 0), Alive) as service:
        threading.Thread(target=service.handle_request).start()
        monkeypatch.setenv("COFFERS_HOST", "0.0.0.0")  # noqa: S104 - as containers have it
        monkeypatch.setenv("COFFERS_PORT", str(service.server_port))
        examined = run("doctor")

    assert examined.exit_code == 0, examined.stdout
    assert f"Service: answers on port {service.server_port}." in examined.stdout


def test_the_doctor_notices_what_is_away(run: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = free_port()
    monkeypatch.setenv("COFFERS_DATABASE_URL", f"postgresql+asyncpg://u@127.0.0.1:{closed}/c")
    monkeypatch.setenv("COFFERS_REDIS_URL", f"redis://127.0.0.1:{closed}/0")
    monkeypatch.setenv("COFFERS_SMTP_URL", f"smtp://127.0.0.1:{closed}")

    examined = run("doctor")

    assert examined.exit_code == 1
    for words in ("Database: does not answer", "Redis: does not answer", "port"):
        assert words in examined.stdout


def test_the_doctor_wants_a_redis_that_forgets_nothing(
    run: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COFFERS_REDIS_URL", servers.valkey_url())

    assert "answers and forgets nothing" in run("doctor").stdout


def test_the_doctor_notices_a_full_disk(run: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "MIN_FREE_BYTES", 2**60)

    assert run("doctor").exit_code == 1


def test_the_doctor_notices_a_clock_that_went_back(run: Cli, home: Path) -> None:
    run("user", "add", "ada@example.com")
    with sqlite3.connect(home / "coffers.sqlite3") as database:
        database.execute("UPDATE events SET occurred_at = '2999-01-01T00:00:00.000000Z'")

    examined = run("doctor")

    assert examined.exit_code == 1
    assert "Clock: is behind" in examined.stdout
