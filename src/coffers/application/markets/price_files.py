"""Price series in CSV, as people and spreadsheets write them."""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from coffers.application.markets.price_entries import Named, PriceRow
from coffers.domain.markets.prices import MAX_BARS, Bar, RowFlaw, SeriesInvalid
from coffers.domain.money import AmountInvalid, parse_decimal

MAX_FILE: Final = 8 * 1024 * 1024
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
#: What columns may be called. An adjusted close is calculated from raw prices here.
_COLUMNS: Final = {
    "symbol": "symbol",
    "ticker": "symbol",
    "currency": "currency",
    "exchange": "exchange",
    "date": "date",
    "open": "open",
    "high": "high",
    "low": "low",
    "close": "close",
    "price": "close",
    "volume": "volume",
    "adj close": "",
}
_NUMBERS: Final = ("close", "open", "high", "low", "volume")


def read_prices(content: bytes, asset_id: UUID | None) -> list[PriceRow]:
    """The rows of a file with a heading; without a symbol column they are of the one asset.

    Raises SeriesInvalid for what cannot be read, with the number of each bad row.
    """
    if len(content) > MAX_FILE:
        raise SeriesInvalid(f"A file of prices has at most {MAX_FILE} bytes.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SeriesInvalid("The file is not text in UTF-8.") from error
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        columns = _columns(next(lines, []), asset_id)
        return _rows(columns, lines, asset_id)
    except csv.Error as error:
        raise SeriesInvalid("The file is not CSV.") from error


def _delimiter(text: str) -> str:
    heading = text.partition("\n")[0]
    return max(",;\t", key=heading.count)


def _columns(heading: Sequence[str], asset_id: UUID | None) -> list[str]:
    names = [name.strip().lower() for name in heading]
    if not all(name in _COLUMNS for name in names):
        known = ", ".join(sorted({name for name in _COLUMNS.values() if name}))
        raise SeriesInvalid(f"The heading names a column that is not known; known are {known}.")
    columns = [_COLUMNS[name] for name in names]
    used = [name for name in columns if name]
    if len(set(used)) != len(used):
        raise SeriesInvalid("The heading names a column twice.")
    missing = {"date", "close"} | (set() if asset_id else {"symbol"})
    if not missing <= set(used):
        raise SeriesInvalid(f"The heading lacks {', '.join(sorted(missing - set(used)))}.")
    return columns


def _rows(
    columns: Sequence[str], lines: Iterator[list[str]], asset_id: UUID | None
) -> list[PriceRow]:
    rows: list[PriceRow] = []
    flaws: list[RowFlaw] = []
    for number, line in enumerate(lines, 1):
        if number > MAX_BARS:
            raise SeriesInvalid(f"An upload has between 1 and {MAX_BARS} prices.")
        if not any(cell.strip() for cell in line):
            continue
        if len(line) != len(columns):
            flaws.append(RowFlaw(number, None, "Not as many cells as the heading has."))
            continue
        cells = {name: cell.strip() for name, cell in zip(columns, line, strict=True) if name}
        read = _row(number, cells, asset_id)
        rows += [read] if isinstance(read, PriceRow) else []
        flaws += read if isinstance(read, list) else []
    if flaws:
        detail = f"{len(flaws)} cells cannot be read; nothing was kept: see `errors`."
        raise SeriesInvalid(detail, flaws)
    return rows


def _row(number: int, cells: Mapping[str, str], asset_id: UUID | None) -> PriceRow | list[RowFlaw]:
    flaws: list[RowFlaw] = []
    told: dict[str, Decimal | None] = {}
    for name in _NUMBERS:
        try:
            told[name] = _number(cells.get(name, ""))
        except AmountInvalid as error:
            flaws.append(RowFlaw(number, name, error.detail))
    day, close = _day(cells["date"]), told.pop("close", None)
    if day is None:
        flaws.append(RowFlaw(number, "date", "Not a date such as 2026-01-31."))
    if close is None and not flaws:
        flaws.append(RowFlaw(number, "close", "A close is needed."))
    if flaws or day is None or close is None:
        return flaws
    return PriceRow(number, _named(cells, asset_id), Bar(day, close, **told))


def _named(cells: Mapping[str, str], asset_id: UUID | None) -> Named:
    symbol = cells.get("symbol", "").upper() or None
    currency = cells.get("currency", "").upper() or None
    exchange = cells.get("exchange", "").upper() or None
    return Named(asset_id, symbol, currency, exchange)


def _number(cell: str) -> Decimal | None:
    return parse_decimal(cell) if cell else None


def _day(cell: str) -> date | None:
    try:
        return date.fromisoformat(cell) if _DAY.fullmatch(cell) else None
    except ValueError:
        return None
