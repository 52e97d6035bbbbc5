"""`coffers sandbox`, and the sandbox broker beside the demo: started, linked, synced, ended."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Final
from urllib.parse import parse_qs, urlsplit

import httpx
import typer

from coffers.application.linking.claims import SyncRequest
from coffers.application.linking.connections import ConnectionView
from coffers.application.linking.links import Link, begin_link, finish_link
from coffers.application.linking.syncs import sync
from coffers.commands.terminal import refuse
from coffers.domain.errors import DomainError
from coffers.domain.identity.principals import Principal
from coffers.domain.identity.users import Role
from coffers.domain.ids import UserId
from coffers.domain.linking.syncs import SyncScope, SyncTrigger
from coffers.domain.live.events import Origin
from coffers.sandbox import server
from coffers.services import Services
from coffers.settings import SANDBOX_URL, Settings

HOST: Final = urlsplit(SANDBOX_URL).hostname or ""
PORT: Final = urlsplit(SANDBOX_URL).port or 0
SLUG: Final = "sandbox"
STARTS_WITHIN_S: Final = 30.0
ENDS_WITHIN_S: Final = 5.0
#: Who the demo user is at the broker; name and password stand in docs/sandbox.md.
PERSONA: Final = {"username": "young-saver", "password": "coffee-twice"}

_Port = Annotated[int, typer.Option(min=1, max=65535)]
_Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Its date for ever.")]


def sandbox(
    host: str = HOST,
    port: _Port = PORT,
    seed: int = 1,
    today: _Day = None,
) -> None:
    """Serve the sandbox broker: invented people, invented money. It belongs on loopback."""
    server.serve(host, port, seed, today.date() if today else None)


@contextmanager
def broker_beside(settings: Settings) -> Iterator[str | None]:
    """The sandbox at the address of the settings, ended at the end; None where there is none.

    One that answers there already, or belongs on another machine, is left as it is.
    """
    url = settings.sandbox
    if url is None or _is_served(url) or not _is_here(url):
        yield url
        return
    place = urlsplit(url)
    # Not by `coffers sandbox`: the whole command line takes seconds to load on a slow machine.
    where = f"{place.hostname!r}, {place.port or 80}, 1"
    program = f"from coffers.sandbox.server import serve_beside; serve_beside({where})"
    # Its input ends with this process, even with one that is killed, and so does the child.
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as child:  # noqa: S603 - our own program
        try:
            _wait_for(url, child)
            yield url
        finally:
            _end(child)


async def link_demo_user(services: Services, user_id: UserId) -> None:
    """Link the demo user to the sandbox and sync, unless that was done before."""
    uow, access = services.unit_of_work(Origin(), None), services.provider_access
    known = await services.connection_lookups.of_user(user_id)
    there = [one for one in known if one.provider_slug == SLUG]
    made = there[0] if there else await _link(services, user_id)
    if made.last_sync_at is None and made.is_connected:
        request = SyncRequest(user_id, made.id, SyncScope.EVERYTHING, SyncTrigger.FORCED)
        await sync(uow, access, request)


async def _link(services: Services, user_id: UserId) -> ConnectionView:
    uow, access = services.unit_of_work(Origin(), None), services.provider_access
    principal = Principal(user_id, frozenset({Role.USER}))
    link = Link(user_id, SLUG, "Sandbox broker", None)
    redirects = services.redirect_uris
    begun = await begin_link(
        uow, access, link, redirect_uri=redirects[0], allowed_redirects=redirects
    )
    code, state = await _consent(begun.authorization_url)
    return (await finish_link(uow, access, principal, code=code, state=state)).view


async def _consent(authorization_url: str) -> tuple[str, str]:
    """What the broker's page sends back after the persona signed in there."""
    async with httpx.AsyncClient(trust_env=False, timeout=STARTS_WITHIN_S) as browser:
        answer = await browser.post(authorization_url, data=PERSONA)
    back = parse_qs(urlsplit(answer.headers.get("location", "")).query)
    if "code" not in back:
        raise SandboxStrange("The sandbox's login page did not send a code back.")
    return back["code"][0], back["state"][0]


class SandboxStrange(DomainError):
    """Something answers at the sandbox's address, but not as the sandbox does."""

    slug = "sandbox_strange"


def _is_served(url: str) -> bool:
    with _browser() as http:
        return _answers(url, http)


def _browser() -> httpx.Client:
    """It reads everybody's certificates, which takes longer than to ask."""
    return httpx.Client(timeout=1, trust_env=False)


def _answers(url: str, http: httpx.Client) -> bool:
    try:
        answer = http.get(f"{url}/health")
        return answer.is_success and answer.json()["status"] == "ok"
    except (httpx.HTTPError, ValueError, LookupError, TypeError):
        return False


def _is_here(url: str) -> bool:
    place = urlsplit(url)
    return place.scheme == "http" and place.hostname in {"127.0.0.1", "::1", "localhost"}


def _wait_for(url: str, child: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + STARTS_WITHIN_S
    with _browser() as http:
        while not _answers(url, http):
            if child.poll() is not None or time.monotonic() > deadline:
                refuse(
                    f"The sandbox broker does not start at {url}: is its port taken? "
                    "Give it another with COFFERS_SANDBOX_URL."
                )
            time.sleep(0.1)


def _end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(ENDS_WITHIN_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
