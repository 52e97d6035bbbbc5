"""Binding: from ledgers, prices and rates to the lines of a book."""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from coffers.application.investing.books import (
    AccountsLedger,
    Book,
    Key,
    Line,
    Quality,
    Reported,
    Security,
)
from coffers.application.investing.derivations import Derivations
from coffers.application.investing.ledger_rows import LedgerRow
from coffers.application.investing.line_prices import multiplier, told_kind, unit_values
from coffers.application.investing.moves import at_rates, moves_from
from coffers.application.investing.successions import (
    PassedOn,
    Succession,
    in_base,
    in_turn,
    leads_back,
)
from coffers.domain.investing.columns import moves_of
from coffers.domain.investing.lots import NO_PICKS, EntryInvalid, LotMethod, LotUnknown, Oversold
from coffers.domain.investing.movements import Movement, SplitAction
from coffers.domain.investing.positions import Position, alike, opened_with
from coffers.domain.investing.reconciling import Told, parted_on
from coffers.domain.investing.reorganisations import Reorganisation, numbers
from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.holdings import AssetType
from coffers.domain.markets.rates import RateBook
from coffers.domain.money import EXACT

ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)


def bound(
    ledger: AccountsLedger,
    securities: Mapping[Key, Security],
    rates: RateBook,
    base_currency: str,
    method: LotMethod,
    derivations: Derivations | None = None,
) -> Book:
    """The book of these accounts; what was derived before may be given to be used again."""
    quality = Quality()
    binder = _Binder(
        securities,
        rates,
        base_currency,
        method,
        quality,
        _counted(ledger),
        derivations or Derivations(),
    )
    rows, reported = _by_line(ledger, binder.derivations)
    lines = [
        line
        for account in ledger.accounts
        for line in binder.lines(account, rows[account.id], reported[account.id])
    ]
    return Book(base_currency, ledger, lines, rates, quality, binder.derivations)


Rows = dict[UUID, dict[Key, Sequence[LedgerRow]]]
#: An account, a security in it, and the currency that its movements are looked at in.
Place = tuple[UUID, Key, str]
Counts = Mapping[tuple[UUID, Key], Sequence[tuple[date, Decimal]]]


def _counted(ledger: AccountsLedger) -> Counts:
    counts: dict[tuple[UUID, Key], list[tuple[date, Decimal]]] = defaultdict(list)
    for each in ledger.counts:
        counts[each.account_id, (each.symbol, each.currency)].append((each.day, each.quantity))
    return counts


def _by_line(
    ledger: AccountsLedger, derivations: Derivations
) -> tuple[Rows, dict[UUID, dict[Key, Reported]]]:
    rows: Rows = defaultdict(dict)
    for part, told in ledger.parts.items():
        account_id, symbol, currency = part
        if symbol:
            rows[account_id][symbol, currency] = derivations.same(part, told)
    reported: dict[UUID, dict[Key, Reported]] = defaultdict(dict)
    for each in ledger.reported:
        key = (each.symbol, each.currency)
        known = reported[each.account_id].get(key)
        reported[each.account_id][key] = each if known is None else known.together_with(each)
    return rows, reported


@dataclass(frozen=True, slots=True)
class _Binder:
    securities: Mapping[Key, Security]
    rates: RateBook
    base: str
    method: LotMethod
    quality: Quality
    counts: Counts
    derivations: Derivations
    ids: Iterator[UUID] = field(default_factory=numbers)

    def lines(
        self,
        account: Account,
        rows: Mapping[Key, Sequence[LedgerRow]],
        reported: Mapping[Key, Reported],
    ) -> list[Line]:
        """By symbol; first those that others came from."""
        keys = rows.keys() | reported.keys()
        times = {
            key: multiplier(self.securities.get(key, Security()), kind, reported.get(key))
            for key in keys
            for kind in [self._kind((account.id, key), rows.get(key, ()))]
        }
        moved = {
            key: self.derivations.movements((account.id, key), told, times[key], moves_from)
            for key, told in rows.items()
        }
        succession = Succession(account, moved, reported, self.ids)
        turns = [
            (key, rows.get(key, ()), times.get(key, ONE)) for key in in_turn(keys, self.securities)
        ]
        if leads_back([key for key, _, _ in turns], self.securities):
            trial = replace(self, quality=Quality())
            succession.settle(lambda: [trial.line(succession, *turn) for turn in turns])
        found = {turn[0]: self.line(succession, *turn) for turn in turns}
        return [line for key in sorted(found) if (line := found[key]) is not None]

    def _kind(self, place: tuple[UUID, Key], rows: Sequence[LedgerRow]) -> AssetType | None:
        told = self.derivations.once(("kind", place), (rows,), lambda: [told_kind(rows)])
        return told[0]

    def line(
        self, told_of: Succession, key: Key, rows: Sequence[LedgerRow], times: Decimal
    ) -> Line | None:
        """None where nothing is known of it, or what is cannot be."""
        (symbol, currency), account = key, told_of.account
        reported, arrived = told_of.reported.get(key), told_of.arrived(key)
        security, own = self.securities.get(key, Security()), told_of.moved.get(key, [])
        if not rows and reported is None and not arrived.local:
            return None
        due = told_of.due(key, security)
        try:
            place = (account.id, key, currency)
            both = [*own, *arrived.local] if arrived.local else own
            derived, movements = self._derived(place, both, security.splits)
            whole = told_of.pass_on(key, movements, security, self.method, due)
            if due:
                derived = self._replayed((*place, "whole"), whole.movements, security.splits)
        except (Oversold, EntryInvalid):
            self.quality.unreadable.add(symbol)
            return None
        difference = _difference(derived, reported, account)
        parted = None
        if difference and account.connection_id is not None:
            self.quality.unexplained[symbol] = difference
            told = _told(self.counts.get((account.id, key), ()), reported, account)
            parted = parted_on(derived.steps, told)
            self.quality.note_parted(symbol, parted)
        first = _first_day(movements, reported) if difference else date.min
        local = opened_with(derived, difference, first)
        if not local.is_of_known_cost:
            self.quality.missing_basis.add(symbol)
        mine = movements if len(movements) == len(own) else movements[: len(own)]
        in_base = self._converted((account.id, key), mine, arrived.base)
        in_base = alike(in_base, whole.movements, security.splits, self.method)
        passed = self._passed(told_of, key, in_base, security, due)
        told_of.receive(whole.gone, None if passed is None else passed.gone, currency)
        base = (
            None
            if passed is None
            else opened_with(
                self._in_base((account.id, key, self.base), passed.movements, security.splits),
                difference,
                first,
            )
        )
        closes = unit_values(security, rows, reported, times)
        return Line(
            account,
            symbol,
            currency,
            security,
            local,
            base,
            closes,
            reported,
            difference,
            parted,
            times,
            due,
            rows,
        )

    def _derived(
        self, place: Place, movements: Sequence[Movement], splits: Sequence[SplitAction]
    ) -> tuple[Position, Sequence[Movement]]:
        """The position, and what it is made of: without named lots where these are not there."""
        try:
            return self._replayed(place, movements, splits), movements
        except (LotUnknown, EntryInvalid):
            if not any(each.picks for each in movements):
                raise
        self.quality.lost_lots.add(place[1][0])
        bare = [each._replace(picks=NO_PICKS) for each in movements]
        return self._replayed(place, bare, splits), bare

    def _replayed(
        self, place: Hashable, movements: Sequence[Movement], splits: Sequence[SplitAction]
    ) -> Position:
        return self.derivations.of(place, movements, splits, self.method)

    def _in_base(
        self, place: Hashable, movements: Sequence[Movement], splits: Sequence[SplitAction]
    ) -> Position:
        return self.derivations.of(place, movements, splits, self.method.of_the_same_lots)

    def _converted(
        self,
        place: tuple[UUID, Key],
        movements: Sequence[Movement],
        arrived: Sequence[Movement] | None,
    ) -> Sequence[Movement] | None:
        """Each at the rate of its day, and what arrived; None when a rate is missing."""
        converted: Sequence[Movement] | None = movements
        pair = (place[1][1], self.base)
        if pair[0] != self.base:
            converted = self.derivations.once(
                (place, *pair),
                (movements, self.rates.mark),
                lambda: at_rates(moves_of(movements), pair, self.rates, self.quality),
            )
        if converted is None or arrived is None:
            return None
        return [*converted, *arrived] if arrived else converted

    def _passed(
        self,
        told_of: Succession,
        key: Key,
        movements: Sequence[Movement] | None,
        security: Security,
        due: Sequence[Reorganisation],
    ) -> PassedOn | None:
        """The movements in the base currency, with what left and what goes where."""
        converted = in_base(due, key[1], self.base, self.rates)
        if movements is None or converted is None:
            return None
        return told_of.pass_on(key, movements, security, self.method.of_the_same_lots, converted)


def _difference(derived: Position, reported: Reported | None, account: Account) -> Decimal:
    """What a source reports beyond the movements; nothing where no source reports holdings.

    What a file reported was so on its day: what was entered for later days comes on top.
    """
    if reported is None:
        is_told = account.connection_id is not None and account.last_synced_at is not None
        return EXACT.minus(derived.quantity) if is_told and derived.quantity else ZERO
    held = derived.quantity
    if account.connection_id is None:
        steps = reversed(derived.steps)
        held = next((step.quantity for step in steps if step.day <= reported.day), ZERO)
    return EXACT.subtract(reported.quantity, held)


def _told(counts: Told, reported: Reported | None, account: Account) -> Told:
    """What was reported to be held, by day, up to what is reported now."""
    now = ZERO if reported is None else reported.quantity
    if counts and counts[-1][1] == now:
        return counts
    synced = account.last_synced_at
    day = None if synced is None else synced.date()
    day = day if reported is None else reported.day
    return counts if day is None else [*counts, (day, now)]


def _first_day(movements: Sequence[Movement], reported: Reported | None) -> date:
    """The day before anything is told of it."""
    days = moves_of(movements).columns.days
    if days or reported is None:
        return min(days) - timedelta(days=1)
    return reported.day
