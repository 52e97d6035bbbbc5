"""Net worth as it goes out, and what it had to do without."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from coffers.application.investing.books import Book
from coffers.application.investing.valuing import StalePrice
from coffers.application.ledger.net_worth_views import BalanceQuality
from coffers.domain.ledger.net_worth import Worth
from coffers.domain.markets.rates import RateBook
from coffers.domain.money import money_digits


def total_of(worth: Worth, base: str, book: RateBook, day: date) -> str | None:
    """In the base currency, None when that is not known."""
    total = worth.total(base, book, day)
    return None if total is None else format(money_digits(total, base), "f")


def ratio_of(known: int, count: int) -> str | None:
    """So many of so many; None of nothing."""
    return format(round(Decimal(known) / count, 4), "f") if count else None


def texts_of(amounts: Mapping[str, Decimal], worth: Worth) -> dict[str, str | None]:
    """By currency, None where a value is missing."""
    return {
        code: None if code in worth.unvalued else format(money_digits(amount, code), "f")
        for code, amount in amounts.items()
    }


def reason_of(missing: Sequence[str], base: str, book: Book) -> str | None:
    """Why there is no amount in the base currency, if there is none."""
    parts = []
    if missing:
        parts.append(f"No exchange rate to {base} is known for {', '.join(missing)}.")
    if book.quality.missing_prices:
        parts.append(f"No price is known for {', '.join(sorted(book.quality.missing_prices))}.")
    if book.quality.unreadable:
        names = ", ".join(sorted(book.quality.unreadable))
        parts.append(f"How much is held cannot be told of {names}.")
    return " ".join(parts) or None


def quality_of(
    book: Book, ratio: str | None, missing_rates: list[str], notes: list[str]
) -> BalanceQuality:
    """With what the book of the depots had to do without."""
    names = sorted(book.quality.unreadable)
    if names:
        notes = [*notes, f"How much is held cannot be told of {', '.join(names)}."]
    stale = [StalePrice(*each) for each in sorted(book.quality.stale_prices.items())]
    return BalanceQuality(ratio, missing_rates, sorted(book.quality.missing_prices), stale, notes)
