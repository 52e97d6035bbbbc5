"""What a provider or a file reports, in neutral terms, before it becomes ledger rows.

Signs are the ledger's: an amount below zero is money out; a short position has negative quantity,
basis and value;
a credit balance is negative when money is owed, whatever sign the source uses.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from coffers.domain.errors import Invalid
from coffers.domain.ledger.accounts import AccountType
from coffers.domain.ledger.holdings import AssetType
from coffers.domain.ledger.transactions import (
    TransactionStatus,
    TransactionSubtype,
    TransactionType,
)


@dataclass(frozen=True, slots=True)
class ReportedAccount:
    """An account as its source names it.

    `currency` is an ISO 4217 code; a balance of None was not reported.
    """

    provider_account_id: str
    name: str
    account_type: AccountType
    currency: str
    balance: Decimal | None
    available_balance: Decimal | None = None
    account_number: str | None = None
    cash_balance: Decimal | None = None


@dataclass(frozen=True, slots=True)
class ReportedHolding:
    """A position. `cost_basis` is of the whole position (never per share).

    None when the source does not say.
    """

    provider_holding_id: str
    symbol: str
    security_name: str
    asset_type: AssetType
    quantity: Decimal
    cost_basis: Decimal | None
    market_value: Decimal
    currency: str
    average_price: Decimal | None = None
    current_price: Decimal | None = None
    cusip: str | None = None
    isin: str | None = None


@dataclass(frozen=True, slots=True)
class ReportedTransaction:
    """One movement.

    `provider_transaction_id` is None when the source gave none that can be trusted: empty, or
    repeated in its file.
    `pending_transaction_id` is the id under which the source reported the same movement while it
    was pending.
    `row` is the 1-based line or record of a file, 0 from a provider; `raw` is the row as the source
    wrote it, fields joined in its order, the ground of the fingerprint when there is no id.
    """

    provider_transaction_id: str | None
    transaction_type: TransactionType
    subtype: TransactionSubtype
    status: TransactionStatus
    amount: Decimal
    currency: str
    description: str
    transaction_date: date
    settlement_date: date | None = None
    asset_type: AssetType | None = None
    symbol: str | None = None
    security_name: str | None = None
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    commission: Decimal | None = None
    pending_transaction_id: str | None = None
    row: int = 0
    raw: str = ""


class Owed(StrEnum):
    """The sign that a file gives to money owed on a card or a loan."""

    NEGATIVE = "negative"
    POSITIVE = "positive"


@dataclass(frozen=True, slots=True)
class ReportedStatement:
    """What one file says of one account.

    `signs_vary`: those who write this format differ in the sign of what is owed, whatever its
    standard says; `owed` is what the file's owner says of it.
    `holdings` is None when the source does not speak of positions at all, empty when it says that
    there are none.
    `first_date` and `last_date` bound the period that the file claims to cover, inclusive.
    """

    account: ReportedAccount
    transactions: Sequence[ReportedTransaction]
    holdings: Sequence[ReportedHolding] | None
    first_date: date | None
    last_date: date | None
    balance_date: date | None = None
    signs_vary: bool = False
    owed: Owed | None = None


@dataclass(frozen=True, slots=True)
class RowProblem:
    """Why a row cannot be read, without repeating what it says.

    `row` counts as in ReportedTransaction; 0 is the file as a whole. `field` is the source's own
    word for the place.
    """

    row: int
    field: str
    code: str
    message: str


class StatementUnreadable(Invalid):
    """A file that cannot be read whole, so nothing of it was.

    `rows` says why: 1 to 20 problems, in the order in which they were met.
    """

    slug = "statement_unreadable"

    def __init__(self, detail: str, *, rows: Sequence[RowProblem]) -> None:
        super().__init__(detail, field="file")
        self.rows = list(rows)
