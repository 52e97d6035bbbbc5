"""Trading calendars: on which days an asset is quoted, and how many of them a price has missed."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Protocol

from coffers.domain.ledger.holdings import AssetType
from coffers.domain.markets.holidays import FIRST_YEAR, holidays, is_known

WEEKDAYS: Final = "weekdays"
EVERY_DAY: Final = "every_day"
_SATURDAY: Final = 5
_DAY: Final = timedelta(days=1)


class TradingCalendar(Protocol):
    """The trading days of one market."""

    @property
    def name(self) -> str:
        """A market identifier code (ISO 10383), or what stands in for an unknown one."""
        ...

    def is_open(self, day: date) -> bool:
        """Whether there is trading on this day."""
        ...

    def count(self, first: date, last: date) -> int:
        """On how many of these days, both included, there is."""
        ...


class TradingCalendars(Protocol):
    """The calendars that are known here."""

    def of(self, exchange: str, asset_type: AssetType) -> TradingCalendar:
        """That of an exchange; weekdays for an unknown one, every day for what never closes."""
        ...


@dataclass(frozen=True, slots=True)
class Weekdays(TradingCalendar):
    """Monday to Friday, holidays too: what is assumed of an unknown market."""

    name: str = WEEKDAYS

    def is_open(self, day: date) -> bool:
        """As the port says."""
        return day.weekday() < _SATURDAY

    def count(self, first: date, last: date) -> int:
        """As the port says."""
        return weekdays(first, last)


#: What stands for a market whose days nobody told.
UNTOLD: Final = Weekdays()


@dataclass(frozen=True, slots=True)
class EveryDay(TradingCalendar):
    """Markets that never close."""

    name: str = EVERY_DAY

    def is_open(self, day: date) -> bool:  # noqa: ARG002 - the port's signature
        """As the port says."""
        return True

    def count(self, first: date, last: date) -> int:
        """As the port says."""
        return max(0, (last - first).days + 1)


@dataclass(frozen=True, slots=True)
class ExchangeDays(TradingCalendar):
    """Monday to Friday without the holidays of the market; before its rules begin, with them."""

    name: str

    def is_open(self, day: date) -> bool:
        """As the port says."""
        if day.weekday() >= _SATURDAY:
            return False
        return day.year < FIRST_YEAR or day not in holidays(self.name, day.year)

    def count(self, first: date, last: date) -> int:
        """As the port says."""
        years = range(max(first.year, FIRST_YEAR), last.year + 1)
        closed = sum(first <= day <= last for year in years for day in holidays(self.name, year))
        return weekdays(first, last) - closed


class RuledCalendars(TradingCalendars):
    """Those of the main exchanges, by their rules; every day for cryptocurrencies."""

    def of(self, exchange: str, asset_type: AssetType) -> TradingCalendar:
        """As the port says."""
        if asset_type is AssetType.CRYPTOCURRENCY:
            return EveryDay()
        name = exchange.strip().upper()
        market = MARKETS.get(name, name)
        return ExchangeDays(market) if is_known(market) else Weekdays()


#: What exchanges are called, and the market whose days they keep (ISO 10383).
MARKETS: Final = {
    **dict.fromkeys(("NYSE", "NASDAQ", "AMEX", "NYSE ARCA", "NYSEARCA", "ARCA"), "XNYS"),
    **dict.fromkeys(("BATS", "CBOE", "XNAS", "XASE", "ARCX", "XNGS", "XNMS", "US"), "XNYS"),
    **dict.fromkeys(("LSE", "LON", "LONDON"), "XLON"),
    **dict.fromkeys(("XETRA", "ETR", "FRA", "FWB", "XFRA", "FRANKFURT"), "XETR"),
    **dict.fromkeys(("EURONEXT", "EPA", "PAR", "PARIS", "AMS", "XAMS", "AMSTERDAM"), "XPAR"),
    **dict.fromkeys(("BRU", "XBRU", "BRUSSELS", "LIS", "XLIS", "LISBON"), "XPAR"),
    **dict.fromkeys(("BIT", "MIL", "MTA", "MILAN", "BORSA ITALIANA"), "XMIL"),
    **dict.fromkeys(("SIX", "SWX", "EBS", "ZURICH"), "XSWX"),
    **dict.fromkeys(("TSX", "TOR", "TORONTO"), "XTSE"),
}


#: Beyond so many days nobody counts trading days: the price is old.
MAX_COUNTED: Final = 3_660


def missed(calendar: TradingCalendar, priced: date, today: date) -> int:
    """Whole trading days that passed after the day of a price: 0 while the price is fresh.

    Today does not count: it is not over. At most those of ten years.
    """
    between = min((today - priced).days - 1, MAX_COUNTED)
    return calendar.count(today - between * _DAY, today - _DAY) if between > 0 else 0


def weekdays(first: date, last: date) -> int:
    """Mondays to Fridays from the one day to the other, both included; 0 if it is earlier."""
    weeks, rest = divmod(max(0, (last - first).days + 1), 7)
    return weeks * _SATURDAY + sum(
        (first.weekday() + place) % 7 < _SATURDAY for place in range(rest)
    )
