"""Accounts: where money and positions are kept."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol
from uuid import UUID

from coffers.domain.errors import Conflict, NotFound
from coffers.domain.ids import UserId
from coffers.domain.linking.syncs import Counts
from coffers.domain.money import money_digits

if TYPE_CHECKING:
    from coffers.domain.ledger.statements import ReportedAccount

#: The source of accounts that their owner keeps by hand; all others are provider slugs.
MANUAL: Final = "manual"
MAX_ACCOUNTS: Final = 1_000
SHOWN_DIGITS: Final = 4


class AccountType(StrEnum):
    """What kind of account it is."""

    BROKERAGE = "brokerage"
    IRA = "ira"
    ROTH_IRA = "roth_ira"
    SEP_IRA = "sep_ira"
    SIMPLE_IRA = "simple_ira"
    PLAN_401K = "401k"
    PLAN_403B = "403b"
    HSA = "hsa"
    EDUCATION = "education"
    TRUST = "trust"
    CHECKING = "checking"
    SAVINGS = "savings"
    MONEY_MARKET = "money_market"
    CD = "cd"
    CREDIT_CARD = "credit_card"
    LINE_OF_CREDIT = "line_of_credit"
    LOAN = "loan"
    MORTGAGE = "mortgage"
    CASH = "cash"
    OTHER = "other"


INVESTMENT_TYPES = frozenset(
    {
        AccountType.BROKERAGE,
        AccountType.IRA,
        AccountType.ROTH_IRA,
        AccountType.SEP_IRA,
        AccountType.SIMPLE_IRA,
        AccountType.PLAN_401K,
        AccountType.PLAN_403B,
        AccountType.HSA,
        AccountType.EDUCATION,
        AccountType.TRUST,
    }
)
RETIREMENT_TYPES = frozenset(
    {
        AccountType.IRA,
        AccountType.ROTH_IRA,
        AccountType.SEP_IRA,
        AccountType.SIMPLE_IRA,
        AccountType.PLAN_401K,
        AccountType.PLAN_403B,
        AccountType.HSA,
    }
)
BANK_TYPES = frozenset(
    {AccountType.CHECKING, AccountType.SAVINGS, AccountType.MONEY_MARKET, AccountType.CD}
)
CREDIT_TYPES = frozenset(
    {
        AccountType.CREDIT_CARD,
        AccountType.LINE_OF_CREDIT,
        AccountType.LOAN,
        AccountType.MORTGAGE,
    }
)


@dataclass(frozen=True, slots=True)
class Account:
    """One account. A balance of None is not known; a credit balance is negative when money is owed.

    `connection_id` is None for accounts kept by hand or fed from files. `account_number` is sealed
    for this account's id. `deactivated_at` is when its provider stopped reporting it.
    """

    id: UUID
    user_id: UserId
    source: str
    name: str
    account_type: AccountType
    currency: str
    created_at: datetime
    updated_at: datetime
    connection_id: UUID | None = None
    provider_account_id: str | None = None
    account_number: bytes | None = None
    account_number_masked: str | None = None
    balance: Decimal | None = None
    available_balance: Decimal | None = None
    cash_balance: Decimal | None = None
    opening_balance: Decimal | None = None
    deactivated_at: datetime | None = None
    last_synced_at: datetime | None = None
    version: int = 1

    @property
    def is_active(self) -> bool:
        """Whether it is still reported, or kept by hand."""
        return self.deactivated_at is None

    @property
    def adds_up(self) -> bool:
        """Whether its balance is what it opened with and its entries, unknown without the former.

        So are accounts kept by hand, and those from files whose owner said what they opened with.
        """
        is_ours = self.source == MANUAL or self.opening_balance is not None
        return is_ours and self.connection_id is None

    @property
    def holds_apart(self) -> bool:
        """Whether its balance is its money alone, so that what it holds comes on top of it.

        So are accounts that add up, and those from files that do not tell the money apart. A
        provider's balance, and that of a file that tells the money too, counts securities already.
        """
        return self.connection_id is None and (self.adds_up or self.cash_balance is None)

    @property
    def money(self) -> Decimal | None:
        """What of its balance is money; None when nobody said."""
        if self.holds_apart or (self.connection_id is not None and not self.is_investment):
            return self.balance
        return self.cash_balance

    @property
    def is_investment(self) -> bool:
        """Whether it is made for securities."""
        return self.account_type in INVESTMENT_TYPES

    @property
    def is_retirement(self) -> bool:
        """Whether it is meant for old age."""
        return self.account_type in RETIREMENT_TYPES

    @property
    def is_bank(self) -> bool:
        """Whether it is a bank's deposit."""
        return self.account_type in BANK_TYPES

    @property
    def is_credit(self) -> bool:
        """Whether money is owed on it."""
        return self.account_type in CREDIT_TYPES

    def as_reported(self, row: "ReportedAccount", now: datetime, seal: "Seal") -> "Account":
        """This account brought up to what its source says now.

        What the source does not say stays as it was; `updated_at` moves only when something
        changed, `last_synced_at` always.
        """
        balance, available, cash = _balances(self, row)
        number, shown = _number(self, row, seal)
        told = replace(
            self,
            name=row.name,
            account_type=row.account_type,
            currency=row.currency,
            balance=balance,
            available_balance=available,
            cash_balance=cash,
            account_number=number,
            account_number_masked=shown,
            deactivated_at=None,
        )
        stamped = told if told == self else replace(told, updated_at=now)
        return replace(stamped, last_synced_at=now)


#: Encrypts an account number for the account with this id.
Seal = Callable[[str, UUID], bytes]


def _balances(known: Account, row: "ReportedAccount") -> list[Decimal | None]:
    told = (row.balance, row.available_balance, row.cash_balance)
    kept = (known.balance, known.available_balance, known.cash_balance)
    if row.currency != known.currency:
        # Amounts of another currency say nothing any more.
        kept = (None, None, None)
    return [
        before if amount is None else money_digits(amount, row.currency)
        for amount, before in zip(told, kept, strict=True)
    ]


def _number(known: Account, row: "ReportedAccount", seal: Seal) -> tuple[bytes | None, str | None]:
    shown = None if row.account_number is None else masked(row.account_number)
    if row.account_number is None or shown == known.account_number_masked:
        return known.account_number, known.account_number_masked
    return seal(row.account_number, known.id), shown


def masked(number: str) -> str:
    """The last four characters behind stars; only stars when there are not more than four."""
    return "****" + (number[-SHOWN_DIGITS:] if len(number) > SHOWN_DIGITS else "")


@dataclass(frozen=True, slots=True)
class AccountOrigin:
    """Where reported accounts come from: a connection, or the files of one source."""

    user_id: UserId
    source: str
    connection_id: UUID | None = None


class Accounts(Protocol):
    """Where accounts are kept."""

    async def add(self, account: Account) -> None:
        """Raises TooManyAccounts."""
        ...

    async def get(self, user_id: UserId, account_id: UUID) -> Account:
        """Locked for this transaction; raises AccountNotFound, or NotYours for someone else's."""
        ...

    async def of_origin(self, origin: AccountOrigin) -> list[Account]:
        """All from there, locked for this transaction, deactivated ones too, oldest first."""
        ...

    async def update(self, account: Account, *, expected_version: int | None = None) -> Account:
        """As stored, its version one higher.

        Raises PreconditionFailed when the version is not the expected one.
        """
        ...

    async def merge_reported(
        self,
        origin: AccountOrigin,
        rows: Sequence["ReportedAccount"],
        *,
        now: datetime,
        seal: Seal,
    ) -> tuple[list[Account], Counts]:
        """Add and update, matched on the source's own id; those not reported stay as they are.

        Answers the accounts in the order of the rows. Raises TooManyAccounts.
        """
        ...

    async def replace_reported(
        self,
        origin: AccountOrigin,
        rows: Sequence["ReportedAccount"],
        *,
        now: datetime,
        seal: Seal,
    ) -> tuple[list[Account], Counts]:
        """Likewise, and deactivate those of the origin that are not reported any more."""
        ...

    async def delete(self, account: Account) -> None:
        """With its transactions, holdings and snapshots."""
        ...


class AccountNotFound(NotFound):
    """There is no such account."""


class AccountNotManual(Conflict):
    """The account's provider says what it is: it can be neither edited nor deleted here."""

    slug = "account_not_manual"


class TooManyAccounts(Conflict):
    """No more accounts fit."""

    slug = "too_many_accounts"
