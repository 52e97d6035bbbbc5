"""Trails: all that tells of one security in one account, and what a change of it would break.

Only what was entered by hand is judged: what providers and files report begins in the middle, and
stands. Nor is overselling judged of a security whose position a source reports, or that came out of
another one by a merger, a spin-off or a change of its symbol.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final, Protocol
from uuid import UUID

from coffers.domain.errors import Conflict
from coffers.domain.ids import UserId
from coffers.domain.investing.lots import (
    NO_PICKS,
    Entry,
    EntryInvalid,
    EntryKind,
    LotMethod,
    LotUnknown,
    Oversold,
)
from coffers.domain.investing.movements import (
    Movement,
    SplitAction,
    entry_of,
    held_after,
    in_order,
)
from coffers.domain.investing.positions import derive
from coffers.domain.investing.replays import QUANTITY_DIGITS
from coffers.domain.ledger.accounts import Account
from coffers.domain.markets.assets import Asset
from coffers.domain.money import EXACT

ZERO: Final = Decimal(0)
#: What a split that leaves nothing lacks.
LEAST: Final = Decimal(1).scaleb(-QUANTITY_DIGITS)


@dataclass(frozen=True, slots=True)
class Fault:
    """An entry that cannot have happened: how much of it, and why."""

    day: date
    quantity: Decimal
    reason: str


@dataclass(frozen=True, slots=True)
class Trail:
    """The settled movements of a security in an account; `by_hand` are those its owner entered.

    It `is_fed` when more than these tells what is held: a source reports it, or it came out of
    another security of the account.
    """

    movements: Sequence[Movement]
    by_hand: frozenset[UUID]
    splits: Sequence[SplitAction] = ()
    is_fed: bool = False

    def without(self, gone: UUID) -> "Trail":
        """As it would be if this one had never been."""
        return replace(self, movements=[each for each in self.movements if each.id != gone])

    def having(self, new: Movement, *, is_by_hand: bool) -> "Trail":
        """As it would be with this one too."""
        by_hand = self.by_hand | {new.id} if is_by_hand else self.by_hand
        return replace(self, movements=[*self.movements, new], by_hand=by_hand)


class Trails(Protocol):
    """Trails to judge entries by, in the transaction that writes them."""

    async def of(self, account: Account, symbol: str) -> Trail:
        """In the account's currency; the account is locked already."""
        ...

    async def asset(self, user_id: UserId, symbol: str, currency: str) -> Asset | None:
        """What the symbol stands for, where that is known."""
        ...


def check_change(before: Trail, after: Trail) -> None:
    """Raises Oversold, LotNamed when the change breaks an entry that was fine, or breaks it more.

    Raises LotUnknown when the lots that a new entry names are not there.
    """
    if not after.is_fed:
        known = faults(before)
        for row_id, fault in faults(after).items():
            if row_id not in known or fault.quantity > known[row_id].quantity:
                raise Oversold(fault.reason)
    old = {each.id: each for each in before.movements}
    for each in after.movements:
        if each.picks and old.get(each.id) != each and lots_fail(after, lambda one: one is each):  # noqa: B023 - called at once
            detail = "One of these lots is no purchase of it, came later, or has less left."
            raise LotUnknown(detail, field="lots")
    if not lots_fail(before, _any) and lots_fail(after, _any):
        raise LotNamed("A sale names lots that would not be there then: change the sale first.")


def faults(trail: Trail) -> dict[UUID, Fault]:
    """The entries by hand that cannot have happened, by their ids.

    What a source reports is believed: where it sells what nobody bought, that was there before.
    """
    held, found = ZERO, dict[UUID, Fault]()
    for each in in_order(trail.movements, trail.splits):
        entry = entry_of(each, held)
        if entry is None:
            continue
        short, reason = _CHECKS.get(entry.kind, _fine)(entry, held)
        if short > 0 and entry.id in trail.by_hand:
            found[entry.id] = Fault(entry.day, short, reason)
        held = _clamped(held, entry)
    return found


Verdict = tuple[Decimal, str]


def _fine(_entry: Entry, _held: Decimal) -> Verdict:
    return ZERO, ""


def _is_there(entry: Entry, held: Decimal) -> Verdict:
    there = max(held, ZERO)
    text = f"On {entry.day} there are {there:f}, not {entry.quantity:f}."
    return EXACT.subtract(entry.quantity, there), text


def _is_owed(entry: Entry, held: Decimal) -> Verdict:
    owed = max(EXACT.minus(held), ZERO)
    text = f"On {entry.day} {owed:f} are sold short, not {entry.quantity:f}."
    return EXACT.subtract(entry.quantity, owed), text


def _is_not_short(entry: Entry, held: Decimal) -> Verdict:
    return EXACT.minus(held), f"On {entry.day} the position is short: cover it first."


def _is_not_long(entry: Entry, held: Decimal) -> Verdict:
    return held, f"On {entry.day} there are {held:f}: sell these before selling short."


def _leaves_some(entry: Entry, held: Decimal) -> Verdict:
    if entry.quantity > 0:
        return ZERO, ""
    text = f"On {entry.day} there are {abs(held):f}: a split leaves some of it."
    return EXACT.subtract(LEAST, entry.quantity), text


_CHECKS: Final[dict[EntryKind, Callable[[Entry, Decimal], Verdict]]] = {
    EntryKind.ACQUIRE: _is_not_short,
    EntryKind.DISPOSE: _is_there,
    EntryKind.DELIVER: _is_there,
    EntryKind.SHORT: _is_not_long,
    EntryKind.COVER: _is_owed,
    EntryKind.RECOUNT: _leaves_some,
}


def _clamped(held: Decimal, entry: Entry) -> Decimal:
    """What is there after it, as far as it can have happened."""
    after = held_after(held, entry)
    if entry.kind is EntryKind.RECOUNT and entry.quantity <= 0:
        return ZERO
    if entry.kind in {EntryKind.DISPOSE, EntryKind.DELIVER}:
        return max(after, min(held, ZERO))
    if entry.kind is EntryKind.COVER:
        return min(after, max(held, ZERO))
    return after


def _any(_movement: Movement) -> bool:
    return True


def lots_fail(trail: Trail, naming: Callable[[Movement], bool]) -> bool:
    """Whether a lot that one of these movements names is not there."""
    asked = [_naming(each, naming) for each in trail.movements]
    if not any(each.picks for each in asked):
        return False
    try:
        derive(asked, trail.splits, LotMethod.SPECIFIC)
    except (LotUnknown, EntryInvalid):
        return True
    except Oversold:
        # What is reported mixes long and short: of its lots nothing is known.
        return False
    return False


def _naming(movement: Movement, naming: Callable[[Movement], bool]) -> Movement:
    return movement if naming(movement) else movement._replace(picks=NO_PICKS)


class LotNamed(Conflict):
    """A sale names the lots of this purchase."""

    slug = "lot_named"
