"""Letters as their readers get them: the waiting jobs done, the token taken out of the text."""

import re

import httpx

from coffers.application.identity.verifications import (
    LETTER,
    Letters,
    Post,
    send_token,
    write_letter,
)
from coffers.application.letters import MAIL, letter_in
from coffers.application.ports import Mail
from coffers.domain.identity.users import User
from coffers.domain.identity.verifications import Purpose
from coffers.domain.ids import UserId
from coffers.domain.jobs import LEASE, Lease
from coffers.domain.live.events import Origin
from coffers.infrastructure.db.engines import open_engines
from coffers.infrastructure.db.jobs import SqlJobQueue
from coffers.infrastructure.db.reader import Reader
from coffers.services import Services

MANY = 100


def services_of(client: httpx.AsyncClient) -> Services:
    services: Services = client.app.state.services  # type: ignore[attr-defined]  # set by `running`
    return services


async def deliver(client: httpx.AsyncClient) -> list[Mail]:
    """Do the work that letters wait for; the letters that leave, oldest first."""
    services, url = services_of(client), client.app.state.settings.database  # type: ignore[attr-defined]  # set by `running`
    async with open_engines(url) as engines:
        queue = SqlJobQueue(engines, Reader(engines))
        for lease in await _claim(queue, services, LETTER):
            uow = services.unit_of_work(Origin(), None)
            await write_letter(uow, services.clock, services.post, lease.job)
            await queue.finish(lease, services.clock.now())
        leases = await _claim(queue, services, MAIL)
        mails = [letter_in(services.vault, lease.job) for lease in leases]
        for lease in leases:
            await queue.finish(lease, services.clock.now())
    return mails


async def token_mailed_to(client: httpx.AsyncClient, email: str) -> str:
    """The token in the last letter to this address."""
    letters = [mail for mail in await deliver(client) if mail.to == email]
    found = re.search(r"^[\w-]{43}$", letters[-1].text, re.MULTILINE)
    assert found, letters[-1].text
    return found[0]


async def token_for(client: httpx.AsyncClient, user_id: UserId, purpose: Purpose) -> str:
    """A token that this user was mailed a moment ago."""
    services, letters = services_of(client), _KeptLetters()
    uow = services.unit_of_work(Origin(), None)
    async with uow:
        post = Post(letters, services.vault)
        await send_token(uow, services.clock, post, await uow.users.get(user_id), purpose)
        await uow.commit()
    return letters.token


class _KeptLetters(Letters):
    token = ""

    def compose(self, user: User, purpose: Purpose, token: str) -> Mail:
        self.token = token
        return Mail(user.email, purpose.value, token)


async def _claim(queue: SqlJobQueue, services: Services, kind: str) -> list[Lease]:
    now = services.clock.now()
    return await queue.claim(kind, worker="tests", limit=MANY, now=now, until=now + LEASE)
