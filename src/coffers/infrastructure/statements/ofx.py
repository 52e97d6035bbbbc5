"""OFX 1.x (SGML), 2.x (XML) and QFX: bank, card and investment statements, several to a file."""

from collections.abc import Callable, Mapping
from typing import Final

from coffers.domain.ledger.accounts import AccountType
from coffers.domain.ledger.statements import ReportedStatement
from coffers.infrastructure.statements.amounts import POINT, Marks, marks_of
from coffers.infrastructure.statements.dates import ofx_day
from coffers.infrastructure.statements.ofx_accounts import OpenStatement, cash_of, opened
from coffers.infrastructure.statements.ofx_bank import BankRows
from coffers.infrastructure.statements.ofx_investments import InvestmentRows
from coffers.infrastructure.statements.ofx_plain_rows import PlainRows
from coffers.infrastructure.statements.ofx_securities import PositionRows, Record, Securities
from coffers.infrastructure.statements.ofx_tags import (
    MOVEMENTS,
    POSITIONS,
    STATEMENTS,
    Run,
    Tags,
    tags_of,
)
from coffers.infrastructure.statements.reading import MAX_ROW_CHARACTERS, Reading
from coffers.infrastructure.statements.refusals import unreadable
from coffers.infrastructure.statements.text import has_controls

_ROWS: Final = MOVEMENTS | POSITIONS
_AMOUNTS: Final = frozenset(
    {
        *("AVAILCASH", "BALAMT", "COMMISSION", "FEES", "FRACCASH", "LOAD", "MARGINBALANCE"),
        *("MKTVAL", "NEWUNITS", "OLDUNITS", "TOTAL", "TRNAMT", "UNITPRICE", "UNITS"),
    }
)


def read_ofx(text: str, default_currency: str | None = None) -> list[ReportedStatement]:
    """Every statement of the file in its order; raises StatementUnreadable.

    A row is one record of a movement or position, counted through the whole file. The currency is
    a stand-in for statements that name none.
    """
    tags = tags_of(text)
    is_doubtful = has_controls(text) or "&#" in text
    return _File(tags, default_currency, is_doubtful=is_doubtful).statements()


class _File:
    """Sends each record to its reader. A doubtful file has characters that are not text."""

    def __init__(self, tags: Tags, default_currency: str | None, *, is_doubtful: bool) -> None:
        self._runs = list(tags.runs())
        self._default_currency = default_currency
        self._is_doubtful = is_doubtful
        self._reading = Reading(day=ofx_day, marks=_marks(tags))
        self._securities = Securities(self._runs)
        self._institution = ""
        self._statements: list[OpenStatement] = []
        self._bank_rows: BankRows
        self._investment_rows: InvestmentRows
        self._position_rows: PositionRows

    def statements(self) -> list[ReportedStatement]:
        """Every statement; raises StatementUnreadable."""
        row = 1
        for run in self._runs:
            if run.name in _ROWS:
                self._reading.begin_rows(row, len(run))
                self._rows(run)
                row += len(run)
            elif isinstance(run, Run):
                self._sections(run)
        self._reading.finish()
        if not self._statements:
            raise unreadable("no_statement", "there is no account statement in the file.")
        return [statement.closed() for statement in self._statements]

    def _rows(self, run: Run | PlainRows) -> None:
        if not self._statements:
            message = "a row stands before any account."
            raise unreadable("no_account", message, row=1, field=run.name)
        statement, raws = self._statements[-1], run.raws()
        if self._is_doubtful or max(map(len, raws)) > MAX_ROW_CHARACTERS:
            self._reading.check_texts(raws, run.name)
        if run.name == "STMTTRN":
            statement.transactions += self._bank_rows.settled(run, raws)
        elif run.name == "STMTTRNP":
            statement.transactions += self._bank_rows.pending(run, raws)
        elif isinstance(run, Run):
            self._investments(statement, run, raws)

    def _investments(self, statement: OpenStatement, run: Run, raws: list[str]) -> None:
        for fields, raw in zip(run.records, raws, strict=True):
            record = Record(run.name, fields, raw)
            if run.name in POSITIONS:
                statement.holdings = statement.holdings or []
                statement.holdings.append(self._position_rows.read(record))
            else:
                statement.transactions += self._investment_rows.read(record)
            self._reading.row += 1

    def _sections(self, run: Run) -> None:
        self._reading.row = 0
        for fields, raw in zip(run.records, run.raws(), strict=True):
            self._reading.check_text(raw, run.name)
            self._section(run.name, fields)

    def _section(self, name: str, fields: Mapping[str, str]) -> None:
        if name in STATEMENTS:
            self._open(name, fields)
        elif name == "FI":
            self._institution = fields.get("ORG", "")
        elif self._statements and name in _SECTIONS:
            _SECTIONS[name](self._statements[-1], fields, self._reading)

    def _open(self, name: str, fields: Mapping[str, str]) -> None:
        reading = self._reading
        statement = opened(
            name,
            fields,
            reading,
            default_currency=self._default_currency,
            institution=self._institution,
        )
        currency = statement.currency
        self._bank_rows = BankRows(reading, currency=currency, book=statement.book)
        self._investment_rows = InvestmentRows(reading, self._securities, currency=currency)
        self._position_rows = PositionRows(reading, self._securities, currency=currency)
        self._statements.append(statement)


def _marks(tags: Tags) -> Marks | None:
    """How the file punctuates its numbers: as OFX wants it, unless one of them has a comma."""
    amounts = list(tags.values(_AMOUNTS))
    return marks_of(amounts) if "," in "".join(amounts) else POINT


def _span(statement: OpenStatement, fields: Mapping[str, str], reading: Reading) -> None:
    statement.first_date = reading.day_if_any(fields.get("DTSTART"), "DTSTART")
    statement.last_date = reading.day_if_any(fields.get("DTEND"), "DTEND")


def _ledger_balance(statement: OpenStatement, fields: Mapping[str, str], reading: Reading) -> None:
    statement.balance = reading.amount_if_any(fields.get("BALAMT"), "BALAMT")
    statement.balance_date = reading.day_if_any(fields.get("DTASOF"), "DTASOF")


def _available(statement: OpenStatement, fields: Mapping[str, str], reading: Reading) -> None:
    statement.available = reading.amount_if_any(fields.get("BALAMT"), "BALAMT")


def _cash(statement: OpenStatement, fields: Mapping[str, str], reading: Reading) -> None:
    statement.balance = cash_of(fields, reading)


def _positions(statement: OpenStatement, _fields: Mapping[str, str], _reading: Reading) -> None:
    statement.holdings = statement.holdings or []


def _plan(statement: OpenStatement, _fields: Mapping[str, str], _reading: Reading) -> None:
    statement.account_type = AccountType.PLAN_401K


_SECTIONS: Final[dict[str, Callable[[OpenStatement, Mapping[str, str], Reading], None]]] = {
    "AVAILBAL": _available,
    "BANKTRANLIST": _span,
    "INV401K": _plan,
    "INV401KBAL": _plan,
    "INVBAL": _cash,
    "INVPOSLIST": _positions,
    "INVTRANLIST": _span,
    "LEDGERBAL": _ledger_balance,
}
