from datetime import date
from decimal import Decimal

from coffers.domain.ledger.statements import ReportedStatement
from coffers.infrastructure.statements.parse import parse_statements
from tests.infrastructure.statements.ofx_files import (
    BALANCE,
    CHECKING,
    bank,
    file,
    investment,
    row,
)


def parsed(*statements: str) -> list[ReportedStatement]:
    return parse_statements(file(*statements).encode(), file_name="a.ofx")


def ids(statement: ReportedStatement) -> list[str | None]:
    return [one.provider_transaction_id for one in statement.transactions]


def test_an_id_that_repeats_in_an_account_is_not_trusted_on_any_of_its_rows() -> None:
    (statement,) = parsed(bank(row("1", fitid="X"), row("2", fitid="Y"), row("3", fitid="X")))

    assert ids(statement) == [None, "Y", None]


def test_two_identical_coffees_stay_two() -> None:
    (statement,) = parsed(bank(row(fitid=""), row(fitid="")))

    assert ids(statement) == [None, None]
    first, second = statement.transactions
    assert first.raw == second.raw


def test_the_same_id_in_two_accounts_is_trusted_in_both() -> None:
    savings = CHECKING.replace("CHECKING", "SAVINGS")

    one, other = parsed(bank(row("-5", fitid="T")), bank(row("5", fitid="T"), account=savings))

    assert ids(one) == ids(other) == ["T"]


def test_both_movements_of_a_reinvestment_lose_an_id_that_repeats() -> None:
    tran = "<INVTRAN><FITID>R<DTTRADE>20240110</INVTRAN><SECID><UNIQUEID>1</SECID>"
    reinvested = f"<REINVEST>{tran}<INCOMETYPE>DIV<TOTAL>-1<UNITS>1</REINVEST>"
    fee = f"<INVEXPENSE>{tran}<TOTAL>-1</INVEXPENSE>"

    (statement,) = parsed(investment(reinvested + fee))
    (alone,) = parsed(investment(reinvested))

    assert ids(statement) == [None, None, None]
    assert ids(alone) == ["R:income", "R"]


def test_statements_of_one_account_become_one() -> None:
    january = bank(row("1", fitid="1"))
    february = bank(
        row("2", day="20240210", fitid="2"),
        balances="<LEDGERBAL><BALAMT>7.00<DTASOF>20240229</LEDGERBAL>",
    ).replace("<DTSTART>20240101<DTEND>20240131", "<DTSTART>20240201<DTEND>20240229")

    (statement,) = parsed(february, january)

    assert ids(statement) == ["2", "1"]
    assert statement.account.balance == Decimal("7.00")
    assert statement.balance_date == date(2024, 2, 29)
    assert (statement.first_date, statement.last_date) == (date(2024, 1, 1), date(2024, 2, 29))


def test_a_row_that_stands_in_two_overlapping_statements_counts_once() -> None:
    shared = row("1", fitid="S")

    (statement,) = parsed(bank(shared, row(fitid="A")), bank(shared, row(fitid="B")))

    assert ids(statement) == ["S", "A", "B"]


def test_the_positions_of_the_latest_statement_that_tells_any_count() -> None:
    position = "<POSSTOCK><SECID><UNIQUEID>{}</SECID><UNITS>1<MKTVAL>1</POSSTOCK>"
    old = investment("", f"<INVPOSLIST>{position.format('old')}</INVPOSLIST>")
    new = investment("", f"<INVPOSLIST>{position.format('new')}</INVPOSLIST>")
    newest = investment("").replace("<DTASOF>20240131", "<DTASOF>20240229")

    (statement,) = parsed(new.replace("<DTASOF>20240131", "<DTASOF>20240205"), old, newest)

    assert [one.symbol for one in statement.holdings or ()] == ["new"]
    assert statement.balance_date == date(2024, 2, 29)


def test_one_number_in_two_currencies_is_two_accounts() -> None:
    dollars, euros = parsed(bank(row()), bank(row(), currency="<CURDEF>EUR", balances=BALANCE))

    assert dollars.account.provider_account_id == "011:123456:CHECKING:USD"
    assert euros.account.provider_account_id == "011:123456:CHECKING:EUR"
