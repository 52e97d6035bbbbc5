"""Tallies: what moved in an account on each day, exactly."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal, localcontext
from typing import NamedTuple

from coffers.application.investing.ledger_rows import LedgerRow, rows_of
from coffers.domain.ledger.accounts import Account
from coffers.domain.money import EXACT


class Tally(NamedTuple):
    """The sum of each day on which something moves or once did, and whose movements those are."""

    parts: Sequence[Sequence[LedgerRow]]
    moved: Mapping[date, Decimal]


def tallied(parts: Sequence[Sequence[LedgerRow]], known: Tally | None) -> Tally:
    """Of these parts; those that were tallied before, being the same lists, are not gone through.

    What is no more there is taken off: exact amounts leave nothing behind. The same parts have the
    same tally.
    """
    before = Tally((), {}) if known is None else known
    old, new = set(map(id, before.parts)), set(map(id, parts))
    if known is not None and old == new:
        return known
    moved = defaultdict(Decimal, before.moved)
    with localcontext(EXACT):
        for rows in parts:
            if id(rows) not in old:
                for day, amount in _amounts(rows):
                    moved[day] += amount
        for rows in before.parts:
            if id(rows) not in new:
                for day, amount in _amounts(rows):
                    moved[day] -= amount
    return Tally(parts, moved)


def settled_money(account: Account, moved: Decimal) -> Decimal | None:
    """What of an account's money is settled, where that moved so much in all.

    None when nobody said. In the balance of an account that adds up is what is pending, too.
    """
    if account.adds_up and account.opening_balance is not None:
        return EXACT.add(account.opening_balance, moved)
    return account.money


def _amounts(rows: Sequence[LedgerRow]) -> Iterable[tuple[date, Decimal]]:
    columns = rows_of(rows).columns
    return zip(columns.days, columns.amounts, strict=True)
