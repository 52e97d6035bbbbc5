"""`coffers add`: a movement written down at the terminal."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

import typer
from rich.text import Text

from coffers.application.ledger.entries import EntryDraft, add_entry
from coffers.application.spending.budget_progress import today_of
from coffers.commands.persons import Owner, UserOption, owner
from coffers.commands.spending_tables import money
from coffers.commands.terminal import out, refuse, with_services
from coffers.domain.ledger.accounts import Account
from coffers.domain.money import EXACT, AmountInvalid, parse_decimal
from coffers.domain.spending.categories import Category, CategoryKind
from coffers.services import Services
from coffers.settings import Settings

_Amount = Annotated[str, typer.Argument(help="12.50 goes out, +12.50 comes in.")]
_Words = Annotated[str, typer.Argument(help="What it was.")]
_Account = Annotated[str | None, typer.Option(help="Its name or id, if there are several.")]
_Category = Annotated[str | None, typer.Option(help="Its name, slug or id.")]
_Day = Annotated[
    datetime | None, typer.Option("--date", formats=["%Y-%m-%d"], help="Today by itself.")
]
_Merchant = Annotated[str | None, typer.Option(help="Where.")]
_Notes = Annotated[str | None, typer.Option(help="Anything else.")]
_Symbol = Annotated[str | None, typer.Option(help="Of what was bought, or sold for +amount.")]
_Quantity = Annotated[str | None, typer.Option(help="How much of it.")]
_Commission = Annotated[str | None, typer.Option(help="The part of the amount that was a fee.")]
_Tags = Annotated[list[str] | None, typer.Option("--tag", help="As often as you like.")]


def add(  # noqa: PLR0913, PLR0917 - an argument for each option
    amount: _Amount,
    description: _Words,
    user: UserOption,
    account: _Account = None,
    category: _Category = None,
    day: _Day = None,
    merchant: _Merchant = None,
    notes: _Notes = None,
    tags: _Tags = None,
    symbol: _Symbol = None,
    quantity: _Quantity = None,
    commission: _Commission = None,
) -> None:
    """Write down what was spent, earned, or traded in an account that is kept by hand."""

    async def run(services: Services, _settings: Settings) -> None:
        person = await owner(services, user)
        target = await person.account(account)
        chosen = None if category is None else await _category(person, category, amount)
        said: dict[str, object] = {"merchant": merchant, "notes": notes, "tags": tags}
        said["category_id"] = None if chosen is None else chosen.id
        draft = EntryDraft(
            account_id=target.id,
            amount=_signed(amount, chosen),
            transaction_date=await _day(person, day),
            description=description,
            said={name: value for name, value in said.items() if value},
            security=_security(symbol, quantity, commission),
        )
        made = (await add_entry(person.uow, services.clock, person.principal, draft)).view
        after = await services.account_lookups.get(person.principal.user_id, target.id)
        line = Text(f"{made.transaction_date}  {money(Decimal(made.amount_value))} ")
        line.append(f"{made.amount_currency}  {made.description}", style="bold")
        out.print(line, highlight=False)
        out.print(Text(_standing(after)), highlight=False)

    with_services(run)


def _standing(account: Account) -> str:
    if account.balance is None:
        return f"{account.name} has no balance: nobody has said yet what it opened with."
    return f"{account.name} now has {money(account.balance)} {account.currency}."


def _security(
    symbol: str | None, quantity: str | None, commission: str | None
) -> dict[str, object]:
    numbers = {"quantity": quantity, "commission": commission}
    told: dict[str, object] = {
        name: _number(text) for name, text in numbers.items() if text is not None
    }
    return told if symbol is None else {"symbol": symbol.upper(), **told}


def _signed(text: str, category: Category | None) -> Decimal:
    number = _number(text.removeprefix("+"))
    comes_in = category is not None and category.kind is CategoryKind.INCOME
    if number < 0 or text.startswith("+") or comes_in:
        return number
    return EXACT.minus(number)


def _number(text: str) -> Decimal:
    try:
        return parse_decimal(text)
    except AmountInvalid as refusal:
        refuse(refusal.detail)


async def _category(person: Owner, wanted: str, amount: str) -> Category:
    known = await person.services.category_lookups.known(person.principal.user_id)
    name = wanted.casefold()
    found = [
        each
        for each in known.values()
        if name in {each.value.casefold(), each.name.casefold(), str(each.id)}
    ]
    if not found:
        names = ", ".join(sorted({each.value for each in known.values()}))
        refuse(f"There is no category {wanted}: {names}.")
    # Some are of either kind: what comes in is an income.
    kind = CategoryKind.INCOME if amount.startswith("+") else CategoryKind.EXPENSE
    return min(found, key=lambda each: each.kind is not kind)


async def _day(person: Owner, day: datetime | None) -> date:
    if day is not None:
        return day.date()
    return await today_of(person.services.report_desk, person.principal.user_id)
