"""An import's plan in the terminal. What files say is shown as it is, never as markup."""

from collections.abc import Mapping, Sequence
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from coffers.application.ledger.import_views import ImportAccount, ImportRow, ImportView
from coffers.domain.ledger.balance_signs import BalanceSign
from coffers.domain.ledger.statements import RowProblem
from coffers.domain.ledger.verdicts import Verdict
from coffers.domain.paging import Page

MAX_CHARACTERS: Final = 60
_STYLES: Final = {Verdict.CONFLICT: "red", Verdict.UPDATE: "yellow", Verdict.NEW: "green"}

#: How the balance of a card or a loan was read.
_SIGNS: Final = {
    BalanceSign.OWED_IS_NEGATIVE: "read as the file has it, debts below zero",
    BalanceSign.OWED_IS_POSITIVE: "turned, because this file has debts above zero",
    BalanceSign.UNCLEAR: "left out: a debt or money in credit? Say --owed positive or negative",
}


def print_plan(
    console: Console, plan: ImportView, shown: Mapping[Verdict, Page[ImportRow]]
) -> None:
    """Each account with what becomes of its rows, then the first rows of each kind."""
    console.print(_accounts(plan))
    for account in plan.accounts:
        if account.balance_sign is not None:
            words = f"The balance {account.reported_balance} of {account.name} is "
            console.print(Text(words + _SIGNS[account.balance_sign] + "."), soft_wrap=True)
    for verdict, page in shown.items():
        if page.rows:
            title = f"{verdict.value}: {page.total_count}"
            title += f", the first {len(page.rows)}" if page.next_key else ""
            console.print(_rows(title, page.rows, _STYLES[verdict]))


def print_problems(console: Console, problems: Sequence[RowProblem]) -> None:
    """Why a file was refused, row by row."""
    console.print("Nothing was imported. The file cannot be read:", style="red")
    for problem in problems:
        place = f"row {problem.row}, {problem.field}" if problem.row else problem.field
        console.print(Text(f"  {place}: {problem.message}"))


def _accounts(plan: ImportView) -> Table:
    verdicts = [verdict.value for verdict in Verdict]
    table = Table("Account", *verdicts, "Balance", title=_text(f"{plan.file_name} ({plan.format})"))
    for account in plan.accounts:
        counts = [str(getattr(account.counts, verdict)) for verdict in verdicts]
        table.add_row(_name(account), *counts, _balance(account))
    return table


def _name(account: ImportAccount) -> Text:
    note = "" if account.account_id else " (a new account)"
    return _text(f"{account.name}, {account.currency}{note}")


def _balance(account: ImportAccount) -> str:
    if account.balance is None:
        return ""
    return account.balance if account.is_current else f"{account.balance}, as history"


def _rows(title: str, rows: Sequence[ImportRow], style: str) -> Table:
    table = Table("Row", "Day", "Amount", "Text", "", title=title, title_style=style, box=None)
    for row in rows:
        amount = Text(f"{row.amount} {row.currency}", justify="right")
        day = row.transaction_date.isoformat()
        table.add_row(str(row.row), day, amount, _text(row.description), _text(row.reason))
    return table


def _text(words: str) -> Text:
    is_long = len(words) > MAX_CHARACTERS
    return Text(f"{words[:MAX_CHARACTERS]}…" if is_long else words)
