"""What runs until it is told to stop, and what it is made of."""

import json
import os
import stat
from pathlib import Path

import pytest

from coffers import server
from coffers.commands.service import DEMO_EMAIL
from coffers.local_secrets import (
    FILE,
    KEPT_KEYS,
    encryption_keys,
    kept_secrets,
    new_encryption_key,
    secret_keys,
)
from coffers.presentation.routes import ROUTES
from coffers.service_lock import ServiceRuns, only_service
from coffers.settings import Settings
from tests import servers
from tests.commands.conftest import Cli, served
from tests.people import sign_in
from tests.programs import free_port


def test_the_commands_are_listed(run: Cli) -> None:
    listed = run("--help").stdout

    for command in ("serve", "worker", "demo", "migrate", "backup", "restore", "doctor", "user"):
        assert f" {command} " in listed


def test_routes_prints_every_endpoint_on_a_line_of_its_own(run: Cli) -> None:
    lines = run("routes").stdout.splitlines()

    assert [line.split() for line in lines[1:]] == [
        [
            route.method,
            route.full_path,
            route.access.name,
            route.policy.name if route.policy else "-",
            route.endpoint.__name__,
        ]
        for route in ROUTES
    ]


def test_openapi_prints_the_document(run: Cli) -> None:
    assert json.loads(run("openapi").stdout)["openapi"].startswith("3.1")


def test_a_setting_that_does_not_hold_is_named_and_the_exit_code_is_2(
    run: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COFFERS_PORT", "99999")

    refused = run("doctor")

    assert refused.exit_code == 2
    assert "COFFERS_PORT: Input should be less than or equal to 65535" in refused.stderr


def test_a_weak_secret_is_refused_in_production(
    run: Cli, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COFFERS_ENVIRONMENT", "production")
    monkeypatch.setenv("COFFERS_DATABASE_URL", f"sqlite+aiosqlite:///{home / 'coffers.sqlite3'}")
    monkeypatch.setenv("COFFERS_SECRET_KEY", "change-me-change-me-change-me-change-me")
    monkeypatch.setenv("COFFERS_ENCRYPTION_KEY", new_encryption_key())

    refused = run("serve")

    assert refused.exit_code == 2
    assert "COFFERS_SECRET_KEY is weak" in refused.stderr
    assert "change-me" not in refused.stderr


def test_a_mistyped_setting_is_pointed_out(run: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COFFERS_DATABSE_URL", "postgresql://nowhere")

    warned = run("user", "list")

    assert warned.exit_code == 0
    assert "COFFERS_DATABSE_URL is not a setting: is COFFERS_DATABASE_URL meant?" in warned.stderr


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("COFFERS_TRUSTED_PROXIES", "foo", "COFFERS_TRUSTED_PROXIES__0: Input is not a valid IPv4"),
        ("COFFERS_DATABASE_URL", "postgresql://db/x", "COFFERS_DATABASE_URL: It begins with"),
        ("COFFERS_REDIS_URL", "valkey", "COFFERS_REDIS_URL: It begins with"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_in_plain_words(
    name: str, value: str, said: str, run: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)

    refused = run("doctor")

    assert refused.exit_code == 2
    assert refused.stderr.startswith(said)


def test_a_second_service_is_refused_by_name_and_the_lock_ends_with_its_holder(
    run: Cli, home: Path
) -> None:
    with only_service(Settings()):
        second = run("serve")
        with pytest.raises(ServiceRuns):
            only_service(Settings()).__enter__()

    assert second.exit_code == 1
    assert f"Another Coffers service (process {os.getpid()})" in second.stderr
    with only_service(Settings()):
        pass


def test_serve_refuses_a_postgresql_that_lacks_migrations(
    run: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"empty_{os.getpid()}"
    url = servers.create_database(servers.postgres_url(), name)
    monkeypatch.setenv("COFFERS_DATABASE_URL", url)

    refused = run("serve")
    servers.drop_database(servers.postgres_url(), name)

    assert refused.exit_code == 1
    assert "run `coffers migrate` first" in refused.stderr


def test_serve_without_a_database_says_so(run: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "COFFERS_DATABASE_URL", f"postgresql+asyncpg://u@127.0.0.1:{free_port()}/coffers"
    )

    refused = run("serve")

    assert refused.exit_code == 1
    assert "The database does not answer" in refused.stderr


def test_a_rotated_signing_key_signs_and_the_former_ones_still_verify(run: Cli, home: Path) -> None:
    former, most = kept_secrets(home)["secret_key"], KEPT_KEYS["secret_key"] or 0

    for _ in range(most + 1):
        assert run("keys", "rotate", "signing").exit_code == 0

    current, *others = secret_keys(Settings())
    assert current not in {former, *others}
    assert len(others) == most
    assert former not in others
    assert stat.S_IMODE((home / FILE).stat().st_mode) == 0o600


def test_no_key_is_dropped_that_may_still_be_the_only_one_to_open_a_secret(
    run: Cli, home: Path
) -> None:
    first = kept_secrets(home)["encryption_key"]

    for _ in range(7):
        run("keys", "rotate", "encryption")

    assert encryption_keys(Settings())[-1] == first


def test_nothing_is_sealed_anew_beside_a_service_that_does_not_know_the_key(run: Cli) -> None:
    with only_service(Settings()):
        run("keys", "rotate", "encryption")
        refused = run("keys", "reseal")
    with only_service(Settings()):
        done = run("keys", "reseal")

    assert (refused.exit_code, done.exit_code) == (1, 0)
    assert "restart it first" in refused.stderr


def test_a_key_from_the_environment_is_rotated_by_its_owner(
    run: Cli, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COFFERS_SECRET_KEY", "k9Zq1Wv7Xb3Lr5Tn8Yc2Mf6Hd4Jg0Ps9Aa")

    told = run("keys", "rotate", "signing")

    assert told.exit_code == 0
    assert "COFFERS_PREVIOUS_SECRET_KEYS" in told.stdout
    assert not (home / FILE).exists()


def test_the_demo_is_not_for_production_databases(
    run: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COFFERS_DATABASE_URL", "postgresql+asyncpg://u@h/coffers")

    assert run("demo").exit_code == 1


async def test_the_demo_user_can_sign_in_each_time_with_the_same_password(
    run: Cli, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "serve", lambda *_: None)

    first, second = run("demo"), run("demo")

    password = kept_secrets(home)["demo_password"]
    assert password in first.stdout
    assert password in second.stdout
    async with served(home) as client:
        await sign_in(client, DEMO_EMAIL, password)
