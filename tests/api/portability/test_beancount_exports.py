"""GET /exports/beancount, judged by Beancount itself."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Final

import pytest
from beancount import loader
from beancount.core import data, realization

from tests import brokers
from tests.api.conftest import recently
from tests.exporting import apply, made
from tests.people import Person
from tests.trading import a_depot, a_portfolio_of, done, positions, sold

pytestmark = pytest.mark.asyncio(loop_scope="module")


#: Before the first of a persona's days.
EVER: Final = 9_999


class Judged:
    """A ledger that Beancount took without a word."""

    def __init__(self, text: str) -> None:
        self.entries, errors, _ = loader.load_string(text)
        assert not errors, [f"{each.source['lineno']}: {each.message}" for each in errors[:5]]
        self._root: Any = realization.realize(self.entries)  # type: ignore[no-untyped-call]  # ships no types
        self._names = {
            entry.meta["id"]: entry.account
            for entry in self.entries
            if isinstance(entry, data.Open) and "id" in entry.meta
        }

    def name(self, account: dict[str, Any]) -> str:
        return self._names[account["id"]]

    def units(self, name: str, commodity: str) -> Decimal:
        account: Any = realization.get(self._root, name)  # type: ignore[no-untyped-call]  # ships no types
        if account is None:
            return Decimal(0)
        held = [each.units for each in account.balance if each.units.currency == commodity]
        return sum((each.number for each in held), Decimal(0))

    def cost(self, name: str) -> Decimal:
        """What Beancount makes of the lots that are left."""
        account: Any = realization.get(self._root, name)  # type: ignore[no-untyped-call]  # ships no types
        lots = [each for each in account.balance if each.cost is not None]
        return sum((each.units.number * each.cost.number for each in lots), Decimal(0))

    @property
    def transactions(self) -> list[Any]:
        return [entry for entry in self.entries if isinstance(entry, data.Transaction)]


async def judged(person: Person) -> Judged:
    answer = await person.get("/exports/beancount")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain")
    return Judged(answer.text)


@pytest.mark.parametrize(
    ("persona", "days"),
    # A year of coffees is as good as seven; trades are few, and of many kinds.
    [("young-saver", 400), ("active-trader", EVER), ("retiree", EVER)],
)
async def test_every_account_ends_there_with_the_balance_it_has_here(
    persona: str, days: int, veteran: Person
) -> None:
    with recently(days):
        await brokers.sync(veteran, await brokers.link(veteran, persona))

    ledger = await judged(veteran)

    accounts = (await made(veteran.get("/accounts")))["accounts"]
    positions = (await made(veteran.get("/holdings")))["holdings"]
    snapshots = (await made(veteran.get("/balance-snapshots")))["snapshots"]
    cash = {each["account_id"]: each["cash_value"] for each in snapshots}
    for account in accounts:
        name, amount = ledger.name(account), account["balance_amount"]
        if account["is_investment"]:
            name, amount = f"{name}:Cash", cash[account["id"]]
        assert ledger.units(name, account["currency"]) == Decimal(amount), account["name"]
    names = {account["id"]: ledger.name(account) for account in accounts}
    for position in positions:
        symbol = "-".join(position["symbol"].split())
        held = ledger.units(names[position["account_id"]], symbol)
        assert held == Decimal(position["quantity"]), symbol


async def open_account(person: Person, name: str, **more: str) -> dict[str, Any]:
    draft = {"name": name, "account_type": "cash", "currency": "EUR", "opening_balance": "100"}
    account: dict[str, Any] = await made(person.post("/accounts", draft | more))
    return account


async def move(person: Person, account: dict[str, Any], amount: str, **more: object) -> Any:
    draft = {
        "account_id": account["id"],
        "amount": amount,
        "transaction_date": "2026-03-01",
        "description": "Coffee",
    }
    return await made(person.post("/transactions", draft | more))


def postings(transaction: Any) -> Sequence[tuple[str, str]]:
    return [(each.account, str(each.units)) for each in transaction.postings]


async def category(person: Person, value: str, kind: str = "expense") -> str:
    found = (await made(person.get(f"/categories?kind={kind}")))["categories"]
    return next(str(each["id"]) for each in found if each["value"] == value)


async def test_an_account_by_hand_opens_with_what_its_owner_said(ada: Person) -> None:
    purse = await open_account(ada, "Purse")
    await move(ada, purse, "-3.50")

    ledger = await judged(ada)

    opening, coffee = ledger.transactions
    assert postings(opening)[0] == ("Assets:Cash:Purse", "100.00 EUR")
    assert postings(coffee) == [
        ("Assets:Cash:Purse", "-3.50 EUR"),
        ("Expenses:Uncategorised", "3.50 EUR"),
    ]
    assert ledger.units("Assets:Cash:Purse", "EUR") == Decimal("96.50")


async def test_each_part_of_a_split_goes_to_its_own_category(ada: Person) -> None:
    purse = await open_account(ada, "Purse")
    food, home = await category(ada, "supermarket"), await category(ada, "home")
    parts = [{"amount": "-2.00", "category_id": food}, {"amount": "-1.50", "category_id": home}]
    await move(ada, purse, "-3.50", splits=parts)

    ledger = await judged(ada)

    assert postings(ledger.transactions[-1])[1:] == [
        ("Expenses:Supermarket", "2.00 EUR"),
        ("Expenses:Home", "1.50 EUR"),
    ]


async def test_words_that_mean_something_to_beancount_stay_words(ada: Person) -> None:
    name = 'My "purse" \\ 钱包 ; * 2026-01-01 open Assets:X'
    purse = await open_account(ada, name)
    await open_account(ada, name)
    await open_account(ada, "钱包")
    text = 'A "quoted" \\ ; text\\" #tag ^link'
    more = {"merchant": '"\\', "notes": text, "tags": ["plain-tag", "zwei wörter"]}
    await move(ada, purse, "-3.50", description=text, **more)

    ledger = await judged(ada)

    coffee = ledger.transactions[-1]
    assert coffee.narration == text
    assert coffee.payee == '"\\'
    assert coffee.meta["notes"] == text
    assert coffee.meta["tags"] == "plain-tag, zwei wörter"
    assert coffee.tags == {"plain-tag"}


async def test_a_confirmed_transfer_is_one_transaction(ada: Person) -> None:
    purse, jar = await open_account(ada, "Purse"), await open_account(ada, "Jar")
    out = await move(ada, purse, "-40.00", description="To the jar")
    into = await move(ada, jar, "40.00", transaction_date="2026-03-02")
    pair = {"outgoing_transaction_id": out["id"], "incoming_transaction_id": into["id"]}
    await made(ada.post("/transfers", pair))

    ledger = await judged(ada)

    assert postings(ledger.transactions[-1]) == [
        ("Assets:Cash:Purse", "-40.00 EUR"),
        ("Assets:Cash:Jar", "40.00 EUR"),
    ]
    assert len(ledger.transactions) == 3


async def test_a_transfer_across_currencies_says_what_it_cost(ada: Person) -> None:
    purse, jar = await open_account(ada, "Purse"), await open_account(ada, "Jar", currency="USD")
    out = await move(ada, purse, "-40.00")
    into = await move(ada, jar, "44.00")
    pair = {"outgoing_transaction_id": out["id"], "incoming_transaction_id": into["id"]}
    await made(ada.post("/transfers", pair))

    ledger = await judged(ada)

    arrival = ledger.transactions[-1].postings[1]
    assert str(arrival.units) == "44.00 USD"
    assert ledger.units("Assets:Cash:Jar", "USD") == Decimal("144.00")


async def test_what_failed_or_was_cancelled_moved_nothing(ada: Person) -> None:
    purse = await open_account(ada, "Purse")
    await move(ada, purse, "-3.50", status="failed")
    await move(ada, purse, "-4.50", status="pending")

    ledger = await judged(ada)

    assert [each.flag for each in ledger.transactions] == ["*", "!"]
    assert ledger.units("Assets:Cash:Purse", "EUR") == Decimal("95.50")


async def test_nothing_is_a_ledger_too(ada: Person) -> None:
    ledger = await judged(ada)

    assert ledger.transactions == []


async def test_imported_rows_and_large_amounts_are_exact(ada: Person) -> None:
    rows = b"Date,Description,Amount,Currency\n2026-02-01,Much,123456789012345678.12,EUR\n"
    await apply(ada, rows + b"2026-02-02,Less,-0.01,EUR\n")

    ledger = await judged(ada)

    amounts = [postings(each)[0][1] for each in ledger.transactions]
    assert "123456789012345678.12 EUR" in amounts


async def test_positions_entered_directly_have_the_cost_there_that_they_have_here(
    ada: Person,
) -> None:
    depot = await a_depot(ada, "5000.00")
    path = await a_portfolio_of(ada, depot)
    held = {"symbol": "ACME", "asset_type": "equity", "quantity": "10", "average_cost": "90.123"}
    option = {"symbol": "ACME 250C", "asset_type": "option", "quantity": "2", "average_cost": "1.5"}
    for position in (held, option, held | {"symbol": "FREE", "average_cost": None}):
        day = {"first_purchase_date": "2024-01-15"}
        await made(ada.post(f"/accounts/{depot}/positions", position | day))
    await done(ada, depot, "2024-03-01", symbol="ACME", quantity="4", unit_price="100")
    older = {"subtype": "transfer_in", "acquired_date": "2020-05-04"}
    await done(ada, depot, "2024-04-01", symbol="ACME", quantity="3", unit_price="80", **older)
    await sold(ada, depot, "5", "2024-05-01", symbol="ACME", unit_price="110")
    out = {"subtype": "transfer_out", "quantity": "2", "unit_price": None}
    await done(ada, depot, "2024-05-02", symbol="ACME", **out)
    await done(ada, depot, "2024-05-02", symbol="FREE", **out)

    ledger = await judged(ada)

    here = {symbol: each["cost_basis"] for symbol, each in (await positions(ada, path)).items()}
    # Six of ten at 90.123 and four at 100 are left, of the options two hundred times 1.50.
    assert here == {"ACME": "940.74", "ACME 250C": "300.00", "FREE": None}
    name = "Assets:Brokerage:Depot"
    assert round(ledger.cost(name), 2) == Decimal("1240.74")
    kept = {symbol: ledger.units(name, symbol) for symbol in ("ACME", "ACME-250C", "FREE")}
    assert kept == {"ACME": Decimal(10), "ACME-250C": Decimal(2), "FREE": Decimal(8)}
    assert ledger.units(f"{name}:Cash", "USD") == Decimal("5150.00")
    (opening,) = [each for each in ledger.transactions if each.postings[0].units.number == 3]
    lot = opening.postings[0].cost
    assert (str(lot.number), lot.currency, str(lot.date)) == ("80.00", "USD", "2020-05-04")
    assert postings(opening)[1] == ("Equity:Opening-Balances", "-240.00 USD")
