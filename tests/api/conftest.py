"""People of the tests over the API, new ones for each test, of an application for a whole file."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import count

import httpx
import pytest
import pytest_asyncio

from coffers.application.linking.claims import Claim
from tests.brokers import Broker
from tests.conftest import ENGINES, running, settings_for
from tests.kept_databases import KeptDatabase
from tests.ledgers import movement, position, reported_account
from tests.people import Person, settle
from tests.sandbox.running import TODAY as BROKERS_TODAY
from tests.scripted import Script, ScriptedBank, running_with

#: No two people of a run have the same name.
_NUMBERS = count(1)


@pytest.fixture(scope="session")
def kept_for_files(postgres_template: str) -> Iterator[KeptDatabase]:
    kept = KeptDatabase(postgres_template)
    yield kept
    kept.close()


@pytest.fixture(scope="module")
def file_postgres(kept_for_files: KeptDatabase) -> Iterator[str]:
    """A migrated PostgreSQL database with nothing in it, for a whole file."""
    yield kept_for_files.lend()
    kept_for_files.take_back()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def postgres_service(
    file_postgres: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[httpx.AsyncClient]:
    """As `service`, on PostgreSQL."""
    async with running(settings_for(file_postgres, tmp_path_factory.mktemp("home"))) as client:
        yield client


@pytest.fixture(scope="module", params=ENGINES)
def either(request: pytest.FixtureRequest) -> httpx.AsyncClient:
    """One application for a whole file, on each engine in turn."""
    name = "service" if request.param == "sqlite" else "postgres_service"
    client: httpx.AsyncClient = request.getfixturevalue(name)
    return client


async def newcomer(client: httpx.AsyncClient, name: str, *roles: str) -> Person:
    """Somebody whom nobody met before."""
    return await settle(client, f"{name}-{next(_NUMBERS)}", *roles)


@pytest_asyncio.fixture(loop_scope="module")
async def eve(either: httpx.AsyncClient) -> Person:
    """Somebody on each engine in turn."""
    return await newcomer(either, "eve")


@pytest.fixture
def client(service: httpx.AsyncClient) -> httpx.AsyncClient:
    """The application that everybody but Eve and the bank's holders visits."""
    return service


@pytest_asyncio.fixture(loop_scope="module")
async def ada(service: httpx.AsyncClient) -> Person:
    return await newcomer(service, "ada")


@pytest.fixture
def enrol(service: httpx.AsyncClient) -> Callable[..., Awaitable[Person]]:
    """Signs in somebody new beside her: `await enrol("bob")`."""

    async def enrolled(name: str, *roles: str) -> Person:
        return await newcomer(service, name, *roles)

    return enrolled


@contextmanager
def recently(days: int) -> Iterator[None]:
    """Brokers are asked for so many days where they would be for years: few tests need more."""
    first_day = Claim.first_day

    def recent(claim: Claim, provider_account_id: str) -> date | None:
        return first_day(claim, provider_account_id) or BROKERS_TODAY - timedelta(days=days)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Claim, "first_day", recent)
        yield


@pytest.fixture
def recent_only() -> Iterator[None]:
    """Two months of every broker."""
    with recently(60):
        yield


@pytest_asyncio.fixture(loop_scope="module")
async def veteran(service: httpx.AsyncClient, broker: Broker) -> Person:
    """Somebody who may link the sandbox with all its years."""
    return await newcomer(service, "veteran")


@pytest.fixture
def saver(veteran: Person, recent_only: None) -> Person:
    """Somebody who may link the sandbox and looks at its last weeks."""
    return veteran


@pytest.fixture
def script() -> Script:
    """One brokerage account with a position and a movement of today."""
    return Script(
        accounts=[reported_account("a1")],
        holdings={"a1": [position()]},
        pages={"a1": [[movement("t1", transaction_date=datetime.now(UTC).date())]]},
    )


@pytest.fixture(scope="module")
def bank() -> ScriptedBank:
    """A bank for a whole file, that says what the script of the test says."""
    return ScriptedBank(Script())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def banked(
    bank: ScriptedBank, fresh_sqlite: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[httpx.AsyncClient]:
    """As `service`, with the bank in its catalogue."""
    settings = settings_for(fresh_sqlite(), tmp_path_factory.mktemp("home"))
    async with running_with(settings, bank) as client:
        yield client


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def postgres_banked(
    bank: ScriptedBank, file_postgres: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[httpx.AsyncClient]:
    """Likewise, on PostgreSQL."""
    settings = settings_for(file_postgres, tmp_path_factory.mktemp("home"))
    async with running_with(settings, bank) as client:
        yield client


@pytest.fixture(scope="module", params=ENGINES)
def either_banked(request: pytest.FixtureRequest) -> httpx.AsyncClient:
    """Likewise, on each engine in turn."""
    name = "banked" if request.param == "sqlite" else "postgres_banked"
    client: httpx.AsyncClient = request.getfixturevalue(name)
    return client


@pytest_asyncio.fixture(loop_scope="module")
async def holder(banked: httpx.AsyncClient, bank: ScriptedBank, script: Script) -> Person:
    """Somebody who may connect to the bank."""
    bank.script = script
    return await newcomer(banked, "holder")
