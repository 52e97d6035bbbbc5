"""Trades in Beancount: what is bought is a lot at its cost, what is sold takes the oldest."""

from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Context, Decimal
from typing import Final
from uuid import UUID

from coffers.application.portability.beancount_names import Names
from coffers.application.portability.books import Movement, Outline
from coffers.domain.ledger.transactions import TransactionSubtype, TransactionType
from coffers.domain.money import EXACT

#: The gain of a sale, which Beancount works out from the lots.
GAINS: Final = "Income:Capital-Gains"
COMMISSIONS: Final = "Expenses:Commissions"
OPENING: Final = "Equity:Opening-Balances"
TRANSFERS: Final = "Equity:Transfers"
SPLITS: Final = "Equity:Stock-Splits"
#: The price of the units whose cost is not known, when others were sold with them.
_PRICE: Final = Decimal("0.00000001")
_SHARE: Final = Context(prec=80)
_ZERO: Final = Decimal(0)

#: An account and a symbol.
Place = tuple[UUID, str]


@dataclass(slots=True)
class _Holding:
    """Lots, oldest first, and units whose cost nobody knows; of those there can be too few."""

    lots: deque[tuple[UUID, Decimal]] = field(default_factory=deque)
    costless: Decimal = _ZERO

    def take(self, wanted: Decimal) -> list[tuple[UUID, Decimal]]:
        """So many units of the oldest lots, fewer if there are not so many."""
        taken: list[tuple[UUID, Decimal]] = []
        while wanted > 0 and self.lots:
            label, units = self.lots.popleft()
            used = min(units, wanted)
            taken.append((label, used))
            wanted = EXACT.subtract(wanted, used)
            if used < units:
                self.lots.appendleft((label, EXACT.subtract(units, used)))
        return taken


class Depot:
    """What is held while the file is written, and the postings that change it."""

    def __init__(self, outline: Outline, names: Names) -> None:
        self._names = names
        self._held: dict[Place, _Holding] = defaultdict(_Holding)
        self.opening = _opening(outline)
        for place, units in self.opening.items():
            self._held[place].costless = units

    def postings(self, movement: Movement) -> Iterator[str]:
        """The lines of a movement of securities, that of its cash not among them."""
        quantity = movement.quantity or _ZERO
        if movement.transaction_type == TransactionType.TRANSFER:
            yield from self._moved(movement, quantity, TRANSFERS)
        elif movement.subtype == TransactionSubtype.SPLIT:
            yield from self._moved(movement, quantity, SPLITS)
        elif quantity > 0:
            yield from self._bought(movement, quantity)
        else:
            yield from self._sold(movement, EXACT.minus(quantity))

    def _moved(self, movement: Movement, quantity: Decimal, against: str) -> Iterator[str]:
        holding, symbol = self._of(movement)
        holding.costless = EXACT.add(holding.costless, quantity)
        yield f"{self._place(movement)}  {quantity:f} {symbol}"
        yield f"{against}  {EXACT.minus(quantity):f} {symbol}"
        if movement.amount:
            currency = self._names.currency(movement.currency)
            yield f"{against}  {EXACT.minus(movement.amount):f} {currency}"

    def _bought(self, movement: Movement, quantity: Decimal) -> Iterator[str]:
        holding, symbol = self._of(movement)
        paid = EXACT.minus(self._price(movement))
        currency = self._names.currency(movement.currency)
        total = max(paid, _ZERO)
        if holding.costless < 0:
            # It covers what was sold short, or before this ledger begins.
            holding.costless = EXACT.add(holding.costless, quantity)
            yield f"{self._place(movement)}  {quantity:f} {symbol} @@ {total:f} {currency}"
        else:
            holding.lots.append((movement.id, quantity))
            cost = f'{{{{{total:f} {currency}, "{movement.id}"}}}}'
            yield f"{self._place(movement)}  {quantity:f} {symbol} {cost}"
        yield from self._commission(movement)
        if paid < 0:
            yield GAINS

    def _sold(self, movement: Movement, quantity: Decimal) -> Iterator[str]:
        holding, symbol = self._of(movement)
        got, currency = self._price(movement), self._names.currency(movement.currency)
        taken = holding.take(quantity)
        for label, units in taken:
            yield f'{self._place(movement)}  -{units:f} {symbol} {{"{label}"}}'
        left = EXACT.subtract(quantity, sum((units for _, units in taken), _ZERO))
        if left:
            holding.costless = EXACT.subtract(holding.costless, left)
            price = _share(max(got, _ZERO), left, quantity)
            yield f"{self._place(movement)}  -{left:f} {symbol} @@ {price:f} {currency}"
        yield from self._commission(movement)
        if taken or got < 0:
            yield GAINS

    def _commission(self, movement: Movement) -> Iterator[str]:
        if movement.commission:
            currency = self._names.currency(movement.currency)
            yield f"{COMMISSIONS}  {movement.commission:f} {currency}"

    def _price(self, movement: Movement) -> Decimal:
        """What the securities themselves cost or brought: the amount without its commission."""
        return EXACT.add(movement.amount, movement.commission or _ZERO)

    def _of(self, movement: Movement) -> tuple[_Holding, str]:
        symbol = movement.symbol or ""
        return self._held[movement.account_id, symbol], self._names.security(symbol)

    def _place(self, movement: Movement) -> str:
        return self._names.accounts[movement.account_id]


def moves_units(movement: Movement) -> bool:
    """Whether securities moved, not only money."""
    kinds = {TransactionType.TRADE.value, TransactionType.TRANSFER.value}
    return bool(movement.transaction_type in kinds and movement.symbol and movement.quantity)


def _opening(outline: Outline) -> dict[Place, Decimal]:
    """What was held before the first movement, as far as what is held now tells it."""
    told = {position.account_id for position in outline.positions}
    held: dict[Place, Decimal] = defaultdict(Decimal)
    for position in outline.positions:
        if position.is_active:
            place = (position.account_id, position.symbol)
            held[place] = EXACT.add(held[place], position.quantity)
    places = {*held, *(place for place in outline.traded if place[0] in told)}
    differences = {
        place: EXACT.subtract(held[place], outline.traded.get(place, _ZERO))
        for place in sorted(places)
    }
    return {place: units for place, units in differences.items() if units}


def _share(total: Decimal, part: Decimal, whole: Decimal) -> Decimal:
    if part == whole:
        return total
    share = _SHARE.divide(EXACT.multiply(total, part), whole)
    return share.quantize(_PRICE, context=_SHARE)
