from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache

import pytest

from coffers.domain.ledger.accounts import AccountType
from coffers.domain.ledger.transactions import TransactionStatus, TransactionSubtype
from coffers.domain.money import minor_units, parse_decimal
from coffers.sandbox.bank import KEPT_STATEMENTS, PERSONAS, Bank
from coffers.sandbox.days import FIRST_DAY, days_between
from coffers.sandbox.statement import Row
from coffers.sandbox.wire import (
    Document,
    account_document,
    position_document,
    transaction_document,
)
from tests.sandbox.running import TODAY

BANKS = {seed: Bank(seed) for seed in (1, 2)}
TRADES = {"buy", "sell", "short_sell", "buy_to_cover"}
# The broker names commissions beside the trade and needs no journal.
NEVER_SEEN = {
    TransactionSubtype.COMMISSION,
    TransactionSubtype.ADJUSTMENT,
    TransactionSubtype.JOURNAL,
    TransactionSubtype.UNKNOWN,
}
WIDELY_SEEN = timedelta(days=9)
#: After a year and a quarter, when books are still quickly made.
EARLY = date(2020, 3, 25)


@dataclass(frozen=True)
class Told:
    """What the sandbox tells of one account, as a reader of its JSON knows it."""

    account: Document
    positions: list[Document]
    transactions: list[Document]

    def settled(self) -> list[Document]:
        return [row for row in self.transactions if row["status"] == "settled"]


def told(bank: Bank, seed: int, user_name: str, as_of: date) -> list[Told]:
    return [
        Told(
            account_document(seed, statement),
            [position_document(statement, position) for position in statement.positions],
            [transaction_document(statement, row) for row in statement.rows],
        )
        for statement in bank.statements(user_name, as_of)
    ]


@cache
def known(seed: int, user_name: str, as_of: date) -> list[Told]:
    return told(BANKS[seed], seed, user_name, as_of)


def everything(as_of: date, seed: int = 1) -> list[Told]:
    return [account for user_name in PERSONAS for account in known(seed, user_name, as_of)]


def number(document: Document, field: str) -> Decimal:
    text = document[field]
    assert text is not None
    return parse_decimal(text)


def cash(account: Document) -> Decimal:
    if account["type"] in {"credit_card", "mortgage"}:
        return -number(account, "balance")
    return number(account, "balance" if account["cash"] is None else "cash")


def opening(account: Document) -> Decimal:
    owed = account["type"] in {"credit_card", "mortgage"}
    return -number(account, "opening_balance") if owed else number(account, "opening_balance")


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_EVEN)


DAYS = [TODAY, date(2024, 1, 1), *(EARLY - timedelta(days=back) for back in range(3))]
CASES = [(1, day) for day in DAYS] + [(2, TODAY)]


@pytest.mark.parametrize(("seed", "as_of"), CASES, ids=str)
def test_opening_balance_and_settled_rows_make_the_cash(seed: int, as_of: date) -> None:
    for one in everything(as_of, seed):
        moved = sum(number(row, "amount") for row in one.settled())

        assert opening(one.account) + moved == cash(one.account), one.account["id"]


@pytest.mark.parametrize(("seed", "as_of"), CASES, ids=str)
def test_settled_rows_make_the_positions(seed: int, as_of: date) -> None:
    for one in everything(as_of, seed):
        quantities: defaultdict[str | None, Decimal] = defaultdict(Decimal)
        for row in one.settled():
            if row["symbol"] is not None:
                quantities[row["symbol"]] += number(row, "quantity")

        held = {row["symbol"]: number(row, "quantity") for row in one.positions}
        assert held == {symbol: count for symbol, count in quantities.items() if count}


@pytest.mark.parametrize("seed", BANKS)
def test_a_balance_is_cash_and_positions(seed: int) -> None:
    for one in everything(TODAY, seed):
        if one.account["cash"] is not None:
            value = sum(number(row, "market_value") for row in one.positions)

            assert number(one.account, "balance") == number(one.account, "cash") + value


def test_what_is_pending_is_in_the_available_balance() -> None:
    pending = Counter[str]()
    for as_of in DAYS:
        for one in everything(as_of):
            if one.account["available"] is None:
                continue
            waiting = [row for row in one.transactions if row["status"] == "pending"]
            coming = sum((number(row, "amount") for row in waiting), Decimal(0))
            limit = 5000 if one.account["type"] == "credit_card" else 0
            pending[str(one.account["type"])] += len(waiting)

            assert number(one.account, "available") == limit + cash(one.account) + coming

    assert pending["credit_card"] > 5
    assert pending["checking"] > 1


@pytest.mark.parametrize("seed", BANKS)
def test_a_trade_costs_quantity_times_price_and_commission(seed: int) -> None:
    for one in everything(TODAY, seed):
        for row in one.transactions:
            if row["subtype"] in TRADES:
                value = number(row, "quantity") * number(row, "price") * number(row, "multiplier")

                assert number(row, "amount") == -cents(value) - number(row, "commission")


@pytest.mark.parametrize("seed", BANKS)
def test_a_position_is_worth_quantity_times_price(seed: int) -> None:
    for one in everything(TODAY, seed):
        for row in one.positions:
            value = number(row, "quantity") * number(row, "price") * number(row, "multiplier")

            assert number(row, "market_value") == cents(value)
            if row["cost_basis"] is not None:
                assert number(row, "cost_basis") * number(row, "quantity") > 0


@pytest.mark.parametrize("seed", BANKS)
def test_one_transferred_in_position_has_no_basis(seed: int) -> None:
    unknown = [
        (row["symbol"], row["average_price"])
        for one in everything(TODAY, seed)
        for row in one.positions
        if row["cost_basis"] is None
    ]

    assert unknown == [("CRNX", None)]


def test_the_same_seed_and_day_tell_the_same() -> None:
    again = [account for name in PERSONAS for account in told(Bank(1), 1, name, EARLY)]

    assert again == everything(EARLY)


def test_another_seed_tells_something_else() -> None:
    for first, second in zip(everything(TODAY, 1), everything(TODAY, 2), strict=True):
        assert first.account["number"] != second.account["number"]
        assert first.transactions[0]["id"] != second.transactions[0]["id"]
    assert everything(TODAY, 1)[0].account["balance"] != everything(TODAY, 2)[0].account["balance"]


@pytest.mark.parametrize("user_name", PERSONAS)
def test_a_later_day_only_adds_and_posts(user_name: str) -> None:
    bank = Bank(4)
    seen: dict[str, list[Row]] = {}
    for day in days_between(EARLY - timedelta(days=20), EARLY):
        for statement in bank.statements(user_name, day):
            name = statement.account.id
            _assert_only_added_and_posted(seen.get(name, []), statement.rows)
            seen[name] = statement.rows


def _assert_only_added_and_posted(before: list[Row], after: list[Row]) -> None:
    for old, new in zip(before, after, strict=False):
        if old.status is TransactionStatus.PENDING and new.status is not old.status:
            assert new.pending_id == old.id
            assert new.movement == old.movement
        else:
            assert old == new
    days = [row.movement.day for row in after]
    assert len(after) >= len(before)
    assert all(day > days[len(before) - 1] for day in days[len(before) :] if before)


def test_playing_ahead_does_not_change_the_past() -> None:
    fresh, ahead = Bank(6), Bank(6)
    for name in PERSONAS:
        ahead.statements(name, EARLY + timedelta(days=400))

        before = told(fresh, 6, name, EARLY)
        after = told(ahead, 6, name, EARLY)

        assert before == after


def test_statements_beyond_the_limit_are_forgotten() -> None:
    bank = Bank(1)
    for day in range(KEPT_STATEMENTS + 1):
        bank.statement("retiree", "re-eur", date(2024, 1, 1) + timedelta(days=day))

    assert len(bank._statements) == KEPT_STATEMENTS


@pytest.mark.parametrize("seed", BANKS)
def test_only_a_margin_account_is_overdrawn_and_no_card_beyond_its_limit(seed: int) -> None:
    for one in everything(TODAY, seed):
        lowest = {"mortgage": -190_000, "credit_card": -5_000}.get(str(one.account["type"]), 0)
        balance = opening(one.account)
        evenings: dict[str | None, Decimal] = {}
        for row in one.transactions:
            if row["status"] != "cancelled":
                balance += number(row, "amount")
            evenings[row["date"]] = balance

        if one.account["id"] != "at-margin":
            assert min(evenings.values()) >= lowest, one.account["id"]


def test_there_are_at_least_five_years_of_history() -> None:
    for one in everything(date(2024, 1, 1)):
        first = one.transactions[0]["date"]
        assert first is not None
        assert date.fromisoformat(first) < date(2019, 12, 31)
        assert one.account["opened_on"] == FIRST_DAY.isoformat()


def test_every_id_is_unique_for_its_owner() -> None:
    for user_name in PERSONAS:
        rows = [row for one in known(1, user_name, TODAY) for row in one.transactions]

        assert len({row["id"] for row in rows}) == len(rows)
        assert len({row["pending_id"] for row in rows if row["pending_id"]}) == len(
            [row for row in rows if row["pending_id"]]
        )


@pytest.mark.parametrize("seed", BANKS)
def test_two_identical_coffees_are_drunk_on_one_day(seed: int) -> None:
    (card,) = [one for one in everything(TODAY, seed) if one.account["id"] == "ys-card"]
    cups = Counter(
        (row["date"], row["amount"])
        for row in card.transactions
        if row["description"] == "BLUE DOOR COFFEE"
    )

    assert max(cups.values()) == 2


@pytest.mark.parametrize("seed", BANKS)
def test_the_tip_comes_when_the_meal_is_posted(seed: int) -> None:
    bank = BANKS[seed]
    pending: dict[str, Decimal] = {}
    tipped = 0
    for back in range(30, -1, -1):
        statement = bank.statement("young-saver", "ys-card", EARLY - timedelta(days=back))
        assert statement is not None
        for row in statement.rows[-20:]:
            if row.id.startswith("pend_"):
                pending[row.id] = row.amount
            tipped += pending.get(str(row.pending_id), row.amount) > row.amount

    assert tipped > 0


@pytest.mark.parametrize("seed", BANKS)
def test_money_between_own_accounts_shows_on_both_sides(seed: int) -> None:
    for user_name in PERSONAS:
        rows = [
            row
            for one in known(seed, user_name, TODAY)
            for row in one.settled()
            if number(row, "amount") and not row["symbol"]
        ]
        sent = Counter(
            (row["description"], number(row, "amount"))
            for row in rows
            if row["subtype"] in {"transfer_out", "internal"} and number(row, "amount") < 0
        )
        received = Counter(
            (row["description"], -number(row, "amount"))
            for row in rows
            if row["subtype"] in {"transfer_in", "internal", "payment"}
        )

        assert sum(sent.values()) > 50
        assert sum((sent - received).values()) <= 2


def test_everything_that_a_ledger_has_to_cope_with_occurs() -> None:
    told_by_all = everything(TODAY)
    rows = [row for one in told_by_all for row in one.transactions]

    assert {row["subtype"] for row in rows} == set(TransactionSubtype) - NEVER_SEEN
    assert {row["status"] for row in rows} == {"pending", "settled", "cancelled"}
    assert {one.account["type"] for one in told_by_all} == {
        AccountType.BROKERAGE,
        AccountType.IRA,
        AccountType.ROTH_IRA,
        AccountType.CHECKING,
        AccountType.SAVINGS,
        AccountType.CREDIT_CARD,
        AccountType.MORTGAGE,
        AccountType.CASH,
    }
    assert {row["split_ratio"] for row in rows} >= {None, "2:1"}


@pytest.mark.parametrize("seed", BANKS)
def test_every_kind_of_asset_is_held_and_some_are_short(seed: int) -> None:
    positions = [row for one in everything(TODAY, seed) for row in one.positions]

    assert {row["asset_type"] for row in positions} == {
        "equity",
        "etf",
        "option",
        "mutual_fund",
        "fixed_income",
        "cryptocurrency",
        "cash_equivalent",
    }
    assert any(number(row, "quantity") < 0 for row in positions)


@pytest.mark.parametrize("seed", BANKS)
def test_money_is_written_in_the_minor_units_of_its_currency(seed: int) -> None:
    for one in everything(TODAY, seed):
        currency = str(one.account["currency"])
        amounts = [row["amount"] for row in one.transactions] + [one.account["balance"]]

        for amount in amounts:
            assert amount is not None
            digits = len(amount.partition(".")[2])
            assert digits == minor_units(currency)
            assert amount not in {"-0", "-0.00"}


def test_a_trade_settles_two_days_later_until_may_2024_and_then_one() -> None:
    (margin,) = [one for one in everything(TODAY) if one.account["id"] == "at-margin"]
    waits = defaultdict(set)
    for row in margin.transactions:
        if row["settles_on"] is not None:
            day = date.fromisoformat(str(row["date"]))
            waits[str(row["date"]) >= "2024-05-28"].add(
                (date.fromisoformat(row["settles_on"]) - day).days
            )

    assert min(waits[False]) == 2
    assert min(waits[True]) == 1
    assert max(max(found) for found in waits.values()) <= WIDELY_SEEN.days
