"""Trades in Beancount: what comes in is a lot at its cost, what goes takes the oldest."""

from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Context, Decimal
from operator import attrgetter
from typing import Final, NamedTuple
from uuid import UUID

from coffers.application.portability.beancount_names import Names
from coffers.application.portability.books import Movement, Outline
from coffers.domain.ledger.holdings import AssetType
from coffers.domain.ledger.transactions import TransactionSubtype, TransactionType
from coffers.domain.markets.assets import multiplier_of
from coffers.domain.money import EXACT, money_digits, total_of

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


class _Lot(NamedTuple):
    """What is left of a purchase, named after its movement."""

    acquired: date
    label: UUID
    units: Decimal


@dataclass(slots=True)
class _Holding:
    """Lots, oldest first, and units whose cost nobody knows; of those there can be too few."""

    lots: deque[_Lot] = field(default_factory=deque)
    costless: Decimal = _ZERO

    def put(self, lot: _Lot) -> None:
        """Among the others by the day on which it was bought."""
        is_newest = not self.lots or self.lots[-1].acquired <= lot.acquired
        self.lots.append(lot)
        if not is_newest:
            self.lots = deque(sorted(self.lots, key=attrgetter("acquired")))

    def take(self, wanted: Decimal) -> list[tuple[UUID, Decimal]]:
        """So many units of the oldest lots, fewer if there are not so many."""
        taken: list[tuple[UUID, Decimal]] = []
        while wanted > 0 and self.lots:
            lot = self.lots.popleft()
            used = min(lot.units, wanted)
            taken.append((lot.label, used))
            wanted = EXACT.subtract(wanted, used)
            if used < lot.units:
                self.lots.appendleft(lot._replace(units=EXACT.subtract(lot.units, used)))
        return taken


class Depot:
    """What is held while the file is written, and the postings that change it."""

    def __init__(self, outline: Outline, names: Names) -> None:
        self._names = names
        self._multipliers = outline.multipliers
        self._held: dict[Place, _Holding] = defaultdict(_Holding)
        self.opening = _opening(outline)
        for place, units in self.opening.items():
            self._held[place].costless = units

    def postings(self, movement: Movement) -> Iterator[str]:
        """The lines of a movement of securities, that of its cash not among them."""
        quantity = movement.quantity or _ZERO
        if movement.transaction_type == TransactionType.TRANSFER:
            yield from self._transferred(movement, quantity)
        elif movement.subtype == TransactionSubtype.SPLIT:
            yield from self._moved(movement, quantity, SPLITS)
        elif quantity > 0:
            yield from self._bought(movement, quantity)
        else:
            yield from self._sold(movement, EXACT.minus(quantity))

    def _transferred(self, movement: Movement, quantity: Decimal) -> Iterator[str]:
        """What comes in at a cost that was told is a lot; what goes out takes the oldest."""
        holding, symbol = self._of(movement)
        is_lot = movement.unit_price is not None and not movement.amount and holding.costless >= 0
        if quantity > 0 and is_lot:
            yield from self._came(movement, quantity)
            return
        taken = holding.take(EXACT.minus(quantity))
        for label, units in taken:
            yield f'{self._place(movement)}  -{units:f} {symbol} {{"{label}"}}'
        left = EXACT.add(quantity, total_of(units for _, units in taken))
        # Beside lots, whose cost it works out, Beancount looks for what has none in money, too.
        price = f" @@ 0 {self._names.currency(movement.currency)}" if taken else ""
        yield from self._moved(movement, left, TRANSFERS, price)
        if taken:
            yield TRANSFERS

    def _came(self, movement: Movement, quantity: Decimal) -> Iterator[str]:
        holding, symbol = self._of(movement)
        acquired = movement.acquired_date or movement.transaction_date
        holding.put(_Lot(acquired, movement.id, quantity))
        cost = EXACT.multiply(movement.unit_price or _ZERO, self._multiplier(movement))
        currency = self._names.currency(movement.currency)
        label = f'{{{cost:f} {currency}, {acquired}, "{movement.id}"}}'
        yield f"{self._place(movement)}  {quantity:f} {symbol} {label}"
        worth = money_digits(EXACT.multiply(quantity, cost), movement.currency)
        yield f"{OPENING}  {EXACT.minus(worth):f} {currency}"

    def _multiplier(self, movement: Movement) -> Decimal:
        """What the price of one unit is multiplied by."""
        own, known = self._multipliers.get((movement.symbol or "", movement.currency), (None, None))
        told = None if movement.asset_type is None else AssetType(movement.asset_type)
        return multiplier_of(own, known, told)

    def _moved(
        self, movement: Movement, quantity: Decimal, against: str, price: str = ""
    ) -> Iterator[str]:
        holding, symbol = self._of(movement)
        holding.costless = EXACT.add(holding.costless, quantity)
        if quantity:
            yield f"{self._place(movement)}  {quantity:f} {symbol}{price}"
            yield f"{against}  {EXACT.minus(quantity):f} {symbol}{price}"
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
            holding.put(_Lot(movement.transaction_date, movement.id, quantity))
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
        left = EXACT.subtract(quantity, total_of(units for _, units in taken))
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
