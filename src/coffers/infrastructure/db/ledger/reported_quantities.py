"""What a source reported to be held of a security, from which day on: written when it changes."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Column, Date, String, Table, Text
from sqlalchemy.dialects import postgresql, sqlite

from coffers.domain.ledger.accounts import Account
from coffers.domain.money import EXACT, quantity_digits
from coffers.infrastructure.db.bulk import stretches
from coffers.infrastructure.db.metadata import METADATA
from coffers.infrastructure.db.transaction import Transaction
from coffers.infrastructure.db.types import ExactDecimal, Id

reported_quantities: Final = Table(
    "reported_quantities",
    METADATA,
    Column("user_id", Id, primary_key=True),
    Column("account_id", Id, primary_key=True),
    Column("symbol", Text, primary_key=True),
    Column("currency", String(12), primary_key=True),
    #: The day, in UTC, from which on the source said so.
    Column("day", Date, primary_key=True),
    #: Zero: it was reported no more.
    Column("quantity", ExactDecimal, nullable=False),
)

#: By symbol and currency.
Quantities = Mapping[tuple[str, str], Decimal]


def quantities(rows: Iterable[Any]) -> Quantities:
    """How much is told of each security; a source may tell of one more than once."""
    found: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in rows:
        key = (row.symbol, row.currency)
        found[key] = EXACT.add(found[key], row.quantity)
    return found


async def note_changes(
    transaction: Transaction, account: Account, before: Quantities, after: Quantities, now: datetime
) -> None:
    """Remember those that changed; the last word of a day counts."""
    day = now.date()
    rows = [
        _row(account, key, day, after.get(key, Decimal(0)))
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    ]
    if not rows:
        return
    dialect: Any = sqlite if transaction.is_sqlite else postgresql  # Any: modules
    statement = dialect.insert(reported_quantities)
    kept = [column.name for column in reported_quantities.primary_key]
    told = {"quantity": statement.excluded.quantity}
    for part in stretches(rows):
        await transaction.execute(
            statement.on_conflict_do_update(index_elements=kept, set_=told), list(part)
        )


def _row(account: Account, key: tuple[str, str], day: date, quantity: Decimal) -> dict[str, object]:
    symbol, currency = key
    return {
        "user_id": account.user_id,
        "account_id": account.id,
        "symbol": symbol,
        "currency": currency,
        "day": day,
        "quantity": quantity_digits(quantity),
    }
