"""From what a source reports to records of the transactions table, ten thousand at a time."""

import os
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from asyncpg.pgproto import pgproto

from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.holdings import AssetType
from coffers.domain.ledger.statements import ReportedTransaction
from coffers.domain.ledger.transactions import (
    TransactionStatus,
    TransactionSubtype,
    TransactionType,
)
from coffers.domain.money import (
    MAX_WHOLE_DIGITS,
    QUANTITY_DIGITS,
    check_bounds,
    minor_units,
    with_digits,
)
from coffers.infrastructure.db.bulk import Record

_INSTANT: Final = "%Y-%m-%dT%H:%M:%S.%fZ"
_BOUND: Final = Decimal(10) ** MAX_WHOLE_DIGITS
_QUANTA: Final = [Decimal((0, (1,), -digits)) for digits in range(QUANTITY_DIGITS + 1)]
# A look-up is four times faster than `.value`.
_WORDS: Final[dict[str | None, str | None]] = {None: None} | {
    member: member.value
    for words in (TransactionType, TransactionSubtype, TransactionStatus, AssetType)
    for member in words
}


class Records:
    """Records for one account, as the engine's driver takes them."""

    def __init__(
        self,
        account: Account,
        now: datetime,
        *,
        is_sqlite: bool,
        import_id: UUID | None = None,
        fingerprints: Sequence[str | None] = (),
    ) -> None:
        self._first = self._next = _first_id()
        self._fingerprints = iter(fingerprints)
        # Any, three times: what the engine's driver takes.
        self._amount: Callable[[Decimal | None, int], Any] = _text if is_sqlite else exact
        self._day: Callable[[date], Any] = date.isoformat if is_sqlite else _same
        self._id: Callable[[int], Any] = _hex if is_sqlite else _driver_id
        self._user_id = self._id(account.user_id.int)
        self._account_id = self._id(account.id.int)
        self._import_id = import_id and self._id(import_id.int)
        self._now = now.astimezone(UTC).strftime(_INSTANT) if is_sqlite else now

    @property
    def ids(self) -> list[UUID]:
        """Those given so far, in order."""
        return [UUID(int=value) for value in range(self._first, self._next)]

    def of(self, row: ReportedTransaction) -> Record:
        """The row's record: one value per column, in the table's order."""
        row_id = self._id(self._next)
        self._next += 1
        amount, day = self._amount, row.settlement_date
        digits = minor_units(row.currency)
        return (
            self._user_id,
            row_id,
            self._account_id,
            row.provider_transaction_id,
            next(self._fingerprints, None),
            self._import_id,
            _WORDS[row.transaction_type],
            _WORDS[row.subtype],
            _WORDS[row.status],
            amount(row.amount, digits),
            row.currency,
            row.description,
            _WORDS[row.asset_type],
            row.symbol,
            row.security_name,
            amount(row.quantity, QUANTITY_DIGITS),
            amount(row.unit_price, digits),
            amount(row.commission, digits),
            self._day(row.transaction_date),
            day and self._day(day),
            search_text(row.description, row.security_name),
            1,
            self._now,
            self._now,
        )


def search_text(description: str, security_name: str | None) -> str:
    """What a search for a text looks through, case-folded."""
    return f"{description}\n{security_name or ''}".casefold()


def exact(amount: Decimal | None, digits: int) -> Decimal | None:
    """The amount with the contract's digits; raises AmountInvalid when out of bounds."""
    if amount is None:
        return None
    if amount and amount.same_quantum(_QUANTA[digits]) and -_BOUND < amount < _BOUND:
        return amount
    return with_digits(check_bounds(amount), digits)


def _text(amount: Decimal | None, digits: int) -> str | None:
    written = exact(amount, digits)
    if written is None:
        return None
    text = str(written)
    return format(written, "f") if "E" in text else text


def _first_id() -> int:
    """The first of many version 7 ids that count up by one, so that rows keep their order.

    RFC 9562, section 6.2, method 2: 73 random bits to begin with.
    """
    milliseconds = time.time_ns() // 1_000_000 & 0xFFFF_FFFF_FFFF
    noise = int.from_bytes(os.urandom(10))
    high, low = noise >> 62 & 0xFFF, noise & (1 << 61) - 1
    return milliseconds << 80 | 0x7 << 76 | high << 64 | 0x2 << 62 | low


def _driver_id(value: int) -> UUID:
    # asyncpg's own class: both to make and to send it takes a fifth of the time.
    made: UUID = pgproto.UUID(value.to_bytes(16))
    return made


def _hex(value: int) -> str:
    return f"{value:032x}"


def _same(value: date) -> date:
    return value
