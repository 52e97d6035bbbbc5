"""`coffers rates`: published exchange rates newer than the program."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from coffers.application.markets.rates import load_published
from coffers.commands.terminal import out, refuse, with_services
from coffers.domain.live.events import Origin
from coffers.infrastructure.markets.ecb_files import EcbFileUnreadable, read_ecb_file
from coffers.services import Services
from coffers.settings import Settings

app = typer.Typer(help="Published exchange rates.", no_args_is_help=True)


@app.callback()
def _rates() -> None:
    """Published exchange rates."""


@app.command()
def load(
    file: Annotated[Path, typer.Argument(help="eurofxref.csv or eurofxref-hist.csv, or zipped.")],
) -> None:
    """Add the rates of a file of the European Central Bank, for everybody here."""
    try:
        rates = read_ecb_file(file.read_bytes())
    except (OSError, EcbFileUnreadable) as error:
        refuse(f"{file}: {error}")

    async def keep(services: Services, _settings: Settings) -> tuple[int, date]:
        uow = services.unit_of_work(Origin(), None)
        count = await load_published(uow, services.rate_lookups, rates)
        return count, await services.rate_lookups.last_published()

    count, newest = with_services(keep)
    out.print(f"{count} rates were new; the newest are of {newest}.", highlight=False)
