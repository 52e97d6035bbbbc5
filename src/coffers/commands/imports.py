"""`coffers import`: a statement into somebody's ledger, after a look at what it would do."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Final, NoReturn
from uuid import UUID

import typer

from coffers.application.ledger.accounts import AccountFilter
from coffers.application.ledger.import_views import ImportView
from coffers.application.ledger.imports import (
    ImportFile,
    apply_import,
    discard_import,
    plan_import,
    revert_import,
)
from coffers.application.unit_of_work import UnitOfWork
from coffers.commands.import_tables import print_plan, print_problems
from coffers.commands.terminal import REFUSED, err, out, refuse, with_services
from coffers.domain.identity.principals import Principal
from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.statements import Owed, StatementUnreadable
from coffers.domain.ledger.verdicts import Verdict
from coffers.domain.live.events import Origin
from coffers.services import Services
from coffers.settings import Settings

#: Rows that a plan in the terminal shows, of each kind.
SHOWN: Final = 10
#: A byte more than a file may have: the reader refuses it in its own words.
MOST_BYTES: Final = 10 * 1024 * 1024 + 1

_File = Annotated[
    Path | None, typer.Argument(exists=True, dir_okay=False, help="The statement as downloaded.")
]
_User = Annotated[str, typer.Option(help="Whose ledger: e-mail address or username.")]
_Account = Annotated[str | None, typer.Option(help="Where its one account goes: name or id.")]
_Format = Annotated[str | None, typer.Option(help="A format's slug; found out if not given.")]
_Layout = Annotated[
    Path | None, typer.Option(exists=True, dir_okay=False, help="A CSV layout, as JSON.")
]
_Currency = Annotated[str | None, typer.Option(help="For files that name none.")]
_DayFirst = Annotated[
    bool | None, typer.Option("--day-first/--month-first", help="31/12 or 12/31, in QIF.")
]
_Owed = Annotated[
    Owed | None, typer.Option(help="The sign that it gives to money owed on a card or a loan.")
]
_Yes = Annotated[bool, typer.Option("--yes", help="Apply without asking.")]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Show the plan, change nothing.")]
_Revert = Annotated[UUID | None, typer.Option(help="Take this import back.")]


def import_file(  # noqa: PLR0913, PLR0917 - an argument for each option
    user: _User,
    file: _File = None,
    account: _Account = None,
    format: _Format = None,  # noqa: A002 - the option's word
    mapping: _Layout = None,
    currency: _Currency = None,
    day_first: _DayFirst = None,
    owed: _Owed = None,
    yes: _Yes = False,  # noqa: FBT002 - a flag
    dry_run: _DryRun = False,  # noqa: FBT002 - likewise
    revert: _Revert = None,
) -> None:
    """Import a statement: show what would become of it, ask, apply; or take an import back."""
    if (file is None) == (revert is None):
        raise typer.BadParameter("Name a file to import, or an import to --revert.")
    if file is None:
        with_services(lambda services, _: _revert(services, user, revert))
        return
    sent = ImportFile(
        name=file.name,
        content=_beginning(file),
        format=format,
        mapping=None if mapping is None else _layout(mapping),
        currency=None if currency is None else currency.upper(),
        day_first=day_first,
        owed=owed,
    )

    async def run(services: Services, _settings: Settings) -> None:
        desk = await _desk(services, user)
        target = None if account is None else await desk.account(account)
        plan = await desk.plan(replace(sent, account_id=None if target is None else target.id))
        if dry_run:
            await desk.discard(plan)
            out.print("Nothing was changed.")
        elif yes or _agrees():
            await desk.apply(plan)
        else:
            await desk.discard(plan)
            refuse("Nothing was changed.")

    with_services(run)


@dataclass(frozen=True, slots=True)
class _Desk:
    """Imports of one person."""

    services: Services
    principal: Principal
    name: str

    @property
    def uow(self) -> UnitOfWork:
        origin = Origin(self.principal.user_id, user_agent="coffers command line")
        return self.services.unit_of_work(origin, None)

    async def account(self, wanted: str) -> Account:
        """The account with this id, or the only one with this name in any case of letters."""
        everything = AccountFilter()
        found = await self.services.account_lookups.matching(self.principal.user_id, everything)
        named = [one for one in found if wanted.casefold() in {one.name.casefold(), str(one.id)}]
        if len(named) != 1:
            refuse(_several(named) if named else f"There is no account {wanted}.")
        return named[0]

    async def plan(self, file: ImportFile) -> ImportView:
        try:
            with err.status(f"Reading {file.name} …"):
                desk = self.services.import_desk
                plan = (await plan_import(self.uow, desk, self.principal, file)).view
        except StatementUnreadable as refusal:
            print_problems(err, refusal.rows)
            raise typer.Exit(REFUSED) from refusal
        lookups, owner = self.services.import_lookups, self.principal.user_id
        shown = {
            verdict: await lookups.rows(owner, plan.id, verdict=verdict, offset=0, limit=SHOWN)
            for verdict in (Verdict.NEW, Verdict.UPDATE, Verdict.CONFLICT)
        }
        print_plan(out, plan, shown)
        return plan

    async def apply(self, plan: ImportView) -> None:
        with err.status(f"Applying {plan.file_name} …"):
            desk = self.services.import_desk
            await apply_import(self.uow, desk, self.principal, plan.id, plan.plan_hash)
        again = shlex.join(("coffers", "import", "--user", self.name, "--revert", str(plan.id)))
        told = f"Imported. To take it back: {again}"
        out.print(told, markup=False, highlight=False)

    async def discard(self, plan: ImportView) -> None:
        await discard_import(self.uow, self.principal, plan.id, None)


async def _desk(services: Services, name: str) -> _Desk:
    uow = services.unit_of_work(Origin(), None)
    async with uow:
        user = await uow.users.find_by_sign_in_name(name)
    if user is None:
        refuse(f"There is nobody called {name}.")
    return _Desk(services, Principal(user.id, user.roles), name)


async def _revert(services: Services, user: str, import_id: UUID | None) -> None:
    desk = await _desk(services, user)
    if import_id is not None:
        with err.status("Taking it back …"):
            await revert_import(desk.uow, services.import_desk, desk.principal, import_id)
        out.print("Everything is as it was before.")


def _agrees() -> bool:
    try:
        return bool(typer.confirm("Apply this?"))
    except typer.Abort:
        err.print("Nobody answered: --yes applies without asking.")
        return False


def _several(accounts: list[Account]) -> NoReturn:
    ids = ", ".join(str(account.id) for account in accounts)
    refuse(f"Several accounts have this name; say which by its id: {ids}.")


def _beginning(file: Path) -> bytes:
    try:
        with file.open("rb") as opened:
            return opened.read(MOST_BYTES)
    except OSError as error:
        refuse(f"{file} cannot be read: {error.strerror}.")


def _layout(file: Path) -> Mapping[str, object]:
    try:
        layout = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        layout = None
    if not isinstance(layout, dict):
        refuse(f"{file} is not a JSON object.")
    return layout
