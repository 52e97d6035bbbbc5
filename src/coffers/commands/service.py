"""`coffers serve`, `worker` and `demo`: what runs until it is told to stop."""

import sys

import httpx
from rich.panel import Panel

from coffers import migrations, server, worker
from coffers.application.operators import ensure_demo_user
from coffers.commands.sandbox import broker_beside, link_demo_user
from coffers.commands.terminal import load_settings, out, refuse, run_async
from coffers.domain.errors import DomainError
from coffers.domain.ids import UserId
from coffers.domain.live.events import Origin
from coffers.infrastructure import logs
from coffers.local_secrets import demo_password
from coffers.main import create_app
from coffers.service_lock import ServiceRuns, only_service
from coffers.services import Services
from coffers.settings import Environment, Settings
from coffers.wiring import open_services

DEMO_EMAIL = "demo@example.com"


def serve() -> None:
    """Serve the API, until SIGTERM or SIGINT."""
    settings = load_settings()
    _configure_logs()
    try:
        with only_service(settings):
            _make_schema_ready(settings)
            server.serve(create_app(settings), settings)
    except (ServiceRuns, server.PortTaken) as reason:
        refuse(str(reason))


def work() -> None:
    """Do the background work, until SIGTERM or SIGINT; any number of these may run."""
    settings = load_settings()
    _configure_logs()
    run_async(worker.serve(settings))


def demo() -> None:
    """Serve on SQLite with a demo user, whose password is printed. What `make run` does."""
    settings = load_settings()
    if not settings.is_embedded or settings.environment is Environment.PRODUCTION:
        refuse("The demo is for the embedded set-up: unset COFFERS_DATABASE_URL and the like.")
    _configure_logs()
    try:
        with only_service(settings), broker_beside(settings) as broker:
            _make_schema_ready(settings)
            run_async(_set_up(settings, is_linked=broker is not None))
            _introduce(settings, broker)
            server.serve(create_app(settings), settings)
    except (ServiceRuns, server.PortTaken) as reason:
        refuse(str(reason))


async def _set_up(settings: Settings, *, is_linked: bool) -> None:
    async with open_services(settings) as services:
        user_id = await ensure_demo_user(
            services.unit_of_work(Origin(), None),
            services.passwords,
            services.clock,
            email=DEMO_EMAIL,
            password=demo_password(settings.home),
        )
        if is_linked:
            await _link(services, user_id)


async def _link(services: Services, user_id: UserId) -> None:
    """The demo is worth having without its broker too: what goes wrong there is said, not fatal."""
    try:
        await link_demo_user(services, user_id)
    except (DomainError, httpx.HTTPError) as error:
        out.print(f"The demo user could not be linked to the sandbox: {error}")


def _introduce(settings: Settings, broker: str | None) -> None:
    url = settings.public_base_url
    lines = (
        f"API         {url}/api/v1",
        f"Reference   {url}/docs",
        f"E-mail      {DEMO_EMAIL}",
        f"Password    {demo_password(settings.home)}",
        f"Broker      {broker or 'none'}",
        f"Kept in     {settings.home.absolute()}",
    )
    out.print(Panel("\n".join(lines), title="Coffers", expand=False, highlight=False))


def _make_schema_ready(settings: Settings) -> None:
    """On SQLite migrate; on PostgreSQL, where others may be at work, only look."""
    if settings.is_embedded:
        run_async(migrations.upgrade(settings.database))
    elif not run_async(migrations.is_current(settings.database)):
        refuse("The database lacks migrations of this version: run `coffers migrate` first.")


def _configure_logs() -> None:
    logs.configure(is_console=sys.stdout.isatty())
