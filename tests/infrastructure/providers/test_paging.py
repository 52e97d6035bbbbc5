from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

import pytest

from coffers.domain.ledger.statements import ReportedTransaction
from coffers.domain.ledger.transactions import (
    TransactionStatus,
    TransactionSubtype,
    TransactionType,
)
from coffers.domain.linking.providers import ProviderAnsweredNonsense
from coffers.infrastructure.providers.paging import MAX_PAGES, Page, follow, windows, within


def row(number: str, amount: str = "1", day: date = date(2026, 1, 1)) -> ReportedTransaction:
    return ReportedTransaction(
        provider_transaction_id=number,
        transaction_type=TransactionType.OTHER,
        subtype=TransactionSubtype.UNKNOWN,
        status=TransactionStatus.SETTLED,
        amount=Decimal(amount),
        currency="USD",
        description="",
        transaction_date=day,
    )


async def walk(pages: Sequence[Page]) -> list[list[str | None]]:
    """The ids that are told when the pages come one after the other, whatever token is sent."""
    left = iter(pages)

    async def fetch(_: str | None) -> Page:
        return next(left)

    return [[one.provider_transaction_id for one in rows] async for rows in follow(fetch)]


async def test_pages_follow_their_tokens_to_the_end() -> None:
    sent = []
    pages = {None: Page([row("a")], "1"), "1": Page([row("b")], "2"), "2": Page([], None)}

    async def fetch(token: str | None) -> Page:
        sent.append(token)
        return pages[token]

    told = [rows async for rows in follow(fetch)]

    assert sent == [None, "1", "2"]
    assert told == [[row("a")], [row("b")], []]


async def test_a_row_that_moved_to_the_next_page_is_told_once() -> None:
    pages = [Page([row("a"), row("b")], "1"), Page([row("b"), row("c")], None)]

    assert await walk(pages) == [["a", "b"], ["c"]]


async def test_one_id_for_two_different_rows_is_nonsense() -> None:
    with pytest.raises(ProviderAnsweredNonsense):
        await walk([Page([row("a", "1")], "1"), Page([row("a", "2"), row("b")], None)])


async def test_a_token_that_comes_again_is_nonsense() -> None:
    with pytest.raises(ProviderAnsweredNonsense):
        await walk([Page([row("a")], "1"), Page([row("b")], "1")])


async def test_a_page_that_brings_nothing_new_is_nonsense() -> None:
    with pytest.raises(ProviderAnsweredNonsense):
        await walk([Page([row("a")], "1"), Page([row("a")], "2")])


async def test_an_empty_page_that_goes_on_is_nonsense() -> None:
    with pytest.raises(ProviderAnsweredNonsense):
        await walk([Page([], "1")])


async def test_a_thousand_pages_are_read_and_not_one_more() -> None:
    endless = [Page([row(str(number))], str(number)) for number in range(MAX_PAGES)]

    ending = [*endless[:-1], Page([row("last")], None)]
    assert len(await walk(ending)) == MAX_PAGES

    with pytest.raises(ProviderAnsweredNonsense):
        await walk(endless)


def test_windows_cover_every_day_once_newest_first() -> None:
    first, last = date(2024, 2, 28), date(2024, 3, 8)

    cut = list(windows(first, last, 4))

    assert cut == [
        (date(2024, 3, 5), date(2024, 3, 8)),
        (date(2024, 3, 1), date(2024, 3, 4)),
        (date(2024, 2, 28), date(2024, 2, 29)),
    ]


def test_a_period_that_ends_before_it_begins_has_no_windows() -> None:
    assert list(windows(date(2026, 1, 2), date(2026, 1, 1), 4)) == []


def test_both_ends_of_a_period_belong_to_it() -> None:
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(4)]
    rows = [row(str(day), day=day) for day in days]

    assert within(rows, days[1], days[2]) == rows[1:3]
    assert within(rows, None, days[2]) == rows[:3]
