"""The accounts of OFX statements, and what becomes of their records."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Final

from coffers.domain.ledger.accounts import AccountType
from coffers.domain.ledger.statements import (
    ReportedAccount,
    ReportedHolding,
    ReportedStatement,
    ReportedTransaction,
)
from coffers.infrastructure.statements.kinds import Book
from coffers.infrastructure.statements.reading import Reading, described

BOOKS: Final = {"STMTRS": Book.BANK, "CCSTMTRS": Book.CARD, "INVSTMTRS": Book.INVESTMENT}
_BANK_TYPES: Final = {
    "CD": AccountType.CD,
    "CHECKING": AccountType.CHECKING,
    "CREDITLINE": AccountType.LINE_OF_CREDIT,
    "MONEYMRKT": AccountType.MONEY_MARKET,
    "SAVINGS": AccountType.SAVINGS,
}
_NOTHING: Final = Decimal(0)


@dataclass(slots=True)
class OpenStatement:
    """One account's statement while its records go by; `balance` is the cash of investments."""

    book: Book
    number: str
    account_id: str
    account_type: AccountType
    currency: str
    institution: str
    balance: Decimal | None = None
    available: Decimal | None = None
    first_date: date | None = None
    last_date: date | None = None
    balance_date: date | None = None
    transactions: list[ReportedTransaction] = field(default_factory=list)
    holdings: list[ReportedHolding] | None = None

    def closed(self) -> ReportedStatement:
        """The statement as the ledger wants it."""
        return ReportedStatement(
            account=self._account(),
            transactions=self.transactions,
            holdings=self.holdings,
            first_date=self.first_date,
            last_date=self.last_date,
            balance_date=self.balance_date,
            # As the account's holder sees it (OFX 2.2, 3.2.9.2): a debt below zero. Not all obey.
            signs_vary=True,
        )

    def _account(self) -> ReportedAccount:
        is_investment = self.book is Book.INVESTMENT
        kind = self.account_type.replace("_", " ")
        return ReportedAccount(
            provider_account_id=self.account_id,
            name=described(f"{self.institution} {kind} …{self.number[-4:]}".strip()),
            account_type=self.account_type,
            currency=self.currency,
            balance=self._net_worth() if is_investment else self.balance,
            available_balance=self.available,
            account_number=self.number,
            cash_balance=self.balance if is_investment else None,
        )

    def _net_worth(self) -> Decimal | None:
        """Cash and positions together; None if one is unknown, or the currencies differ."""
        if self.balance is None or self.holdings is None:
            return None
        if any(holding.currency != self.currency for holding in self.holdings):
            return None
        return sum((holding.market_value for holding in self.holdings), self.balance)


def opened(
    tag: str,
    fields: Mapping[str, str],
    reading: Reading,
    *,
    default_currency: str | None,
    institution: str,
) -> OpenStatement:
    """The statement that a STMTRS, CCSTMTRS or INVSTMTRS opens."""
    book, number = BOOKS[tag], reading.identifier(fields.get("ACCTID", ""), "ACCTID")
    if not number:
        reading.refuse("ACCTID", "missing", "the number of the account is missing.")
    return OpenStatement(
        book=book,
        number=number or "",
        account_id=reading.identifier(_account_id(number or "", fields), "ACCTID") or "",
        account_type=_account_type(book, fields),
        currency=reading.currency(fields.get("CURDEF") or default_currency or "", "CURDEF"),
        institution=institution,
        balance_date=reading.day_if_any(fields.get("DTASOF"), "DTASOF"),
    )


def cash_of(fields: Mapping[str, str], reading: Reading) -> Decimal | None:
    """The cash of an INVBAL. Money owed on margin counts, unless AVAILCASH already shows it."""
    cash = reading.amount_if_any(fields.get("AVAILCASH"), "AVAILCASH")
    margin = reading.amount_if_any(fields.get("MARGINBALANCE"), "MARGINBALANCE")
    if cash is None or margin is None or cash < 0:
        return cash
    return cash + min(margin, _NOTHING)


def _account_id(number: str, fields: Mapping[str, str]) -> str:
    """Numbers repeat among institutions and, at some, among the kinds of account of one member."""
    institution = fields.get("BANKID") or fields.get("BROKERID")
    return ":".join(filter(None, (institution, number, fields.get("ACCTTYPE"))))


def _account_type(book: Book, fields: Mapping[str, str]) -> AccountType:
    if book is Book.BANK:
        return _BANK_TYPES.get(fields.get("ACCTTYPE", "").upper(), AccountType.OTHER)
    return AccountType.CREDIT_CARD if book is Book.CARD else AccountType.BROKERAGE
