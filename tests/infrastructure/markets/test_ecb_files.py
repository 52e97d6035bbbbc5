import io
import zipfile
from datetime import date
from decimal import Decimal

import pytest

from coffers.domain.markets.rates import Rate
from coffers.infrastructure.markets.ecb_files import MAX_BYTES, EcbFileUnreadable, read_ecb_file

#: As the bank writes the file of one day, and that of all days.
DAILY = b"Date, USD, JPY, \n20 November 2026, 1.1200, 176.10, \n"
HISTORY = b"Date,USD,BGN,\n2026-11-20,1.12,N/A,\n2026-11-19,1.11,N/A,\n"


def zipped(name: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return file.getvalue()


def rate(currency: str, text: str, day: int) -> Rate:
    return Rate("EUR", currency, Decimal(text), date(2026, 11, day), "ECB")


@pytest.mark.parametrize("content", [DAILY, zipped("eurofxref.csv", DAILY)])
def test_the_file_of_a_day_is_read_zipped_or_not(content: bytes) -> None:
    assert read_ecb_file(content) == [rate("USD", "1.1200", 20), rate("JPY", "176.10", 20)]


def test_the_file_of_all_days_is_read_without_what_was_not_quoted() -> None:
    assert read_ecb_file(HISTORY) == [rate("USD", "1.12", 20), rate("USD", "1.11", 19)]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<html>",
        b"PK nonsense",
        b"Date, USD, \n31 November 2026, 1.1, \n",
        b"Date, USD, \n1 Nivose 2026, 1.1, \n",
        b"Date, USD, \n20 November 2026, 1e5, \n",
        b"Date, USD, \n20 November 2026, 0, \n",
        b"Date, USD, \n20 November 2026, NaN, \n",
        zipped("bomb.csv", b"0" * (MAX_BYTES + 1)),
    ],
)
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(EcbFileUnreadable):
        read_ecb_file(content)
