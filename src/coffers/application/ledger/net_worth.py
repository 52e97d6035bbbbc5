"""What one is worth, now and day by day."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from operator import attrgetter
from typing import Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import UNSET

from coffers.application.explanations import Operation, made, told
from coffers.application.investing.books import Book
from coffers.application.investing.depots import (
    Holding,
    holdings_on,
    open_depots,
    unreadable,
)
from coffers.application.investing.explained import local_value
from coffers.application.investing.valuing import BookPorts
from coffers.application.ledger.net_worth_explained import (
    ToldAmount,
    ToldBalance,
    balance_told,
    explained,
)
from coffers.application.ledger.net_worth_texts import (
    quality_of,
    ratio_of,
    reason_of,
    texts_of,
    total_of,
)
from coffers.application.ledger.net_worth_views import BalanceQuality, NetWorthStatement
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import UserId
from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.net_worth import (
    Amount,
    Sighting,
    worth_of,
)


@dataclass(frozen=True, slots=True)
class Balances:
    """Balances of the active accounts, and how many of those have none.

    `depots` are accounts that hold something apart from their balance: these are not among them.
    """

    balances: Sequence[tuple[str, Decimal]]
    without_balance: int
    depots: Sequence[UUID] = ()
    #: For an explanation only: the same ones, each with its account.
    told: Sequence[ToldBalance] = ()


class NetWorthLookups(Protocol):
    """What net worth is made of."""

    async def balances(self, user_id: UserId) -> Balances:
        """As they stand now."""
        ...

    async def told_balances(self, user_id: UserId) -> Balances:
        """Likewise, each with its account."""
        ...

    async def depots(self, user_id: UserId) -> Sequence[UUID]:
        """Active accounts that hold something apart from their balance."""
        ...

    async def sightings(
        self, user_id: UserId, start: datetime, end: datetime
    ) -> Sequence[Sighting]:
        """In order of time: from start to end, and the last before start of each account.

        Raises TooManyRows.
        """
        ...


@dataclass(frozen=True, slots=True)
class _Held:
    """Everything that counts on a day: balances, and what depots hold."""

    balances: Balances
    book: Book
    holdings: Sequence[Holding]

    def amounts(self) -> Iterator[Amount]:
        """Each in its currency."""
        yield from self.balances.balances
        for account in self.book.ledger.accounts:
            if account.balance is not None:
                yield account.currency, account.balance
        for each in self.holdings:
            yield each.line.currency, each.value
        for _, currency in unreadable(self.book):
            yield currency, None

    def told(self) -> list[ToldAmount]:
        """The same, by account, each with how it comes about."""
        accounts = self.book.ledger.accounts
        money = [_balance(each, each.balance) for each in accounts if each.balance is not None]
        balances = sorted([*self.balances.told, *money], key=attrgetter("account"))
        return [
            *map(balance_told, balances),
            *map(_holding_told, self.holdings),
            *(_unreadable_told(*key) for key in unreadable(self.book)),
        ]

    def without_balance(self) -> int:
        """Of how many accounts the balance is not known."""
        unknown = sum(account.balance is None for account in self.book.ledger.accounts)
        return self.balances.without_balance + unknown

    def known(self, missing: Collection[str]) -> int:
        """How many accounts count as a whole."""
        unvalued = {each.line.account.id for each in self.holdings if each.value is None}
        counting = [
            account.currency
            for account in self.book.ledger.accounts
            if account.balance is not None and account.id not in unvalued
        ]
        codes = [*(code for code, _ in self.balances.balances), *counting]
        return sum(code not in missing for code in codes)


async def get_net_worth(
    lookups: NetWorthLookups,
    ports: BookPorts,
    principal: Principal,
    *,
    is_explained: bool = False,
) -> NetWorthStatement:
    """What the caller owns and owes now, in the base currency at today's rates.

    Raises TooManyRows.
    """
    profile = (await ports.profiles.profile(principal.user_id)).view
    now, base = ports.clock.now(), profile.base_currency
    today = now.astimezone(ZoneInfo(profile.time_zone)).date()
    read = lookups.told_balances if is_explained else lookups.balances
    balances = await read(principal.user_id)
    rates = await ports.rates.book(principal.user_id, today, today)
    book = await open_depots(ports, principal.user_id, balances.depots, rates, today)
    held = _Held(balances, book, holdings_on(book, today))
    worth = worth_of(held.amounts())
    missing = worth.missing(base, rates, today)
    return NetWorthStatement(
        as_of=now,
        assets_by_currency=texts_of(worth.assets, worth),
        liabilities_by_currency=texts_of(worth.liabilities, worth),
        net_worth_by_currency=texts_of(worth.net, worth),
        base_currency=base,
        net_worth=total_of(worth, base, rates, today),
        net_worth_unavailable_reason=reason_of(missing, base, book),
        accounts_without_balance=held.without_balance(),
        data_quality=_quality(held, missing, base),
        explanation=explained(held.told(), base, rates, today) if is_explained else UNSET,
    )


def _balance(account: Account, balance: Decimal) -> ToldBalance:
    day = (account.last_synced_at or account.updated_at).date()
    return ToldBalance(account.name, account.source, account.currency, balance, day)


def _holding_told(each: Holding) -> ToldAmount:
    currency, product = each.line.currency, local_value(each.line, each.worth)
    tree = made(each.line.symbol, Operation.ROUNDED, each.value, [product], currency=currency)
    return ToldAmount(currency, each.value, tree)


def _unreadable_told(symbol: str, currency: str) -> ToldAmount:
    return ToldAmount(currency, None, told(symbol, None, currency=currency, source="ledger"))


def _quality(held: _Held, missing: Sequence[str], base: str) -> BalanceQuality:
    without = held.without_balance()
    notes = [f"Active accounts without a known balance: {without}."] if without else []
    every = len(held.balances.balances) + held.balances.without_balance
    ratio = ratio_of(held.known(missing), every + len(held.book.ledger.accounts))
    return quality_of(held.book, ratio, [f"{code}/{base}" for code in missing], notes)
