"""From what a source reports to records of the transactions table, ten thousand at a time."""

import os
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from coffers.domain.accounts import Account
from coffers.domain.money import QUANTITY_DIGITS, check_bounds, minor_units, with_digits
from coffers.domain.statements import ReportedTransaction
from coffers.infrastructure.db.bulk import Record

_INSTANT: Final = "%Y-%m-%dT%H:%M:%S.%fZ"
_VERSION_7: Final = 0x7 << 76 | 0x2 << 62
_RANDOM_BITS: Final = ~(0xF << 76 | 0x3 << 62) & (1 << 80) - 1


class Records:
    """Records for one account, as the engine's driver takes them; `ids` are those given so far."""

    def __init__(
        self,
        account: Account,
        now: datetime,
        *,
        is_sqlite: bool,
        import_id: UUID | None = None,
        fingerprints: Sequence[str | None] = (),
    ) -> None:
        self.ids: list[UUID] = []
        self._fresh = fresh_ids()
        self._fingerprints = iter(fingerprints)
        self._plain = str if is_sqlite else _same
        self._day = date.isoformat if is_sqlite else _same
        self._id = _hex if is_sqlite else _same
        self._user_id = self._id(account.user_id)
        self._account_id = self._id(account.id)
        self._import_id = import_id and self._id(import_id)
        self._now = now.astimezone(UTC).strftime(_INSTANT) if is_sqlite else now

    def of(self, row: ReportedTransaction) -> Record:
        """The row's record: one value per column, in the table's order."""
        row_id = next(self._fresh)
        self.ids.append(row_id)
        name = row.security_name
        day = row.settlement_date
        return (
            self._user_id,
            self._id(row_id),
            self._account_id,
            row.provider_transaction_id,
            next(self._fingerprints, None),
            self._import_id,
            row.transaction_type.value,
            row.subtype.value,
            row.status.value,
            self._amount(row.amount, minor_units(row.currency)),
            row.currency,
            row.description,
            row.asset_type and row.asset_type.value,
            row.symbol,
            name,
            self._amount(row.quantity, QUANTITY_DIGITS),
            self._amount(row.unit_price, minor_units(row.currency)),
            self._amount(row.commission, minor_units(row.currency)),
            self._day(row.transaction_date),
            day and self._day(day),
            search_text(row.description, name),
            1,
            self._now,
            self._now,
        )

    def _amount(self, amount: Decimal | None, digits: int) -> Any:  # Any: text or Decimal by engine
        if amount is None:
            return None
        written = with_digits(check_bounds(amount), digits)
        return format(written, "f") if self._plain is str else written


def search_text(description: str, security_name: str | None) -> str:
    """What a search for a text looks through, case-folded."""
    return f"{description}\n{security_name or ''}".casefold()


def fresh_ids(at_once: int = 512) -> Iterator[UUID]:
    """Identifiers as `new_id` makes them, without a system call for each."""
    while True:
        noise = os.urandom(10 * at_once)
        stamp = (time.time_ns() // 1_000_000 & 0xFFFF_FFFF_FFFF) << 80 | _VERSION_7
        for start in range(0, len(noise), 10):
            random = int.from_bytes(noise[start : start + 10]) & _RANDOM_BITS
            yield UUID(int=stamp | random)


def _same(value: Any) -> Any:  # Any: whatever the driver takes as it is
    return value


def _hex(value: UUID) -> str:
    return value.hex
