"""CSV (RFC 4180) for spreadsheets: movements, one line a part; accounts; positions."""

import csv
import io
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from coffers.application.portability.books import Books, Movement, Outline, Part
from coffers.domain.ids import UserId

#: What makes a spreadsheet take a text for a formula (OWASP, "CSV Injection"). Such a text gets an
#: apostrophe in front, which spreadsheets do not show.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "'")

Cell = str | int | bool | Decimal | UUID | object | None


class CsvTable(StrEnum):
    """What the file lists."""

    TRANSACTIONS = "transactions"
    ACCOUNTS = "accounts"
    HOLDINGS = "holdings"


MOVEMENT_COLUMNS: Final = (
    *("id", "part", "account_id", "account", "transaction_date", "settlement_date"),
    *("description", "amount", "currency", "transaction_type", "subtype", "status"),
    *("category_kind", "category", "merchant", "tags", "notes", "is_ignored", "is_own_transfer"),
    *("symbol", "security_name", "asset_type", "quantity", "unit_price", "commission"),
    *("acquired_date", "lots"),
)
ACCOUNT_COLUMNS: Final = (
    *("id", "name", "account_type", "currency", "balance", "available_balance", "cash_balance"),
    *("opening_balance", "source", "account_number_masked", "is_active", "last_synced_at"),
)
POSITION_COLUMNS: Final = (
    *("account_id", "account", "symbol", "security_name", "asset_type", "quantity"),
    *("cost_basis", "market_value", "currency", "current_price", "is_active"),
)


async def csv_file(books: Books, user_id: UserId, table: CsvTable) -> AsyncGenerator[bytes, None]:
    """The file, in pieces; raises ExportsBusy."""
    async with books.open(user_id) as book:
        outline = await book.outline()
        if table is CsvTable.ACCOUNTS:
            yield _written([ACCOUNT_COLUMNS, *_accounts(outline)])
        elif table is CsvTable.HOLDINGS:
            yield _written([POSITION_COLUMNS, *_positions(outline)])
        else:
            names = _names(outline)
            yield _written([MOVEMENT_COLUMNS])
            async for page in book.movements():
                yield _written(line for each in page for line in _movement(each, names))


def _movement(movement: Movement, names: dict[UUID, str]) -> Iterator[Sequence[Cell]]:
    for number, part in enumerate(movement.parts, 1):
        place = f"{number}/{len(movement.parts)}" if len(movement.parts) > 1 else ""
        yield [*_told(movement, part, place, names), *_security(movement)]


def _told(movement: Movement, part: Part, place: str, names: dict[UUID, str]) -> Sequence[Cell]:
    category = part.category
    return [
        movement.id,
        # "1/2" is a date to a spreadsheet.
        place.replace("/", " of "),
        movement.account_id,
        names[movement.account_id],
        movement.transaction_date,
        movement.settlement_date,
        movement.description,
        part.amount,
        movement.currency,
        movement.transaction_type,
        movement.subtype,
        movement.status,
        None if category is None else category.kind.value,
        None if category is None else category.name,
        movement.merchant,
        "; ".join(movement.tags),
        part.notes or movement.notes,
        movement.is_ignored,
        movement.other_leg is not None,
    ]


def _security(movement: Movement) -> Sequence[Cell]:
    return [
        movement.symbol,
        movement.security_name,
        movement.asset_type,
        movement.quantity,
        movement.unit_price,
        movement.commission,
        movement.acquired_date,
        "; ".join(f"{lot['quantity']} of {lot['transaction_id']}" for lot in movement.lots or ()),
    ]


def _accounts(outline: Outline) -> Iterator[Sequence[Cell]]:
    for account in outline.accounts:
        yield [getattr(account, name) for name in ACCOUNT_COLUMNS]


def _positions(outline: Outline) -> Iterator[Sequence[Cell]]:
    names = _names(outline)
    for position in outline.positions:
        told = [getattr(position, name) for name in POSITION_COLUMNS[2:]]
        yield [position.account_id, names[position.account_id], *told]


def _names(outline: Outline) -> dict[UUID, str]:
    return {account.id: account.name for account in outline.accounts}


def _written(lines: Iterable[Sequence[Cell]]) -> bytes:
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerows(
        [_cell(cell) for cell in line] for line in lines
    )
    return written.getvalue().encode()


def _cell(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return format(cell, "f")
    if isinstance(cell, bool):
        return "true" if cell else "false"
    text = str(cell)
    return f"'{text}" if text.startswith(_FORMULA) else text
