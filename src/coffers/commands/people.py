"""`coffers user`: accounts, from the machine that the installation runs on."""

import secrets
from collections.abc import Awaitable, Callable
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.table import Table

from coffers.application import operators
from coffers.application.identity.directory import ListedUser
from coffers.application.unit_of_work import UnitOfWork
from coffers.commands.terminal import out, with_services
from coffers.domain.identity.users import Role
from coffers.domain.live.events import Origin
from coffers.services import Services
from coffers.settings import Settings

#: The longest address and the longest username with all that stands beside them.
PIPED_WIDTH: Final = 400

app = typer.Typer(help="Accounts.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="E-mail address or username.")]
Password = Annotated[
    str | None,
    typer.Option(
        help="Made up and printed when not given; '-' asks for it, so that no shell remembers it."
    ),
]


@app.command()
def add(
    email: Annotated[str, typer.Argument(help="It counts as verified.")],
    password: Password = None,
    role: Annotated[list[Role], typer.Option(help="May be repeated.")] = [Role.USER],  # noqa: B006 - typer reads it
) -> None:
    """Add somebody, verified."""
    chosen = _chosen(password)

    async def add_them(services: Services, _settings: Settings) -> ListedUser:
        return await operators.add_user(
            _uow(services),
            services.passwords,
            services.clock,
            email=email,
            password=chosen,
            roles=set(role),
        )

    made = with_services(add_them)
    out.print(f"Added {made.email} ({', '.join(made.roles)}).", highlight=False)
    _tell(password, chosen)


@app.command("list")
def list_everybody() -> None:
    """Print everybody."""

    async def everybody(services: Services, _settings: Settings) -> list[ListedUser]:
        return list(await operators.list_everybody(services.directory))

    table = Table("E-mail", "Username", "Roles", "Verified", "Active", "Since", box=None)
    for user in with_services(everybody):
        flags = ["yes" if flag else "no" for flag in (user.is_verified, user.is_active)]
        since = f"{user.created_at:%Y-%m-%d}"
        table.add_row(user.email, user.username or "", ", ".join(user.roles), *flags, since)
    # Whoever reads it through a pipe looks for whole addresses.
    Console(width=None if out.is_terminal else PIPED_WIDTH).print(table)


@app.command()
def verify(name: Name) -> None:
    """Take somebody's address for verified."""
    _change(lambda services: operators.verify_user(_uow(services), services.clock, name))


@app.command()
def activate(name: Name) -> None:
    """Open an account again."""
    _change(
        lambda services: operators.change_user(_uow(services), services.clock, name, is_active=True)
    )


@app.command()
def deactivate(name: Name) -> None:
    """Close an account: its sessions end within a second."""
    _change(
        lambda services: operators.change_user(
            _uow(services), services.clock, name, is_active=False
        )
    )


@app.command()
def role(
    name: Name, roles: Annotated[list[Role], typer.Argument(help="All that they shall have.")]
) -> None:
    """Give somebody these roles and no others; their sessions end within a second."""
    _change(
        lambda services: operators.change_user(
            _uow(services), services.clock, name, roles=set(roles)
        )
    )


@app.command()
def password(name: Name, password: Password = None) -> None:
    """Give somebody another password; their sessions end within a second."""
    chosen = _chosen(password)
    _change(
        lambda services: operators.set_password(
            _uow(services), services.passwords, services.clock, name, chosen
        )
    )
    _tell(password, chosen)


def _change(act: Callable[[Services], Awaitable[None]]) -> None:
    async def run(services: Services, _settings: Settings) -> None:
        await act(services)

    with_services(run)
    out.print("Done.")


def _uow(services: Services) -> UnitOfWork:
    return services.unit_of_work(Origin(user_agent="coffers command line"), None)


def _chosen(given: str | None) -> str:
    if given == "-":
        asked: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
        return asked
    return given or secrets.token_urlsafe(12)


def _tell(given: str | None, chosen: str) -> None:
    if given is None:
        out.print(f"Password: {chosen}", highlight=False, markup=False)
