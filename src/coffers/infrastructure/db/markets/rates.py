"""The tables of exchange rates: each person's own, and published ones newer than the program."""

from collections import OrderedDict
from collections.abc import Sequence
from datetime import date
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import (
    Column,
    Date,
    Index,
    Row,
    String,
    Table,
    UniqueConstraint,
    bindparam,
    delete,
    func,
    insert,
    select,
)

from coffers.application.markets.rates import OwnRateFilter, RateLookups
from coffers.domain.ids import UserId
from coffers.domain.markets.rates import (
    EURO,
    LOOK_BACK,
    MAX_OWN_RATES,
    ExchangeRates,
    OwnRate,
    OwnRates,
    PublishedRates,
    Rate,
    RateBook,
    RateNotFound,
    TooManyRates,
)
from coffers.domain.paging import MAX_UNPAGED, TooManyRows
from coffers.infrastructure.db.bulk import stretches
from coffers.infrastructure.db.metadata import METADATA
from coffers.infrastructure.db.ownership import missing
from coffers.infrastructure.db.reader import Reader, Rows
from coffers.infrastructure.db.transaction import Transaction
from coffers.infrastructure.db.types import ExactDecimal, Id, UTCDateTime
from coffers.infrastructure.markets.ecb_rates import BundledRates, LaterRates

#: People whose rates are remembered.
MOST_BOOKS: Final = 50

exchange_rates: Final = Table(
    "exchange_rates",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("id", Id, primary_key=True),
    Column("base", String(12), nullable=False),
    Column("quote", String(12), nullable=False),
    Column("date", Date, nullable=False),
    Column("rate", ExactDecimal, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    UniqueConstraint("user_id", "base", "quote", "date"),
    Index("ix_exchange_rates_id", "id"),
    Index("ix_exchange_rates_user_id_date", "user_id", "date"),
)
_R: Final = exchange_rates.c
#: Everybody's: what a central bank published after the program was made, for one euro.
reference_rates: Final = Table(
    "reference_rates",
    METADATA,
    Column("currency", String(12), primary_key=True),
    Column("date", Date, primary_key=True),
    Column("rate", ExactDecimal, nullable=False),
    Column("source", String(12), nullable=False),
    Index("ix_reference_rates_date", "date"),
)
_P: Final = reference_rates.c


class SqlOwnRates(OwnRates):
    """People's own rates in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def put(self, rates: Sequence[OwnRate]) -> list[OwnRate]:
        """As the port says."""
        for part in stretches([_place(rate) for rate in rates]):
            await self._transaction.execute(_CLEAR, list(part))
        for part in stretches([_row(rate) for rate in rates]):
            await self._transaction.execute(insert(exchange_rates), list(part))
        for user_id in {rate.user_id for rate in rates}:
            kept = (await self._transaction.rows(_COUNT, {"user_id": user_id}))[0][0]
            if kept > MAX_OWN_RATES:
                raise TooManyRates(f"At most {MAX_OWN_RATES} rates of one's own.")
        return list(rates)

    async def remove(self, user_id: UserId, rate_id: UUID) -> OwnRate:
        """As the port says."""
        found = await self._transaction.rows(_ONE, {"user_id": user_id, "rate_id": rate_id})
        if not found:
            refusal = RateNotFound("Exchange rate not found")
            raise await missing(self._transaction, exchange_rates, rate_id, refusal)
        await self._transaction.execute(
            delete(exchange_rates).where(_R.user_id == user_id, _R.id == rate_id)
        )
        return _own(found[0])


class SqlPublishedRates(PublishedRates):
    """Published rates in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def put(self, rates: Sequence[Rate]) -> None:
        """As the port says."""
        rows = [
            {"currency": each.quote, "date": each.date, "rate": each.rate, "source": each.source}
            for each in rates
        ]
        for part in stretches(rows):
            places = [{"the_currency": row["currency"], "the_date": row["date"]} for row in part]
            await self._transaction.execute(_CLEAR_PUBLISHED, places)
            await self._transaction.execute(insert(reference_rates), list(part))


class _Known(NamedTuple):
    """A book and the rows that it was made of: of equal ones it is the same."""

    own: Rows
    later: Rows
    book: RateBook


class SqlExchangeRates(ExchangeRates, RateLookups):
    """Rates out of the bundled file and the database."""

    def __init__(self, reader: Reader, bundled: BundledRates) -> None:
        self._reader = reader
        self._bundled = bundled
        self._books: OrderedDict[UserId, _Known] = OrderedDict()

    async def book(self, user_id: UserId, first: date, last: date) -> RateBook:
        """As the port says."""
        days = {"first": first - LOOK_BACK, "last": last}
        own = await self._reader.rows(_BETWEEN, days | {"user_id": user_id})
        later = await self._reader.rows(_PUBLISHED, days)
        known = self._books.get(user_id)
        if known is None or known[:2] != (own, later):
            published = LaterRates(await self._bundled.rates(), map(_reference, later))
            known = _Known(own, later, RateBook(published, map(_own, own)))
        self._books[user_id] = known
        self._books.move_to_end(user_id)
        while len(self._books) > MOST_BOOKS:
            self._books.popitem(last=False)
        return known.book

    async def last_published(self) -> date:
        """As the port says."""
        newest = (await self._reader.rows(_NEWEST))[0][0]
        bundled = (await self._bundled.rates()).last_day
        return bundled if newest is None else max(newest, bundled)

    async def own(self, user_id: UserId, wanted: OwnRateFilter) -> list[OwnRate]:
        """As the port says."""
        statement = select(exchange_rates).where(_R.user_id == user_id)
        if wanted.base is not None:
            statement = statement.where(_R.base == wanted.base)
        if wanted.quote is not None:
            statement = statement.where(_R.quote == wanted.quote)
        if wanted.first is not None:
            statement = statement.where(_R.date >= wanted.first)
        if wanted.last is not None:
            statement = statement.where(_R.date <= wanted.last)
        order = statement.order_by(_R.date.desc(), _R.base, _R.quote).limit(MAX_UNPAGED + 1)
        rows = await self._reader.rows(order)
        if len(rows) > MAX_UNPAGED:
            raise TooManyRows(f"More than {MAX_UNPAGED} rates: choose a narrower filter.")
        return [_own(row) for row in rows]


def _row(rate: OwnRate) -> dict[str, object]:
    return {name: getattr(rate, name) for name in OwnRate.__dataclass_fields__}


def _place(rate: OwnRate) -> dict[str, object]:
    names = ("user_id", "base", "quote", "date")
    return {f"the_{name}": getattr(rate, name) for name in names}


def _own(row: Row[Any]) -> OwnRate:  # Any: a row of the whole table
    return OwnRate(**{name: getattr(row, name) for name in OwnRate.__dataclass_fields__})


def _reference(row: Row[Any]) -> Rate:  # Any: a row of the whole table
    return Rate(EURO, row.currency, row.rate, row.date, row.source)


_CLEAR: Final = delete(exchange_rates).where(
    _R.user_id == bindparam("the_user_id"),
    _R.base == bindparam("the_base"),
    _R.quote == bindparam("the_quote"),
    _R.date == bindparam("the_date"),
)
_CLEAR_PUBLISHED: Final = delete(reference_rates).where(
    _P.currency == bindparam("the_currency"), _P.date == bindparam("the_date")
)
_COUNT: Final = (
    select(func.count()).select_from(exchange_rates).where(_R.user_id == bindparam("user_id"))
)
_ONE: Final = select(exchange_rates).where(
    _R.user_id == bindparam("user_id"), _R.id == bindparam("rate_id")
)
_BETWEEN: Final = select(exchange_rates).where(
    _R.user_id == bindparam("user_id"),
    _R.date >= bindparam("first"),
    _R.date <= bindparam("last"),
)
_PUBLISHED: Final = select(reference_rates).where(
    _P.date >= bindparam("first"), _P.date <= bindparam("last")
)
_NEWEST: Final = select(func.max(_P.date))
