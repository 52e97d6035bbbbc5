"""QIF, the Quicken Interchange Format: bank, card, cash and investment accounts.

A QIF file names no currency and writes dates as its author's computer did; both can be told. Dates
that can be read both ways, day first and month first, are refused rather than guessed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from coffers.domain.ledger.accounts import AccountType
from coffers.domain.ledger.statements import ReportedAccount, ReportedStatement
from coffers.infrastructure.statements.amounts import POINT, Marks, marks_of
from coffers.infrastructure.statements.dates import is_day_first, qif_day
from coffers.infrastructure.statements.qif_investments import InvestmentRows
from coffers.infrastructure.statements.qif_records import BankRows, Record
from coffers.infrastructure.statements.reading import Reading, described
from coffers.infrastructure.statements.refusals import unreadable

_TYPES: Final = {
    "401(k)/403(b)": AccountType.PLAN_401K,
    "bank": AccountType.CHECKING,
    "cash": AccountType.CASH,
    "ccard": AccountType.CREDIT_CARD,
    "invst": AccountType.BROKERAGE,
    "oth a": AccountType.OTHER,
    "oth l": AccountType.LOAN,
    "port": AccountType.BROKERAGE,
}
_INVESTMENT: Final = frozenset({AccountType.BROKERAGE, AccountType.PLAN_401K})
_SECURITIES: Final = "type:security"
_AMOUNTS: Final = "TIQO$"


@dataclass(slots=True)
class _Section:
    """What stands under one header: "type:bank", say, of the account named before."""

    header: str
    account_name: str
    records: list[Record] = field(default_factory=list)

    @property
    def account_type(self) -> AccountType | None:
        """None for what is not an account: categories, securities, prices."""
        return _TYPES.get(self.header.removeprefix("type:").strip())


def read_qif(
    text: str, *, default_currency: str | None = None, day_first: bool | None = None
) -> list[ReportedStatement]:
    """A statement for each account of the file; raises StatementUnreadable.

    A row is the line on which its record begins.
    """
    if default_currency is None:
        raise unreadable("currency_missing", "QIF names no currency: say which one it is.")
    sections = list(_sections(text))
    accounts = [section for section in sections if section.account_type is not None]
    if not accounts:
        raise unreadable("no_statement", "there is no account in the file.")
    reading = _reading(accounts, day_first=day_first)
    currency = reading.currency(default_currency, "currency")
    symbols = _symbols(sections)
    statements = [_statement(account, reading, symbols, currency) for account in accounts]
    reading.finish()
    return statements


def _sections(text: str) -> Iterator[_Section]:
    section, lines, begins, account_name = _Section("", ""), list[str](), 1, ""
    for number, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        if line.startswith("!"):
            yield section
            section, lines = _Section(line[1:].strip().lower(), account_name), []
        elif line.startswith("^") and lines:
            section.records.append(Record(begins, tuple(lines)))
            if section.header == "account":
                account_name = section.records[-1].value("N")
            lines = []
        elif line.strip("^ \t"):
            begins = begins if lines else number
            lines.append(line.strip())
    if lines:
        raise unreadable("truncated", "the file ends within a record.", field="row", row=begins)
    yield section


def _reading(accounts: Sequence[_Section], *, day_first: bool | None) -> Reading:
    records = [record for account in accounts for record in account.records]
    if day_first is None:
        day_first = is_day_first([record.value("D") for record in records])
    if day_first is None:
        message = "the dates can be read day first and month first: say which it is."
        raise unreadable("ambiguous_dates", message, field="D")
    return Reading(day=partial(qif_day, day_first=day_first), marks=_marks(records))


def _marks(records: Sequence[Record]) -> Marks | None:
    amounts = [record.value(code) for record in records for code in _AMOUNTS]
    return marks_of(amounts) if any("," in amount for amount in amounts) else POINT


def _symbols(sections: Sequence[_Section]) -> Mapping[str, str]:
    """The symbols of the securities by name, as far as the file lists them."""
    listed = [record for s in sections if s.header == _SECURITIES for record in s.records]
    return {record.value("N"): record.value("S") for record in listed if record.value("S")}


def _statement(
    account: _Section, reading: Reading, symbols: Mapping[str, str], currency: str
) -> ReportedStatement:
    account_type = account.account_type or AccountType.OTHER
    is_investment = account_type in _INVESTMENT
    rows = (
        InvestmentRows(reading, symbols, currency)
        if is_investment
        else BankRows(reading, currency, is_card=account_type is AccountType.CREDIT_CARD)
    )
    named = reading.identifier(account.account_name, "N")
    name = named or f"qif {account_type.replace('_', ' ')}"
    return ReportedStatement(
        account=ReportedAccount(
            provider_account_id=name,
            name=described(name),
            account_type=account_type,
            currency=currency,
            balance=None,
        ),
        transactions=[row for record in account.records for row in rows.read(record)],
        holdings=None,
        first_date=None,
        last_date=None,
    )
