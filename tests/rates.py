"""Exchange rates for tests: books without a bank, and rates that somebody keeps."""

from datetime import date
from decimal import Decimal

from coffers.domain.ids import SYSTEM, new_id
from coffers.domain.markets.rates import OwnRate, Rate, RateBook, ReferenceRates
from tests.ledgers import NOON
from tests.people import Person


class NoRates(ReferenceRates):
    """A bank that publishes nothing."""

    def per_euro(self, _currency: str, _day: date) -> Rate | None:
        return None


def book_of(*own: OwnRate, published: ReferenceRates | None = None) -> RateBook:
    return RateBook(published or NoRates(), own)


def own_rate(base: str, quote: str, day: date, rate: str) -> OwnRate:
    return OwnRate(new_id(), SYSTEM, base, quote, day, Decimal(rate), NOON)


async def keep_rate(person: Person, base: str, quote: str, day: date, rate: str) -> None:
    """Somebody's own rate, over the API."""
    kept = {"base_currency": base, "quote_currency": quote, "date": str(day), "rate": rate}
    answer = await person.post("/exchange-rates", {"exchange_rates": [kept]})
    assert answer.status_code == 201, answer.text
