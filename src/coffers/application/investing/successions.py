"""Successions: what became of the securities of one account, passed on from line to line."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import tee
from typing import Final
from uuid import UUID

from coffers.application.investing.books import Key, Reported, Security
from coffers.domain.investing.lots import LotMethod
from coffers.domain.investing.movements import Movement
from coffers.domain.investing.positions import derive
from coffers.domain.investing.reorganisations import Reorganisation, is_told, passed, until
from coffers.domain.ledger.accounts import Account
from coffers.domain.markets.rates import RateBook

#: So often at most something becomes what it was before.
MOST_RETURNS: Final = 8


@dataclass(slots=True)
class Arrivals:
    """What arrived from others; in the base currency None when a rate was missing."""

    local: list[Movement] = field(default_factory=list)
    base: list[Movement] | None = field(default_factory=list)

    def now(self) -> "Arrivals":
        """What has arrived so far, whatever arrives later."""
        return Arrivals([*self.local], None if self.base is None else [*self.base])


@dataclass(frozen=True, slots=True)
class Succession:
    """One account: what is told of it, and what arrived on the way."""

    account: Account
    moved: Mapping[Key, Sequence[Movement]]
    reported: Mapping[Key, Reported]
    ids: Iterator[UUID]
    arrivals: dict[Key, Arrivals] = field(default_factory=dict)
    #: What arrives where everything was passed on already: a symbol that comes back.
    late: dict[Key, Arrivals] = field(default_factory=dict)
    _passed: set[Key] = field(default_factory=set)
    _begun: dict[Key, Iterator[UUID]] = field(default_factory=dict)

    def arrived(self, key: Key) -> Arrivals:
        """What arrived there; what does from now on is late."""
        self._passed.add(key)
        return self.arrivals.get(key, Arrivals())

    def settle(self, pass_all: Callable[[], object]) -> None:
        """Pass everything on until what comes back stays the same."""
        for _ in range(MOST_RETURNS):
            before = {key: each.now() for key, each in self.arrivals.items()}
            pass_all()
            is_same = before == self.late
            self.arrivals.clear()
            self.arrivals.update(self.late)
            self.late.clear()
            self._passed.clear()
            if is_same:
                return

    def _to(self, key: Key) -> Arrivals:
        place = self.late if key in self._passed else self.arrivals
        return place.setdefault(key, Arrivals())

    def due(self, key: Key, security: Security) -> list[Reorganisation]:
        """What happened to it and is not in what the source tells already, by day."""
        happened = [each for each in security.became if self._is_due(key, each)]
        return sorted(happened, key=lambda each: each.day)

    def _is_due(self, key: Key, each: Reorganisation) -> bool:
        new = [] if each.target is None else self.moved.get(each.target, ())
        if is_told(each, self.moved.get(key, ()), new):
            return False
        if not each.stays:
            # A source that goes on with the old symbol is believed.
            known = self.reported.get(key)
            return known is None or not known.quantity or known.day < each.day
        is_synced = self.account.connection_id is not None and self.account.last_synced_at
        return not is_synced or bool(new) or each.target in self.reported

    def pass_on(
        self,
        key: Key,
        movements: Sequence[Movement],
        security: Security,
        method: LotMethod,
        due: Sequence[Reorganisation],
    ) -> "PassedOn":
        """The movements with what left, and what arrives where; raises as `derive` does."""
        if not due:
            return PassedOn(movements, ())
        all_of_it, gone = list(movements), list[tuple[Reorganisation, Sequence[Movement]]]()
        ids = self._ids(key)
        for each in due:
            splits = [split for split in security.splits if split.day <= each.day]
            effect = passed(derive(until(all_of_it, each.day), splits, method), each, ids)
            all_of_it += effect.left
            gone.append((each, effect.arrived))
        return PassedOn(all_of_it, gone)

    def _ids(self, key: Key) -> Iterator[UUID]:
        """The same for a security each time: what happens to it has one id in all currencies."""
        ids, self._begun[key] = tee(self._begun.get(key, self.ids))
        return ids

    def receive(
        self,
        local: "Gone",
        base: "Gone | None",
        currency: str,
    ) -> None:
        """Keep what arrives for those who come later."""
        for each, arrived in local:
            if each.target is not None:
                # Of another currency nobody tells what it cost.
                told = arrived if each.target[1] == currency else [_bare(one) for one in arrived]
                self._to(each.target).local.extend(told)
                if base is None:
                    self._to(each.target).base = None
        for each, arrived in base or ():
            known = None if each.target is None else self._to(each.target).base
            if known is not None:
                known.extend(arrived)


#: What arrives by which reorganisation.
Gone = Sequence[tuple[Reorganisation, Sequence[Movement]]]


@dataclass(frozen=True, slots=True)
class PassedOn:
    """The movements of a security with what left, and what goes elsewhere."""

    movements: Sequence[Movement]
    gone: Gone


def in_base(
    due: Sequence[Reorganisation], currency: str, base: str, rates: RateBook
) -> list[Reorganisation] | None:
    """Their cash at the rates of their days; None when one is missing."""
    found: list[Reorganisation] = []
    for each in due:
        rate = rates.rate(currency, base, each.day)
        if rate is None and each.cash:
            return None
        cash = Decimal(0) if rate is None else rate.convert(each.cash)
        found.append(replace(each, cash=cash))
    return found


def in_turn(keys: Collection[Key], securities: Mapping[Key, Security]) -> list[Key]:
    """These and what became of them, each after what it came from."""
    done: dict[Key, None] = {}

    def visit(key: Key, way: tuple[Key, ...]) -> None:
        if key in done or key in way:
            return
        for each in securities.get(key, Security()).became:
            if each.target is not None:
                visit(each.target, (*way, key))
        done[key] = None

    for key in sorted(keys):
        visit(key, ())
    return list(reversed(done))


def leads_back(turns: Sequence[Key], securities: Mapping[Key, Security]) -> bool:
    """Whether something became what it had come from, as a symbol that is taken up again."""
    seen = set[Key]()
    for key in turns:
        seen.add(key)
        if any(each.target in seen for each in securities.get(key, Security()).became):
            return True
    return False


def _bare(movement: Movement) -> Movement:
    return movement._replace(amount=None, unit_price=None)
