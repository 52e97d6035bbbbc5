"""How a CSV file is laid out: which column means what, and how dates and numbers are written.

A layout is data: presets are kept as JSON, and callers send their own in the same words.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct, ValidationError, convert

from coffers.domain.currencies import MINOR_UNITS
from coffers.domain.ledger.accounts import AccountType
from coffers.domain.ledger.statements import StatementUnreadable
from coffers.domain.ledger.transactions import TransactionSubtype
from coffers.infrastructure.statements.dates import is_date_pattern
from coffers.infrastructure.statements.refusals import unreadable
from coffers.infrastructure.statements.text import CODECS

MAX_COLUMNS: Final = 100
MAX_RULES: Final = 200
MAX_WORD_CHARACTERS: Final = 200

Word = Annotated[str, Meta(min_length=1, max_length=MAX_WORD_CHARACTERS)]
Words = Annotated[tuple[Word, ...], Meta(max_length=MAX_RULES)]
DateFormat = Annotated[str, Meta(max_length=30)]
#: A column by its heading, or by its place, from 1. A heading with "?" behind it need not be there.
Column = Word | Annotated[int, Meta(ge=1, le=MAX_COLUMNS)]
#: Several columns: the first that is filled, or all of them where the field says so.
Columns = Column | Annotated[tuple[Column, ...], Meta(min_length=1, max_length=10)]


class CsvColumns(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which column holds what.

    The money is in `amount`; or in `debit` and `credit`, of which a row fills one; or unsigned in
    `amount` beside a word in `direction`. A `fee` is money out on top of it. Of `description`,
    `account` and `commission` all columns count, of the others the first that is filled.
    """

    date: Columns
    amount: Columns | None = None
    debit: Columns | None = None
    credit: Columns | None = None
    direction: Columns | None = None
    fee: Columns | None = None
    description: Columns | None = None
    settlement_date: Columns | None = None
    currency: Columns | None = None
    kind: Columns | None = None
    status: Columns | None = None
    id: Columns | None = None
    account: Columns | None = None
    balance: Columns | None = None
    symbol: Columns | None = None
    security_name: Columns | None = None
    quantity: Columns | None = None
    unit_price: Columns | None = None
    commission: Columns | None = None

    def __post_init__(self) -> None:
        has_sides = self.debit is not None and self.credit is not None
        if (self.amount is not None) == has_sides or (self.debit is None) != (self.credit is None):
            raise ValueError("columns need either amount, or both debit and credit")


class CsvKind(Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """What a row is whose `kind` cell begins so; `outgoing`, if given, when its money goes out."""

    begins: Word
    subtype: TransactionSubtype
    outgoing: TransactionSubtype | None = None


class CsvSkip(Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """A row to pass over: this column begins with these words."""

    column: Column
    begins: Word


class CsvMapping(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A layout. Words are compared without regard to case."""

    columns: CsvColumns
    date_format: DateFormat | Annotated[tuple[DateFormat, ...], Meta(min_length=1, max_length=5)]
    delimiter: Literal[",", ";", "\t", "|"] = ","
    encoding: str | None = None
    skip_lines: Annotated[int, Meta(ge=0, le=100)] = 0
    has_header: bool = True
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ",", ".", " ", "'"] = ""
    currency_symbols: Words = ()
    positive_is: Literal["money_in", "money_out"] = "money_in"
    money_in_words: Words = ()
    money_out_words: Words = ()
    kinds: Annotated[tuple[CsvKind, ...], Meta(max_length=MAX_RULES)] = ()
    pending_words: Words = ()
    cancelled_words: Words = ()
    skip_rows: Annotated[tuple[CsvSkip, ...], Meta(max_length=MAX_RULES)] = ()
    ends_at: Words = ()
    ends_at_blank_line: bool = False
    account_type: AccountType = AccountType.CHECKING
    currency: str | None = None

    def __post_init__(self) -> None:
        for rule, message in self._rules():
            if not rule:
                raise ValueError(message)

    def _rules(self) -> list[tuple[bool, str]]:
        return [
            (
                all(map(is_date_pattern, self.date_formats())),
                "date_format needs %d, %m or %b, and %Y or %y, each once",
            ),
            (
                len(set(map(_signs, self.date_formats()))) == len(self.date_formats()),
                "several date formats must differ in more than the order of their parts",
            ),
            (self.decimal != self.thousands, "decimal and thousands must differ"),
            (self.encoding is None or self.encoding.upper() in CODECS, "encoding is not known"),
            (
                self.currency is None or self.currency in MINOR_UNITS,
                "currency is not an ISO 4217 code",
            ),
            (
                (self.columns.direction is None) == (not self.money_in_words)
                and (self.columns.direction is None) == (not self.money_out_words),
                "direction needs money_in_words and money_out_words, and they need it",
            ),
            (
                self.has_header or all(isinstance(ref, int) for ref in self.refs()),
                "without a header, columns are told by their place",
            ),
        ]

    def date_formats(self) -> tuple[str, ...]:
        """The formats in the order in which they are tried."""
        return self.date_format if isinstance(self.date_format, tuple) else (self.date_format,)

    def refs(self) -> list[str | int]:
        """Every column that the layout mentions."""
        named = [getattr(self.columns, field) for field in self.columns.__struct_fields__]
        return [ref for columns in named for ref in as_tuple(columns)] + [
            skip.column for skip in self.skip_rows
        ]


def csv_mapping(layout: Mapping[str, object]) -> CsvMapping:
    """The layout that a caller sent; raises StatementUnreadable saying what of it is wrong."""
    try:
        return convert(layout, CsvMapping)
    except ValidationError as error:
        raise _misdescribed(str(error)) from error
    except UnicodeEncodeError as error:
        raise _misdescribed("The mapping has characters that are not text") from error


def as_tuple(columns: Columns | None) -> tuple[Column, ...]:
    """The columns of a field in their order."""
    if columns is None:
        return ()
    return columns if isinstance(columns, tuple) else (columns,)


def _signs(date_format: str) -> str:
    return re.sub("%[a-zA-Z]", "", date_format)


def _misdescribed(message: str) -> StatementUnreadable:
    what, _, path = message.partition(" - at `$")
    if what.startswith("Invalid enum value"):
        what = "This is not one of the allowed values"
    place = path.rstrip("`").lstrip(".")
    return unreadable(
        "bad_mapping",
        f"{what[:MAX_WORD_CHARACTERS]}.",
        field=f"mapping.{place}" if place else "mapping",
    )
