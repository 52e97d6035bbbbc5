"""Plain histories: purchases and sales in their order, of which the oldest lots go first.

Most histories are nothing else. What they amount to is what a replay finds, digit for digit, in a
fraction of its time: it is worked out in columns, only what sales take is gone through one by one,
and disposals are made of that when somebody looks at them.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal, localcontext
from functools import cached_property
from itertools import accumulate, chain, compress, groupby, islice
from operator import attrgetter, eq, lt, ne, not_
from typing import Final, NamedTuple
from uuid import UUID

from coffers.domain.investing.columns import Columns, Listed, Steps, moves_of
from coffers.domain.investing.lots import Book, Disposal, Lot, LotMethod
from coffers.domain.investing.movements import Movement, changes_lots, priced
from coffers.domain.investing.replays import part_of, shares
from coffers.domain.ledger.transactions import TransactionSubtype
from coffers.domain.money import EXACT

ZERO: Final = Decimal(0)
_OLDEST_FIRST: Final = (LotMethod.FIFO, LotMethod.SPECIFIC)
_BUY: Final = TransactionSubtype.BUY
_SELL: Final = TransactionSubtype.SELL

#: The lots and what went, ids of lots whose cost nobody told, and what was held when.
Found = tuple[Book, frozenset[UUID], Steps]


class _Trades(NamedTuple):
    """Purchases and sales, and what each cost or brought."""

    ids: Sequence[UUID]
    days: Sequence[date]
    is_buy: Sequence[bool]
    quantities: Sequence[Decimal]
    money: Sequence[Decimal]

    @property
    def is_sale(self) -> Iterator[bool]:
        return map(not_, self.is_buy)

    def where(self, chosen: Sequence[object]) -> "_Trades":
        """Those of them."""
        return _Trades(
            list(compress(self.ids, chosen)),
            list(compress(self.days, chosen)),
            list(compress(self.is_buy, chosen)),
            list(compress(self.quantities, chosen)),
            list(compress(self.money, chosen)),
        )


class _Part(NamedTuple):
    """What a sale took from a lot, and what that had cost."""

    sale: int
    lot: int
    quantity: Decimal
    cost: Decimal


class _Taken(NamedTuple):
    """What sales took, and what is left.

    `spent` is the cost that went with each sale, below zero; lots before `oldest` are gone, `left`
    and `left_costs` is what is left of each of the others.
    """

    spent: Sequence[Decimal]
    oldest: int
    left: Sequence[Decimal]
    left_costs: Sequence[Decimal]


def plainly(movements: Sequence[Movement], method: LotMethod) -> Found | None:
    """None where it is not as plain: in another order, with other entries, or too much is sold.

    Nor where a cost is not known.
    """
    columns = moves_of(movements).columns
    if method not in _OLDEST_FIRST or not _is_plain(columns) or (unknown := _unknown(columns)):
        return None
    trades = _trades(columns)
    with localcontext(EXACT):
        signed = zip(trades.quantities, trades.is_buy, strict=True)
        held = _running([each if is_buy else -each for each, is_buy in signed])
    amounts = chain(held, trades.quantities, trades.money)
    if any(map(Decimal.is_signed, amounts)) or not _is_ordered(trades):
        return None
    return _found(trades, held, unknown)


def _is_plain(columns: Columns) -> bool:
    """Whether nothing but purchases and sales changes the lots, and none of them names any."""
    others = {each for each in columns.subtypes if each is not _BUY and each is not _SELL}
    return not (any(map(changes_lots, others)) or any(columns.picks) or any(columns.acquired))


def _trades(columns: Columns) -> _Trades:
    subtypes, quantities = columns.subtypes, columns.quantities
    is_buy = [subtype is _BUY for subtype in subtypes]
    trades = _Trades(columns.ids, columns.days, is_buy, quantities, _paid(columns))
    pairs = zip(subtypes, quantities, strict=True)
    counts = [held if kind is _BUY or kind is _SELL else None for kind, held in pairs]
    return trades if all(counts) else trades.where(counts)


def _paid(columns: Columns) -> list[Decimal]:
    """What each cost or brought."""
    if all(columns.amounts):
        return list(map(Decimal.copy_abs, filter(None, columns.amounts)))
    told = zip(columns.amounts, columns.quantities, columns.unit_prices, strict=True)
    return [amount.copy_abs() if amount else priced(held, price) for amount, held, price in told]


def _is_ordered(trades: _Trades) -> bool:
    """By day, and on a day by id."""
    days, ids = trades.days, trades.ids
    if any(map(lt, days[1:], days)):
        return False
    together = compress(range(len(days)), map(eq, days[1:], days))
    return all(ids[place] < ids[place + 1] for place in together)


def _unknown(columns: Columns) -> frozenset[UUID]:
    """Those that were bought without anybody telling for how much."""
    if all(columns.amounts):
        return frozenset()
    ids, _, subtypes, quantities, amounts, prices, *_ = columns
    silent = [place for place, price in enumerate(prices) if price is None]
    return frozenset(
        ids[place]
        for place in silent
        if subtypes[place] is _BUY and quantities[place] and not amounts[place]
    )


def _found(trades: _Trades, held: Sequence[Decimal], unknown: frozenset[UUID]) -> Found:
    settled = _Settled(trades)
    days = trades.days
    is_last = [*map(ne, days, days[1:]), True]
    steps = Steps(
        list(compress(days, is_last)),
        list(compress(held, is_last)),
        Listed(lambda: list(compress(settled.costs, is_last))),
    )
    return Book(Listed(lambda: settled.lots), Listed(lambda: settled.disposals)), unknown, steps


class _Settled:
    """Which lots sales took, and what is left: gone through when somebody asks what it cost."""

    def __init__(self, trades: _Trades) -> None:
        self._trades = trades

    @cached_property
    def _bought(self) -> _Trades:
        return self._trades.where(self._trades.is_buy)

    @cached_property
    def _taken(self) -> _Taken:
        return self._take(None)

    def _take(self, parts: list[_Part] | None) -> _Taken:
        trades = self._trades
        left, costs = (
            list(compress(column, trades.is_buy)) for column in (trades.quantities, trades.money)
        )
        with localcontext(EXACT):
            return _taken(left, costs, compress(trades.quantities, trades.is_sale), parts)

    @cached_property
    def costs(self) -> list[Decimal]:
        """What all that is held after each trade had cost."""
        spent, trades = iter(self._taken.spent), self._trades
        paid = zip(trades.money, trades.is_buy, strict=True)
        with localcontext(EXACT):
            return _running([money if is_buy else next(spent) for money, is_buy in paid])

    @property
    def lots(self) -> list[Lot]:
        """Those of which something is left, oldest first."""
        oldest, bought = self._taken.oldest, self._bought
        columns = (bought.ids, bought.days, self._taken.left, self._taken.left_costs)
        return list(map(Lot, *(column[oldest:] for column in columns)))

    @property
    def disposals(self) -> list[Disposal]:
        """What went, in order."""
        parts: list[_Part] = []
        self._take(parts)
        return list(_disposals(self._trades, self._bought, parts))


def _taken(
    left: list[Decimal], costs: list[Decimal], sales: Iterable[Decimal], parts: list[_Part] | None
) -> _Taken:
    """Changes what is left of each lot, and what that cost; notes parts if somebody wants them."""
    spent, oldest = list[Decimal](), 0
    for sold in sales:
        wanted, gone = sold, ZERO
        while left[oldest] <= wanted:
            held, cost = left[oldest], costs[oldest]
            wanted -= held
            gone -= cost
            if parts is not None:
                parts.append(_Part(len(spent), oldest, held, cost))
            oldest += 1
            if not wanted:
                break
        else:
            held, cost = left[oldest], costs[oldest]
            part = part_of(cost, wanted, held)
            left[oldest], costs[oldest] = held - wanted, cost - part
            gone -= part
            if parts is not None:
                parts.append(_Part(len(spent), oldest, wanted, part))
        spent.append(gone)
    return _Taken(spent, oldest, left, costs)


def _running(amounts: Iterable[Decimal]) -> list[Decimal]:
    return list(islice(accumulate(amounts, initial=ZERO), 1, None))


def _disposals(trades: _Trades, bought: _Trades, parts: Sequence[_Part]) -> Iterator[Disposal]:
    sales = list(compress(zip(trades.ids, trades.days, trades.money, strict=True), trades.is_sale))
    for sale, group in groupby(parts, key=attrgetter("sale")):
        sale_id, day, money = sales[sale]
        taken = list(group)
        proceeds = shares(money, [each.quantity for each in taken])
        for each, brought in zip(taken, proceeds, strict=True):
            ids = (sale_id, bought.ids[each.lot], bought.days[each.lot])
            yield Disposal(*ids, day, each.quantity, brought, each.cost)
