"""Trading calendars: on which days an asset is quoted, and how many of them a price has missed."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Protocol

from coffers.domain.ledger.holdings import AssetType

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


@dataclass(frozen=True, slots=True)
class EveryDay(TradingCalendar):
    """Markets that never close."""

    name: str = EVERY_DAY

    def is_open(self, day: date) -> bool:  # noqa: ARG002 - the port's signature
        """As the port says."""
        return True


class PlainCalendars(TradingCalendars):
    """Weekdays for all, every day for cryptocurrencies."""

    def of(self, exchange: str, asset_type: AssetType) -> TradingCalendar:  # noqa: ARG002 - the port says so
        """As the port says."""
        return EveryDay() if asset_type is AssetType.CRYPTOCURRENCY else Weekdays()


#: Beyond so many days nobody counts trading days: the price is old.
MAX_COUNTED: Final = 3_660


def missed(calendar: TradingCalendar, priced: date, today: date) -> int:
    """Whole trading days that passed after the day of a price: 0 while the price is fresh.

    Today does not count: it is not over. At most those of ten years.
    """
    between = min((today - priced).days - 1, MAX_COUNTED)
    days = (today - count * _DAY for count in range(1, between + 1))
    return sum(calendar.is_open(day) for day in days)
