"""Movements from CSV files, read as their layout says."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import partial
from itertools import islice
from typing import Final

from coffers.domain.ledger.accounts import CREDIT_TYPES, INVESTMENT_TYPES, AccountType
from coffers.domain.ledger.statements import (
    ReportedAccount,
    ReportedStatement,
    ReportedTransaction,
    RowProblem,
    StatementUnreadable,
)
from coffers.domain.ledger.transactions import TYPE_OF, TransactionStatus
from coffers.domain.ledger.transactions import TransactionSubtype as Sub
from coffers.infrastructure.statements.amounts import Marks
from coffers.infrastructure.statements.csv_layout import CsvMapping
from coffers.infrastructure.statements.csv_sheet import Row, Sheet
from coffers.infrastructure.statements.dates import patterned_day
from coffers.infrastructure.statements.kinds import Book, kind_of_sign, moved
from coffers.infrastructure.statements.reading import Reading, described
from coffers.infrastructure.statements.refusals import unreadable

MAX_PREVIEW_ROWS: Final = 100

_NOTHING: Final = Decimal(0)
_BLANKS: Final = str.maketrans({"\xa0": " ", "\u202f": " "})


@dataclass(frozen=True, slots=True)
class CsvPreview:
    """What a layout makes of the first rows: the heading, and either movements or problems."""

    heading: Sequence[str]
    transactions: Sequence[ReportedTransaction]
    problems: Sequence[RowProblem]


def read_csv(
    text: str, mapping: CsvMapping, *, source: str, default_currency: str | None = None
) -> list[ReportedStatement]:
    """A statement for each account of the file; raises StatementUnreadable.

    A row is the line on which it ends. A file that names no account is told apart by its source,
    the name of its layout.
    """
    file = _CsvFile(text, mapping, source, default_currency)
    for row in file.sheet.rows():
        file.read(row)
    return file.statements()


def preview_csv(
    text: str, mapping: CsvMapping, *, rows: int = 20, default_currency: str | None = None
) -> CsvPreview:
    """The layout tried on the first rows, at most MAX_PREVIEW_ROWS.

    Raises StatementUnreadable only if there is nothing to show, as without its heading.
    """
    file = _CsvFile(text, mapping, "preview", default_currency)
    transactions: list[ReportedTransaction] = []
    problems: list[RowProblem] = []
    try:
        first = islice(file.sheet.rows(), min(rows, MAX_PREVIEW_ROWS))
        transactions = [file.read(row) for row in first]
        file.reading.finish()
    except StatementUnreadable as refusal:
        problems = refusal.rows
    return CsvPreview(file.sheet.heading, [] if problems else transactions, problems)


class _CsvFile:
    """One file on its way to statements, kept apart by account and currency."""

    def __init__(
        self, text: str, mapping: CsvMapping, source: str, default_currency: str | None
    ) -> None:
        self.reading = Reading(
            day=partial(patterned_day, patterns=mapping.date_formats()),
            marks=Marks(mapping.decimal, mapping.thousands),
        )
        self.sheet = Sheet(text, mapping)
        self._mapping = mapping
        self._source = source
        self._currency = mapping.currency or default_currency or ""
        self._book = _book_of(mapping.account_type)
        self._accounts: dict[tuple[str, str], _Account] = {}

    def read(self, row: Row) -> ReportedTransaction:
        """The movement of a row, kept for its account's statement."""
        self.reading.begin_row(row.line)
        raw = row.raw
        self.reading.check_text(raw, "row")
        if row.has_surplus():
            self.reading.refuse("row", "too_many_cells", "there are more cells than columns.")
        currency = self.reading.currency(row.first("currency") or self._currency, "currency")
        movement = self._movement(row, raw, currency)
        account_id = self.reading.identifier(" ".join(row.all("account")), "account")
        key = (account_id or "", currency)
        account = self._accounts.setdefault(key, _Account(*key))
        account.transactions.append(movement)
        if row.first("balance"):
            account.balances.append((movement.transaction_date, self._balance(row)))
        return movement

    def statements(self) -> list[ReportedStatement]:
        """One for each account met; raises StatementUnreadable if a row could not be read."""
        self.reading.finish()
        if not self._accounts:
            raise unreadable("no_rows", "there is no row under the heading.")
        has_currencies = bool(self.sheet.places["currency"])
        return [
            account.statement(self._mapping, self._source, has_currencies=has_currencies)
            for account in self._accounts.values()
        ]

    def _movement(self, row: Row, raw: str, currency: str) -> ReportedTransaction:
        reading, amount = self.reading, self._money(row)
        description = " ".join(row.all("description"))
        subtype = self._subtype(row, amount, description)
        return ReportedTransaction(
            provider_transaction_id=reading.identifier(row.first("id"), "id"),
            transaction_type=TYPE_OF[subtype],
            subtype=subtype,
            status=self._status(row),
            amount=amount,
            currency=currency,
            description=described(description or row.first("kind")),
            transaction_date=reading.day(row.first("date"), self.sheet.name_of("date")),
            settlement_date=reading.day_if_any(row.first("settlement_date"), "settlement_date"),
            symbol=reading.symbol(row.first("symbol"), "symbol"),
            security_name=described(row.first("security_name")) or None,
            quantity=moved(self._amount_if_any(row, "quantity"), subtype),
            unit_price=self._amount_if_any(row, "unit_price"),
            commission=self._commission(row),
            row=row.line,
            raw=raw,
        )

    def _money(self, row: Row) -> Decimal:
        """What the row does to the cash, minus being money out; securities may move without any."""
        if row.first("quantity") and not (
            row.first("amount") or row.first("debit") or row.first("credit")
        ):
            return _NOTHING
        if self._mapping.columns.amount is None:
            money = self._of_two_sides(row)
        else:
            money = self._directed(row, self._amount(row, "amount"))
        if self._mapping.positive_is == "money_out":
            money = -money
        return money - (self._amount_if_any(row, "fee") or _NOTHING)

    def _of_two_sides(self, row: Row) -> Decimal:
        debit, credit = self._amount_if_any(row, "debit"), self._amount_if_any(row, "credit")
        if debit is None and credit is None:
            self.reading.refuse(self.sheet.name_of("debit"), "missing", "there is no amount.")
        # Some banks sign what stands in the debit column, though the column says it.
        return abs(credit or _NOTHING) - abs(debit or _NOTHING)

    def _directed(self, row: Row, amount: Decimal) -> Decimal:
        if self._mapping.columns.direction is None:
            return amount
        word = row.first("direction")
        if _is_among(word, self._mapping.money_out_words):
            return -abs(amount)
        if not _is_among(word, self._mapping.money_in_words):
            message = "this is no word for money in or out."
            self.reading.refuse(self.sheet.name_of("direction"), "unknown_word", message)
        return abs(amount)

    def _subtype(self, row: Row, amount: Decimal, description: str) -> Sub:
        kind = row.first("kind").casefold()
        for rule in self._mapping.kinds:
            if kind.startswith(rule.begins.casefold()):
                return rule.outgoing or rule.subtype if amount < 0 else rule.subtype
        return kind_of_sign(description, amount, self._book)

    def _status(self, row: Row) -> TransactionStatus:
        word = row.first("status")
        if _is_among(word, self._mapping.pending_words):
            return TransactionStatus.PENDING
        if _is_among(word, self._mapping.cancelled_words):
            return TransactionStatus.CANCELLED
        return TransactionStatus.SETTLED

    def _commission(self, row: Row) -> Decimal | None:
        name = self.sheet.name_of("commission")
        costs = [self.reading.amount(self._bare(text), name) for text in row.all("commission")]
        return abs(sum(costs, _NOTHING)) if costs else None

    def _balance(self, row: Row) -> Decimal:
        balance = self._amount(row, "balance")
        return -balance if self._mapping.positive_is == "money_out" else balance

    def _amount(self, row: Row, field: str) -> Decimal:
        return self.reading.amount(self._bare(row.first(field)), self.sheet.name_of(field))

    def _amount_if_any(self, row: Row, field: str) -> Decimal | None:
        return self._amount(row, field) if row.first(field) else None

    def _bare(self, text: str) -> str:
        """The number without the currency symbols of the layout; (1) is accountants' -1."""
        for symbol in self._mapping.currency_symbols:
            text = text.replace(symbol, "")
        text = text.translate(_BLANKS).strip()
        return f"-{text[1:-1]}" if text.startswith("(") and text.endswith(")") else text


@dataclass(slots=True)
class _Account:
    number: str
    currency: str
    transactions: list[ReportedTransaction] = field(default_factory=list)
    balances: list[tuple[date, Decimal]] = field(default_factory=list)

    def statement(
        self, mapping: CsvMapping, source: str, *, has_currencies: bool
    ) -> ReportedStatement:
        name = self.number or source
        balance_date, balance = self._last_balance()
        return ReportedStatement(
            account=ReportedAccount(
                provider_account_id=f"{name}:{self.currency}" if has_currencies else name,
                name=described(name),
                account_type=mapping.account_type,
                currency=self.currency,
                balance=balance,
                account_number=self.number or None,
            ),
            transactions=self.transactions,
            holdings=None,
            first_date=None,
            last_date=None,
            balance_date=balance_date,
        )

    def _last_balance(self) -> tuple[date, Decimal] | tuple[None, None]:
        """The running balance of the newest row, which is the first or the last one."""
        if not self.balances:
            return None, None
        first, last = self.balances[0], self.balances[-1]
        if first[0] == last[0] and len(self.balances) > 1:
            return None, None
        return first if first[0] > last[0] else last


def _book_of(account_type: AccountType) -> Book:
    if account_type in INVESTMENT_TYPES:
        return Book.INVESTMENT
    return Book.CARD if account_type in CREDIT_TYPES else Book.BANK


def _is_among(word: str, words: Sequence[str]) -> bool:
    return word.casefold() in {other.casefold() for other in words}
