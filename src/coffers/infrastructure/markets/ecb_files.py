"""The files that the European Central Bank offers: of one day or of all, as they are or zipped."""

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from coffers.domain.errors import Invalid
from coffers.domain.markets.rates import EURO, Rate
from coffers.domain.money import AmountInvalid, parse_decimal
from coffers.infrastructure.markets.ecb_rates import ECB

#: All days since 1999 are 2 MB.
MAX_BYTES: Final = 20_000_000
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_LONG_DATE: Final = re.compile(r"([0-9]{1,2}) ([A-Z][a-z]+) ([0-9]{4})")
_CODE: Final = re.compile(r"[A-Z]{3}")
_UNKNOWN: Final = frozenset({"", "N/A"})


class EcbFileUnreadable(Invalid):
    """Not one of the bank's files."""


def read_ecb_file(content: bytes) -> list[Rate]:
    """Every rate in it; raises EcbFileUnreadable."""
    text = _unzipped(content) if content[:2] == b"PK" else content
    if len(text) > MAX_BYTES:
        raise EcbFileUnreadable(f"More than {MAX_BYTES} bytes.")
    told = text.decode("ascii", "replace").splitlines() or [""]
    heading, *lines = [_fields(line) for line in told]
    if heading[:1] != ["Date"] or not all(map(_CODE.fullmatch, heading[1:])):
        raise EcbFileUnreadable("The first line does not name a date and currencies.")
    return [rate for line in lines for rate in _rates(heading[1:], line)]


def _unzipped(content: bytes) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            (name,) = archive.namelist()
            with archive.open(name) as file:
                return file.read(MAX_BYTES + 1)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, RuntimeError) as error:
        raise EcbFileUnreadable("Not an archive with one file in it.") from error


def _fields(line: str) -> list[str]:
    return [field.strip() for field in line.rstrip().rstrip(",").split(",")]


def _rates(currencies: Sequence[str], line: Sequence[str]) -> Iterator[Rate]:
    day = _day(line[0])
    for currency, field in zip(currencies, line[1:], strict=False):
        if field not in _UNKNOWN:
            yield Rate(EURO, currency, _rate(field), day, ECB)


def _rate(field: str) -> Decimal:
    try:
        rate = parse_decimal(field)
    except AmountInvalid as error:
        raise EcbFileUnreadable(f"{field[:40]!r} is not a rate.") from error
    if rate <= 0:
        raise EcbFileUnreadable("A rate is above zero.")
    return rate


def _day(field: str) -> date:
    written = _LONG_DATE.fullmatch(field)
    try:
        if written is None:
            return date.fromisoformat(field)
        return date(int(written[3]), _MONTHS.index(written[2]) + 1, int(written[1]))
    except ValueError as error:
        raise EcbFileUnreadable(f"{field[:40]!r} is not a date.") from error
