"""Whose ledger a command works on."""

from dataclasses import dataclass
from typing import Annotated

import typer

from coffers.application.ledger.accounts import AccountFilter
from coffers.application.unit_of_work import HeldUnitOfWork
from coffers.commands.terminal import refuse
from coffers.domain.identity.principals import Principal
from coffers.domain.ledger.accounts import Account
from coffers.domain.live.events import Origin
from coffers.services import Services

UserOption = Annotated[str, typer.Option(help="Whose ledger: e-mail address or username.")]


@dataclass(frozen=True, slots=True)
class Owner:
    """Somebody at the command line, and what they have."""

    services: Services
    principal: Principal

    @property
    def uow(self) -> HeldUnitOfWork:
        """A unit of work in their name."""
        origin = Origin(self.principal.user_id, user_agent="coffers command line")
        return self.services.unit_of_work(origin, None)

    async def account(self, wanted: str | None) -> Account:
        """The account with this id, or the only one with this name; without one, the only one.

        Only those that their owner keeps; ends the command when there is none, or more than one.
        """
        found = await self.services.account_lookups.matching(
            self.principal.user_id, AccountFilter(active_only=True)
        )
        kept = [each for each in found if each.connection_id is None]
        if wanted is not None:
            names = wanted.casefold()
            kept = [each for each in kept if names in {each.name.casefold(), str(each.id)}]
        if len(kept) != 1:
            refuse(_which(kept, wanted))
        return kept[0]


async def owner(services: Services, name: str) -> Owner:
    """The user with this name; ends the command when there is none."""
    uow = services.unit_of_work(Origin(), None)
    async with uow:
        user = await uow.users.find_by_sign_in_name(name)
    if user is None:
        refuse(f"There is nobody called {name}.")
    return Owner(services, Principal(user.id, user.roles))


def _which(found: list[Account], wanted: str | None) -> str:
    if found:
        names = ", ".join(f"{each.name} ({each.id})" for each in found)
        return f"Say which account with --account: {names}."
    if wanted is not None:
        return f"There is no account {wanted} that is kept by hand."
    return "There is no account kept by hand: open one first (POST /accounts)."
