"""`coffers portfolio`: what a portfolio is made of, and how its value went, as drawings."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Final

import typer
from rich import box
from rich.table import Table
from rich.text import Text

from coffers.application.investing.allocation import (
    AllocationView,
    GroupBy,
    get_allocation,
)
from coffers.application.investing.performance import get_performance
from coffers.application.investing.performance_views import DayView, PerformanceView
from coffers.application.investing.periods import PeriodAsked, Span
from coffers.application.investing.values import list_values
from coffers.commands.persons import UserOption, owner
from coffers.commands.spending_tables import bar, money, print_table
from coffers.commands.spending_tables import name as shown
from coffers.commands.terminal import out, refuse, with_services
from coffers.domain.investing.portfolios import Portfolio
from coffers.services import Services
from coffers.settings import Settings

#: Characters of the line that the value draws.
POINTS: Final = 60
_LEVELS: Final = "▁▂▃▄▅▆▇█"

_Name = Annotated[str | None, typer.Argument(help="Its name; all of them without one.")]
_Group = Annotated[GroupBy, typer.Option("--by", help="By what the whole is divided.")]
_Span = Annotated[Span, typer.Option("--period", help="Over which the value is drawn.")]


def portfolio(
    user: UserOption,
    name: _Name = None,
    group_by: _Group = GroupBy.ASSET_TYPE,
    period: _Span = Span.YEAR,
) -> None:
    """What a portfolio is made of, how its value went, and what it earned."""

    async def run(services: Services, _settings: Settings) -> None:
        person = await owner(services, user)
        known = await services.portfolio_lookups.all_of(person.principal.user_id)
        for each in _chosen(known, name):
            who, asked = person.principal, PeriodAsked(period)
            made_of = await get_allocation(services.books, who, each.id, group_by)
            values = await list_values(services.books, who, each.id, asked)
            did = await get_performance(services.books, who, each.id, asked)
            print_table(allocation_table(each.name, made_of))
            out.print(drawn(values.values), highlight=False)
            out.print(earned(did), highlight=False)

    with_services(run)


def _chosen(known: Sequence[Portfolio], name: str | None) -> list[Portfolio]:
    if not known:
        refuse("There is no portfolio yet: make one first (POST /portfolios).")
    if name is None:
        return list(known)
    found = [each for each in known if each.name.casefold() == name.casefold()]
    if not found:
        refuse(f"There is no portfolio called {name}.")
    return found


def allocation_table(name: str, made_of: AllocationView) -> Table:
    """Its parts, largest first, with bars."""
    table = Table(
        title=Text(f"{name} in {made_of.base_currency}, {made_of.as_of}"),
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        show_footer=True,
    )
    table.add_column(made_of.group_by.value.replace("_", " ").capitalize(), footer="Total")
    table.add_column("Value", justify="right", footer=_total(made_of))
    table.add_column("", footer="")
    table.add_column("Weight", justify="right", footer="")
    for each in made_of.slices:
        weight = Decimal(each.weight_ratio or 0)
        share = "" if each.weight_ratio is None else f"{weight * 100:.1f} %"
        drawing = bar(max(weight, Decimal(0)), Decimal(1))
        table.add_row(shown(each.name), money(Decimal(each.value)), drawing, share)
    return table


def _total(made_of: AllocationView) -> str:
    return "not known" if made_of.total_value is None else money(Decimal(made_of.total_value))


def drawn(days: Sequence[DayView]) -> Text:
    """The value from the first day to the last, as a line of blocks; gaps where it is unknown."""
    picked = [days[place * (len(days) - 1) // (POINTS - 1)] for place in range(POINTS)]
    values = [None if each.value is None else Decimal(each.value) for each in picked]
    known = [value for value in values if value is not None]
    if not known:
        return Text("  Its value is not known: see `data_quality` of its positions.")
    low, high = min(known), max(known)
    line = "".join(_block(value, low, high) for value in values)
    text = Text(f"  {days[0].date} {line} {days[-1].date}\n", style="cyan")
    return text.append(f"  lowest {money(low)}, highest {money(high)}")


def _block(value: Decimal | None, low: Decimal, high: Decimal) -> str:
    if value is None:
        return " "
    if high == low:
        return _LEVELS[0]
    return _LEVELS[int((value - low) / (high - low) * (len(_LEVELS) - 1))]


def earned(did: PerformanceView) -> Text:
    """The gain and the returns, in a line."""
    gain = Decimal(did.gain) if did.gain is not None else None
    if gain is None:
        return Text("  Its gain is not known: see `data_quality` of its performance.\n")
    text = Text(f"  Since {did.start_date}: ")
    text.append(f"{money(gain)} {did.base_currency}", style="green" if gain >= 0 else "red")
    for title, figure in (
        ("time-weighted", did.time_weighted_return),
        ("money-weighted", did.money_weighted_return),
    ):
        if figure.percent is not None:
            text.append(f", {title} {Decimal(figure.percent):.2f} %")
    return text.append("\n")
