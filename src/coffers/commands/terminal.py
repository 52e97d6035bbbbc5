"""How commands speak: plain words, and an exit code that scripts can trust."""

import asyncio
import os
import re
from collections.abc import Awaitable, Callable
from typing import Final, NoReturn, TypeVar

import typer
from pydantic import ValidationError
from rich.console import Console
from sqlalchemy.exc import DBAPIError

from coffers.domain.errors import DomainError
from coffers.services import Services
from coffers.settings import Settings, unknown_variables
from coffers.wiring import open_services

#: Something is wrong with the request or the installation; with its configuration.
REFUSED: Final = 1
MISCONFIGURED: Final = 2

T = TypeVar("T")

out: Final = Console(soft_wrap=True)
err: Final = Console(stderr=True, soft_wrap=True)


def refuse(reason: str, code: int = REFUSED) -> NoReturn:
    """Say why not, and end."""
    err.print(reason, style="red", markup=False, highlight=False)
    raise typer.Exit(code)


def load_settings() -> Settings:
    """The settings of the environment; ends in plain words when they do not hold."""
    for name, meant in unknown_variables(os.environ).items():
        hint = f": is {meant} meant?" if meant else "."
        err.print(f"{name} is not a setting{hint}", style="yellow", markup=False, highlight=False)
    try:
        return Settings()
    except ValidationError as error:
        refuse("\n".join(_flaws(error)), MISCONFIGURED)


def with_services(work: Callable[[Services, Settings], Awaitable[T]]) -> T:
    """Run an asynchronous command with everything connected; refusals end it in plain words."""
    settings = load_settings()

    async def run() -> T:
        async with open_services(settings) as services:
            return await work(services, settings)

    return run_async(run())


def run_async(work: Awaitable[T]) -> T:
    """Run it; a refusal ends the command in plain words."""

    async def awaited() -> T:
        return await work

    try:
        return asyncio.run(awaited())
    except DomainError as refusal:
        refuse(refusal.detail)
    except DBAPIError as error:
        refuse(f"The database refused: {error.orig}. Has it been migrated (coffers migrate)?")
    except OSError as error:
        is_file = error.filename is not None
        refuse(f"{error}." if is_file else f"The database does not answer: {error}.")


_PART: Final = re.compile(r"\w+")


def _flaws(error: ValidationError) -> list[str]:
    flaws = []
    for flaw in error.errors(include_input=False, include_context=False, include_url=False):
        # Of a list in which several kinds are tried, the kinds are named too: not to a person.
        parts = [str(part) for part in flaw["loc"]]
        place = "__".join(filter(_PART.fullmatch, parts)).upper()
        message = flaw["msg"].removeprefix("Value error, ")
        flaws.append(f"COFFERS_{place}: {message}" if place else message)
    return flaws
