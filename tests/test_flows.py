"""Sums of entries against a plain model of what counts, on both engines."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from coffers.application.spending.flows import (
    FlowFilter,
    FlowsAsked,
    FlowSums,
    Grouping,
    LeftOut,
)
from coffers.domain.ids import UserId, new_id
from coffers.domain.money import EXACT, money_digits
from coffers.domain.spending.categories import SYSTEM_CATEGORIES
from coffers.domain.spending.flows import FlowSum, Kinds
from coffers.infrastructure.db.engines import open_engines
from coffers.infrastructure.db.ledger.accounts import accounts
from coffers.infrastructure.db.ledger.transaction_rows import transactions
from coffers.infrastructure.db.reader import Reader
from coffers.infrastructure.db.spending.flows import SqlFlowLookups
from tests.ledgers import NOON

CURRENCIES: Final = ("USD", "EUR", "JPY", "BHD")
KINDS: Final = {each.id: each.kind.value for each in SYSTEM_CATEGORIES}
ACCOUNTS: Final = (new_id(), new_id())
FIRST: Final = date(2025, 12, 20)

amounts = st.one_of(
    st.decimals("-99999", "99999", places=2),
    st.decimals("-99999", "99999", places=3),
    st.integers(-(10**6), 10**6).map(Decimal),
    st.decimals("-1e15", "1e15", places=4),
    st.integers(-(10**38) + 1, 10**38 - 1).map(lambda n: EXACT.scaleb(Decimal(n), -18)),
)
categories = st.sampled_from([None, new_id(), *KINDS])


@dataclass(frozen=True)
class Entry:
    """One movement; with `parts`, those are (amount, category)."""

    amount: Decimal
    currency: str
    day: date
    account_id: UUID
    kind: str
    status: str
    category_id: UUID | None
    merchant: str | None
    tags: tuple[str, ...]
    is_ignored: bool
    is_transfer: bool
    transfer_id: UUID | None
    parts: tuple[tuple[Decimal, UUID | None], ...]


entries = st.builds(
    Entry,
    amount=amounts,
    currency=st.sampled_from(CURRENCIES),
    day=st.integers(0, 60).map(lambda n: FIRST + timedelta(days=n)),
    account_id=st.sampled_from(ACCOUNTS),
    kind=st.sampled_from(["trade", "transfer", "income", "expense", "fee", "other"]),
    status=st.sampled_from(["settled", "settled", "settled", "pending", "failed", "cancelled"]),
    category_id=categories,
    merchant=st.sampled_from([None, "", "expenseBakery", "Bäcker"]),
    tags=st.sampled_from([(), ("a",), ("a", "expense")]),
    is_ignored=st.sampled_from([False, False, False, True]),
    is_transfer=st.sampled_from([False, False, False, True]),
    transfer_id=st.sampled_from([None, None, None, new_id()]),
    parts=st.one_of(st.just(()), st.lists(st.tuples(amounts, categories), min_size=2).map(tuple)),
)
filters = st.builds(
    FlowFilter,
    start=st.sampled_from([None, FIRST + timedelta(days=10)]),
    end=st.sampled_from([None, FIRST + timedelta(days=40)]),
    account_id=st.sampled_from([None, ACCOUNTS[0]]),
    currency=st.sampled_from([None, "USD"]),
    include_pending=st.booleans(),
    category_ids=st.sampled_from([None, list(KINDS)[:5]]),
)


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(ledger=st.lists(entries, max_size=25), wanted=filters, by=st.sampled_from(list(Grouping)))
def test_sums_are_those_of_a_plain_model(
    database_url: str, ledger: list[Entry], wanted: FlowFilter, by: Grouping
) -> None:
    found = asyncio.run(sums(database_url, ledger, wanted, by))

    assert together(found.sums, with_day=False) == model(ledger, wanted, by, with_day=False)
    by_day = model(ledger, wanted, by, with_day=True).items()
    foreign = {key: value for key, value in by_day if key[1] != "USD"}
    assert together(found.foreign, with_day=True) == foreign
    assert found.left_out == left_out(ledger, wanted)


async def sums(url: str, ledger: Sequence[Entry], wanted: FlowFilter, by: Grouping) -> FlowSums:
    user_id = UserId(new_id())
    async with open_engines(url) as engines:
        async with engines.write.begin() as connection:
            held = [account_row(user_id, each) for each in ACCOUNTS]
            await connection.execute(insert(accounts), held)
            if ledger:
                await connection.execute(insert(transactions), [row(user_id, e) for e in ledger])
        asked = FlowsAsked(wanted, by, Kinds.of(SYSTEM_CATEGORIES), "USD")
        return await SqlFlowLookups(Reader(engines)).sums(user_id, asked)


def account_row(user_id: UserId, account_id: UUID) -> dict[str, object]:
    fields = {"source": "manual", "name": "Purse", "account_type": "cash", "currency": "USD"}
    made = {"version": 1, "created_at": NOON, "updated_at": NOON}
    return {"user_id": user_id, "id": account_id} | fields | made


def row(user_id: UserId, entry: Entry) -> dict[str, object]:
    parts = [
        {"amount": format(written(amount, entry), "f"), "category_id": category and str(category)}
        for amount, category in entry.parts
    ]
    return {
        "user_id": user_id,
        "id": new_id(),
        "account_id": entry.account_id,
        "transaction_type": entry.kind,
        "subtype": "unknown",
        "status": entry.status,
        "amount": written(entry.amount, entry),
        "currency": entry.currency,
        "description": "Something",
        "transaction_date": entry.day,
        "search_text": "something",
        "version": 1,
        "created_at": NOON,
        "updated_at": NOON,
        "category_id": entry.category_id,
        "merchant": entry.merchant,
        "tags": list(entry.tags) or None,
        "splits": parts or None,
        "is_ignored": entry.is_ignored,
        "is_transfer": entry.is_transfer,
        "transfer_id": entry.transfer_id,
    }


def written(amount: Decimal, entry: Entry) -> Decimal:
    """With the digits that the ledger writes."""
    return money_digits(amount, entry.currency)


Key = tuple[str | None, str, str | None, date | None]
Totals = dict[Key, tuple[Decimal, int]]


def together(found: Sequence[FlowSum], *, with_day: bool) -> Totals:
    totals: Totals = {}
    for each in found:
        assert (each.day is not None) is with_day
        flow = None if each.flow is None else each.flow.value
        add(totals, (each.key, each.currency, flow, each.day), each.total, each.count)
    return totals


def model(ledger: Sequence[Entry], wanted: FlowFilter, by: Grouping, *, with_day: bool) -> Totals:
    totals: Totals = {}
    for entry in ledger:
        if not matches(entry, wanted) or reason(entry, wanted) is not None:
            continue
        for amount, category in entry.parts or ((entry.amount, entry.category_id),):
            if wanted.category_ids is not None and category not in wanted.category_ids:
                continue
            for key in keys(entry, category, by):
                day = entry.day if with_day else None
                add(totals, (key, entry.currency, flow_of(entry, amount, category), day), amount, 1)
    return totals


def add(totals: Totals, key: Key, amount: Decimal, count: int) -> None:
    before, counted = totals.get(key, (Decimal(0), 0))
    totals[key] = EXACT.add(before, amount), counted + count


def matches(entry: Entry, wanted: FlowFilter) -> bool:
    return (
        (wanted.start is None or entry.day >= wanted.start)
        and (wanted.end is None or entry.day <= wanted.end)
        and wanted.account_id in {None, entry.account_id}
        and wanted.currency in {None, entry.currency}
    )


def reason(entry: Entry, wanted: FlowFilter) -> str | None:
    if entry.status in {"failed", "cancelled"}:
        return "failed"
    if entry.is_ignored:
        return "ignored"
    if entry.is_transfer or entry.transfer_id:
        return "transfers"
    return "pending" if entry.status == "pending" and not wanted.include_pending else None


def flow_of(entry: Entry, amount: Decimal, category: UUID | None) -> str | None:
    by_type = {"income": "income", "expense": "expense", "fee": "expense"}
    if category in KINDS:
        return KINDS[category]
    if entry.kind == "other":
        return "expense" if amount < 0 else "income"
    return by_type.get(entry.kind)


def keys(entry: Entry, category: UUID | None, by: Grouping) -> Sequence[str | None]:
    day = entry.day
    by_grouping: dict[Grouping, Sequence[str | None]] = {
        Grouping.NOTHING: [None],
        Grouping.CATEGORY: [None if category is None else str(category)],
        Grouping.MERCHANT: [entry.merchant],
        Grouping.ACCOUNT: [str(entry.account_id)],
        Grouping.TAG: entry.tags or [None],
        Grouping.DAY: [str(day)],
        Grouping.WEEK: [str(day - timedelta(days=day.weekday()))],
        Grouping.MONTH: [str(day.replace(day=1))],
    }
    return by_grouping[by]


def left_out(ledger: Sequence[Entry], wanted: FlowFilter) -> LeftOut:
    found = [reason(entry, wanted) for entry in ledger if matches(entry, wanted)]
    names = ("failed", "ignored", "transfers", "pending")
    return LeftOut(*map(found.count, names))
