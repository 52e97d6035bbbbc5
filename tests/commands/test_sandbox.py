"""The sandbox broker as a command, and beside the demo."""

import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import typer

from coffers.commands.sandbox import broker_beside, link_demo_user
from coffers.domain.ids import UserId, new_id
from coffers.domain.linking.providers import ProviderFailed
from coffers.domain.live.events import Origin
from coffers.services import Services
from coffers.settings import Settings
from coffers.wiring import open_services
from tests.brokers import Broker
from tests.conftest import settings_for
from tests.nursery import ForkedCommand, ForkedProcess
from tests.programs import HOST, NO_TLS, becomes_true, free_port, succeeds
from tests.stores import user

BESIDE = """
from pathlib import Path
from coffers.commands.sandbox import broker_beside
from coffers.settings import Settings
import time
with broker_beside(Settings()) as url:
    print(url, flush=True)
    time.sleep(60)
"""


@pytest.fixture
async def services(broker: Broker, sqlite_url: str, tmp_path: Path) -> AsyncIterator[Services]:
    settings = settings_for(sqlite_url, tmp_path, sandbox_url=broker.url)
    async with open_services(settings) as services:
        yield services


async def a_user(services: Services) -> UserId:
    user_id = UserId(new_id())
    async with services.unit_of_work(Origin(), None) as uow:
        await uow.users.add(user(user_id, "demo"))
        await uow.commit()
    return user_id


def test_the_command_serves_the_day_and_the_people_that_it_is_told() -> None:
    port = free_port()
    told = ["--port", str(port), "--seed", "7", "--today", "2026-01-15"]
    with ForkedCommand("sandbox", *told, env={}) as sandbox:
        sandbox.wait_until_ready(f"http://{HOST}:{port}/health")

        health = httpx.get(f"http://{HOST}:{port}/health", verify=NO_TLS).json()

    assert health == {"status": "ok", "today": "2026-01-15"}


def test_the_broker_beside_ends_with_its_parent_even_one_that_is_killed(tmp_path: Path) -> None:
    url = f"http://{HOST}:{free_port()}"
    env = {"COFFERS_SANDBOX_URL": url, "COFFERS_HOME": str(tmp_path)}
    with ForkedProcess([sys.executable, "-c", BESIDE], env) as parent:
        parent.wait_until(lambda: url in parent.log_text)
        assert _answers(url)

        os.kill(parent.child.pid, signal.SIGKILL)
        parent.child.wait()

    assert becomes_true(lambda: not _answers(url))


def test_a_broker_that_answers_already_is_used_and_left(sandbox_url: str, tmp_path: Path) -> None:
    with broker_beside(Settings(sandbox_url=sandbox_url, home=tmp_path)) as url:
        assert url == sandbox_url

    assert _answers(sandbox_url)


@pytest.mark.parametrize("url", ["", "https://sandbox.example", "http://192.0.2.1:8010"])
def test_a_broker_elsewhere_or_nowhere_is_not_started(url: str, tmp_path: Path) -> None:
    with broker_beside(Settings(sandbox_url=url, home=tmp_path)) as beside:
        assert beside == (url or None)


def test_a_port_that_is_taken_is_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        taken.settimeout(0)
        url = f"http://{HOST}:{taken.getsockname()[1]}"

        with pytest.raises(typer.Exit), broker_beside(Settings(sandbox_url=url, home=tmp_path)):
            pass

    said = " ".join(capfd.readouterr().err.split())
    assert f"The sandbox broker does not start at {url}: is its port taken?" in said
    assert "COFFERS_SANDBOX_URL" in said


async def test_the_demo_user_is_linked_and_synced_once(services: Services) -> None:
    user_id = await a_user(services)

    for _ in range(2):
        await link_demo_user(services, user_id)

    (connection,) = await services.connection_lookups.of_user(user_id)
    syncs = await services.sync_lookups.of_connection(user_id, connection.id)
    assert (connection.provider_slug, connection.status) == ("sandbox", "active")
    assert syncs.total_count == 1
    assert syncs.syncs[0].report is not None
    assert syncs.syncs[0].report.transactions_created > 4_000


async def test_a_demo_whose_first_sync_failed_is_synced_at_the_next_start(
    services: Services, broker: Broker
) -> None:
    user_id = await a_user(services)
    await broker.strike("error:500", "/v1/*")
    with pytest.raises(ProviderFailed):
        await link_demo_user(services, user_id)
    await broker.relent()

    await link_demo_user(services, user_id)

    (connection,) = await services.connection_lookups.of_user(user_id)
    assert connection.last_sync_at is not None


def _answers(url: str) -> bool:
    return succeeds(f"{url}/health")
