"""A persona's books while their script is played, day by day."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from coffers.domain.ledger.transactions import TransactionSubtype as Subtype
from coffers.sandbox.books import Account, Book, rounded
from coffers.sandbox.chance import Chance
from coffers.sandbox.days import DAY, FIRST_DAY, days_between, years_before
from coffers.sandbox.prices import Prices
from coffers.sandbox.trading import follow


class Household:
    """The books of one persona for one seed. A day that was played is never touched again."""

    def __init__(self, seed: int, persona: "Persona") -> None:
        self.prices = Prices(seed)
        self.books = {account.id: Book(account) for account in persona.accounts}
        self._seed = seed
        self._persona = persona
        self._played = FIRST_DAY - DAY

    def play(self, until: date) -> None:
        """Write every day until that one, inclusive."""
        for day in days_between(self._played + DAY, until):
            for book in self.books.values():
                follow(book, day, self.prices)
            self._persona.script(self, day)
            self._played = day

    def __getitem__(self, account_id: str) -> Book:
        return self.books[account_id]

    def chance(self, day: date) -> Chance:
        """Answer the dice of a day."""
        return Chance(self._seed, self._persona.user_name, day)


@dataclass(frozen=True, slots=True)
class Persona:
    """Somebody who can sign in; `script` writes what they do on a day."""

    user_name: str
    password: str
    story: str
    accounts: Sequence[Account]
    script: Callable[[Household, date], None]


@dataclass(frozen=True, slots=True)
class Transfer:
    """Money from one account to another of the same currency; it arrives `later` days after."""

    source: Book
    target: Book
    text: str
    out: Subtype = Subtype.TRANSFER_OUT
    into: Subtype = Subtype.TRANSFER_IN
    later: int = 0

    def make(self, day: date, amount: Decimal) -> None:
        """Write both sides of it."""
        self.source.post(day, self.out, -amount, self.text)
        self.target.post(day + self.later * DAY, self.into, amount, self.text)


def dearer(amount: str, day: date, percent: int = 2) -> Decimal:
    """Answer what costs this amount in the first year, so many percent of it dearer each year."""
    return rounded(Decimal(amount) * (100 + percent * years_before(day)) / 100, "USD")
