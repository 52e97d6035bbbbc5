"""What was spent, as tables that are read at a glance. Names are shown as they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from coffers.application.spending.budget_progress import BudgetProgress

#: Numbers are never folded, however narrow the terminal.
WIDTH: Final = 120
#: Characters of a full bar, and of a name.
BAR: Final = 24
MAX_NAME: Final = 32
#: Eighths of a character.
_PARTS: Final = " ▏▎▍▌▋▊▉"
_HUNDRED: Final = Decimal(100)


@dataclass(frozen=True, slots=True)
class SpendingLine:
    """What one category took, and takes in an average month; None without one."""

    name: str
    spent: Decimal
    average: Decimal | None


@dataclass(frozen=True, slots=True)
class SpendingSheet:
    """A month in one currency."""

    month: str
    currency: str
    lines: Sequence[SpendingLine]
    earned: Decimal
    spent: Decimal
    average: Decimal | None
    months: int


def print_table(table: Table) -> None:
    """Each row on a line; in colours where somebody looks."""
    usual = Console()
    Console(width=max(usual.width, WIDTH)).print(table)


def spending_table(sheet: SpendingSheet) -> Table:
    """Categories from the dearest down, with bars, then the totals."""
    table = Table(
        title=f"{sheet.month} in {sheet.currency}",
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        show_footer=True,
    )
    table.add_column("Category", footer="Spent")
    table.add_column("Spent", justify="right", footer=money(sheet.spent))
    table.add_column("", footer="")
    table.add_column("Share", justify="right", footer="100 %" if sheet.spent else "")
    if sheet.average is not None:
        title = f"Average of {sheet.months}" if sheet.months > 1 else "Month before"
        table.add_column(title, justify="right", footer=money(sheet.average))
        table.add_column("", justify="right", footer=change(sheet.spent, sheet.average))
    most = max((line.spent for line in sheet.lines), default=Decimal(0))
    for line in sheet.lines:
        table.add_row(*_cells(line, sheet, most))
    return table


def totals(sheet: SpendingSheet) -> Text:
    """Earned, spent and the difference, in a line."""
    left = sheet.earned - sheet.spent
    style = "green" if left >= 0 else "red"
    text = Text(f"  Earned {money(sheet.earned)}, spent {money(sheet.spent)}: ")
    return text.append(f"{money(left)} {sheet.currency} left", style=style)


def budget_table(progress: Sequence[BudgetProgress]) -> Table:
    """Each budget with what is left of it, and whether that is enough for the days to come."""
    table = Table(box=box.SIMPLE_HEAD)
    for name in ("Budget", "Period"):
        table.add_column(name)
    for name in ("Spent", "Of", "Left"):
        table.add_column(name, justify="right")
    for name in ("", "", ""):
        table.add_column(name)
    for each in progress:
        table.add_row(*_budget_cells(each))
    return table


def money(amount: Decimal) -> str:
    """The amount with a space between thousands."""
    return f"{amount:,f}".replace(",", "\u202f")


def change(now: Decimal, usual: Decimal) -> Text:
    """How much more or less than usual, in percent."""
    if not usual:
        return Text("new" if now else "")
    percent = ((now - usual) / usual * _HUNDRED).quantize(Decimal(1))
    return Text(f"{percent:+} %", style="red" if percent > 0 else "green")


def bar(part: Decimal, whole: Decimal, length: int = BAR) -> str:
    """So long as the part is of the whole, to an eighth of a character."""
    if part <= 0 or whole <= 0:
        return ""
    eighths = int(min(part, whole) * length * len(_PARTS) / whole)
    return "█" * (eighths // len(_PARTS)) + _PARTS[eighths % len(_PARTS)].strip()


def _cells(line: SpendingLine, sheet: SpendingSheet, most: Decimal) -> list[Text | str]:
    percent = line.spent / sheet.spent * _HUNDRED if sheet.spent > 0 else None
    share = "" if percent is None else f"{percent:.0f} %"
    cells: list[Text | str] = [
        name(line.name),
        money(line.spent),
        Text(bar(line.spent, most), "cyan"),
        share,
    ]
    if line.average is not None:
        cells += [money(line.average), change(line.spent, line.average)]
    return cells


def _budget_cells(each: BudgetProgress) -> list[Text | str]:
    period = f"{each.period_start:%d %b} – {each.period_end:%d %b}"
    if each.spent is None or each.available is None or each.remaining is None:
        missing = f"no rate for {', '.join(each.missing_currencies)}"
        return [name(each.name), period, "?", each.amount, "?", "", "", Text(missing, "yellow")]
    spent, available, left = map(Decimal, (each.spent, each.available, each.remaining))
    style = "red" if left < 0 else "yellow" if each.is_ahead_of_pace else "green"
    percent = "" if each.spent_percent is None else f"{Decimal(each.spent_percent):.0f} %"
    return [
        name(each.name),
        period,
        money(spent),
        money(available),
        f"{money(left)} {each.currency}",
        Text(bar(spent, available), style),
        percent,
        Text(_pace(each, left), style),
    ]


def _pace(each: BudgetProgress, left: Decimal) -> str:
    days = each.days_total - each.days_elapsed
    if left < 0:
        return "overspent"
    return f"{'too fast' if each.is_ahead_of_pace else 'fine'}, {days} days to go"


def name(words: str) -> Text:
    """A name as it is, never as markup."""
    return Text(f"{words[:MAX_NAME]}…" if len(words) > MAX_NAME else words)
