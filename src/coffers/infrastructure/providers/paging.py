"""Lists that arrive in pieces: pages behind tokens, windows of days. Every walk ends."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from coffers.domain.ledger.statements import ReportedTransaction
from coffers.domain.linking.providers import ProviderAnsweredNonsense

MAX_PAGES: Final = 1_000


@dataclass(frozen=True, slots=True)
class Page:
    """A piece of a list. `next_token` fetches the next piece; None: this is the last."""

    rows: Sequence[ReportedTransaction]
    next_token: str | None


class Unseen:
    """Remembers rows, because a list that changes while it is read shows some of them twice."""

    def __init__(self) -> None:
        self._hashes: dict[str | None, int] = {}

    def of(self, rows: Sequence[ReportedTransaction]) -> list[ReportedTransaction]:
        """Keep the rows that were not met before.

        The same id with other words raises ProviderAnsweredNonsense: one of the two would be lost.
        """
        fresh = []
        for row in rows:
            number, print_of_row = row.provider_transaction_id, hash(row)
            if number not in self._hashes:
                self._hashes[number] = print_of_row
                fresh.append(row)
            elif self._hashes[number] != print_of_row:
                raise ProviderAnsweredNonsense("The provider gives one id to two transactions.")
        return fresh


async def follow(
    fetch: Callable[[str | None], Awaitable[Page]],
) -> AsyncIterator[list[ReportedTransaction]]:
    """Yield the new rows page by page, the first page being that of no token.

    A token that comes again, a page in the middle that brings nothing new, and a thousand pages
    raise ProviderAnsweredNonsense.
    """
    unseen, tokens = Unseen(), set[str]()
    token: str | None = None
    for _ in range(MAX_PAGES):
        page = await fetch(token)
        fresh = unseen.of(page.rows)
        token = page.next_token
        if token is None:
            yield fresh
            return
        if not fresh or token in tokens:
            raise ProviderAnsweredNonsense("The provider's pages repeat themselves.")
        tokens.add(token)
        yield fresh
    raise ProviderAnsweredNonsense(f"The provider's list has more than {MAX_PAGES} pages.")


def windows(first: date, last: date, days: int) -> Iterator[tuple[date, date]]:
    """Cut a period into windows of at most so many days, both ends included, newest first."""
    while first <= last:
        start = max(first, last - timedelta(days=days - 1))
        yield start, last
        last = start - timedelta(days=1)


def within(
    rows: Sequence[ReportedTransaction], first: date | None, last: date
) -> list[ReportedTransaction]:
    """Keep the rows dated in the period, both ends included."""
    return [
        row
        for row in rows
        if row.transaction_date <= last and (first is None or first <= row.transaction_date)
    ]
