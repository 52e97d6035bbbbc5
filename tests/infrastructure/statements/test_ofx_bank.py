from datetime import date
from decimal import Decimal

import pytest

from coffers.domain.ledger.accounts import AccountType
from coffers.domain.ledger.transactions import (
    TransactionStatus,
    TransactionSubtype,
    TransactionType,
)
from tests.infrastructure.statements.ofx_files import (
    BALANCE,
    CHECKING,
    bank,
    card,
    read,
    read_row,
    row,
)


def test_a_bank_statement_tells_account_balances_period_and_movements() -> None:
    available = "<AVAILBAL><BALAMT>80.00<DTASOF>20240131</AVAILBAL>"

    (statement,) = read(bank(row("-4.50", fitid="A1"), balances=BALANCE + available))

    assert statement.account.provider_account_id == "011:123456:CHECKING"
    assert statement.account.account_number == "123456"
    assert statement.account.name == "Bank of Test checking …3456"
    assert statement.account.account_type is AccountType.CHECKING
    assert statement.account.currency == "USD"
    assert statement.account.balance == Decimal("100.00")
    assert statement.account.available_balance == Decimal("80.00")
    assert statement.balance_date == date(2024, 1, 31)
    assert (statement.first_date, statement.last_date) == (date(2024, 1, 1), date(2024, 1, 31))
    assert statement.holdings is None
    (movement,) = statement.transactions
    assert movement.provider_transaction_id == "A1"
    assert movement.amount == Decimal("-4.50")
    assert movement.currency == "USD"
    assert movement.transaction_date == date(2024, 1, 15)
    assert movement.description == "Coffee"
    assert movement.status is TransactionStatus.SETTLED
    assert movement.row == 1


@pytest.mark.parametrize(
    ("acct_type", "expected"),
    [
        ("CHECKING", AccountType.CHECKING),
        ("SAVINGS", AccountType.SAVINGS),
        ("MONEYMRKT", AccountType.MONEY_MARKET),
        ("CREDITLINE", AccountType.LINE_OF_CREDIT),
        ("CD", AccountType.CD),
        ("NUMBERED", AccountType.OTHER),
    ],
)
def test_each_kind_of_bank_account_is_known(acct_type: str, expected: AccountType) -> None:
    account = f"<BANKACCTFROM><BANKID>011<ACCTID>1<ACCTTYPE>{acct_type}</BANKACCTFROM>"

    (statement,) = read(bank(account=account))

    assert statement.account.account_type is expected


def test_a_card_owes_what_its_balance_is_below_zero() -> None:
    (statement,) = read(card(row("-20.25", more="<TRNTYPE>DEBIT<NAME>Shop")))

    assert statement.account.account_type is AccountType.CREDIT_CARD
    assert statement.account.balance == Decimal("-50.25")
    assert statement.transactions[0].subtype is TransactionSubtype.PURCHASE


def test_several_accounts_of_a_file_come_in_its_order() -> None:
    savings = CHECKING.replace("CHECKING", "SAVINGS")

    statements = read(bank(row()), bank(row("5"), row("6", fitid="2"), account=savings), card())

    assert [len(statement.transactions) for statement in statements] == [1, 2, 0]
    assert [statement.account.account_type for statement in statements] == [
        AccountType.CHECKING,
        AccountType.SAVINGS,
        AccountType.CREDIT_CARD,
    ]


def test_the_same_number_is_another_account_at_another_bank_and_of_another_kind() -> None:
    elsewhere = CHECKING.replace("011", "022")
    savings = CHECKING.replace("CHECKING", "SAVINGS")

    statements = read(bank(), bank(account=elsewhere), bank(account=savings))

    assert len({statement.account.provider_account_id for statement in statements}) == 3


KINDS = [
    ("ATM", "-40", "atm", TransactionType.EXPENSE),
    ("ATM", "40", "deposit", TransactionType.TRANSFER),
    ("CASH", "-40", "withdrawal", TransactionType.TRANSFER),
    ("CHECK", "-40", "check", TransactionType.EXPENSE),
    ("CREDIT", "40", "deposit", TransactionType.TRANSFER),
    ("DEBIT", "-40", "payment", TransactionType.EXPENSE),
    ("DEP", "40", "deposit", TransactionType.TRANSFER),
    ("DIRECTDEBIT", "-40", "payment", TransactionType.EXPENSE),
    ("DIRECTDEP", "40", "salary", TransactionType.INCOME),
    ("DIV", "40", "dividend", TransactionType.INCOME),
    ("DIV", "-40", "dividend", TransactionType.INCOME),
    ("FEE", "-4", "account_fee", TransactionType.FEE),
    ("INT", "40", "interest", TransactionType.INCOME),
    ("INT", "-40", "other_fee", TransactionType.FEE),
    ("OTHER", "40", "unknown", TransactionType.OTHER),
    ("PAYMENT", "-40", "payment", TransactionType.EXPENSE),
    ("PAYMENT", "40", "transfer_in", TransactionType.TRANSFER),
    ("POS", "-40", "purchase", TransactionType.EXPENSE),
    ("REPEATPMT", "-40", "payment", TransactionType.EXPENSE),
    ("SRVCHG", "-4", "account_fee", TransactionType.FEE),
    ("XFER", "-40", "transfer_out", TransactionType.TRANSFER),
    ("XFER", "40", "transfer_in", TransactionType.TRANSFER),
    ("check", "-40", "check", TransactionType.EXPENSE),
]


@pytest.mark.parametrize(("trntype", "amount", "subtype", "type_"), KINDS)
def test_each_trntype_has_its_type_and_subtype(
    trntype: str, amount: str, subtype: str, type_: TransactionType
) -> None:
    movement = read_row(row(amount, more=f"<TRNTYPE>{trntype}<NAME>Somebody"))

    assert (movement.subtype, movement.transaction_type) == (subtype, type_)


@pytest.mark.parametrize(
    ("trntype", "amount", "name", "subtype"),
    [
        ("CREDIT", "0.01", "DIVIDEND EARNED FOR PERIOD OF 03", "dividend"),
        ("OTHER", "3.10", "Ordinary Dividend", "dividend"),
        ("DEP", "0.24", "INTEREST EARNED", "interest"),
        ("DEBIT", "-7.00", "INTEREST CHARGED", "other_fee"),
        ("OTHER", "-0.97", "LATE SETTLEMENT FEE", "other_fee"),
        ("CREDIT", "2500", "ACME PAYROLL", "salary"),
        ("DEBIT", "-25", "DIVIDEND FITNESS CLUB", "payment"),
        ("DEBIT", "-12", "PINTEREST ADS", "payment"),
        ("DEBIT", "-3.20", "COFFEE TO GO", "payment"),
    ],
)
def test_where_the_trntype_says_little_the_description_may_say_more(
    trntype: str, amount: str, name: str, subtype: str
) -> None:
    assert read_row(row(amount, more=f"<TRNTYPE>{trntype}<NAME>{name}")).subtype == subtype


@pytest.mark.parametrize(
    ("more", "description"),
    [
        ("<NAME>Coffee House<MEMO>Coffee House", "Coffee House"),
        ("<NAME>COFFEE<MEMO>POS MERCHANDISE;COFFEE HOUSE", "POS MERCHANDISE;COFFEE HOUSE"),
        ("<NAME>Coffee House<MEMO>Card 1234", "Coffee House Card 1234"),
        ("<MEMO>Only a memo", "Only a memo"),
        ("<PAYEE><NAME>Landlord<CITY>Town</PAYEE><MEMO>Rent", "Landlord Rent"),
        ("<NAME>Short<EXTDNAME>The long name", "The long name"),
        ("<TRNTYPE>CHECK<CHECKNUM>1001", "Check 1001"),
        ("<TRNTYPE>DEBIT", "Debit"),
    ],
)
def test_the_description_says_everything_once(more: str, description: str) -> None:
    assert read_row(row(more=more)).description == description


def test_a_description_keeps_its_first_500_characters() -> None:
    assert read_row(row(more=f"<MEMO>{'x' * 501}")).description == "x" * 500


def test_an_amount_in_another_currency_keeps_that_currency() -> None:
    foreign = "<NAME>Trade<CURRENCY><CURRATE>1.06<CURSYM>EUR</CURRENCY>"
    converted = "<NAME>Trade<ORIGCURRENCY><CURRATE>1.06<CURSYM>EUR</ORIGCURRENCY>"

    assert read_row(row(more=foreign)).currency == "EUR"
    assert read_row(row(more=converted)).currency == "USD"


def test_rows_in_two_currencies_stay_apart_in_one_statement() -> None:
    foreign = row("-2", fitid="2", more="<CURRENCY><CURRATE>1<CURSYM>EUR</CURRENCY>")

    (statement,) = read(bank(row("-1"), foreign, row("-3", fitid="3")))

    assert [one.currency for one in statement.transactions] == ["USD", "EUR", "USD"]


def test_a_hold_and_a_listed_pending_row_are_pending() -> None:
    hold = row(more="<TRNTYPE>HOLD<NAME>Hotel")
    pending = "<STMTTRNP><TRNTYPE>DEBIT<DTTRAN>20240130<TRNAMT>-9.99<NAME>Shop</STMTTRNP>"
    section = f"<BANKTRANLISTP><DTASOF>20240131{pending}</BANKTRANLISTP>"

    (statement,) = read(bank(hold, row("1", fitid="2"), balances=section + BALANCE))

    assert [one.status for one in statement.transactions] == [
        TransactionStatus.PENDING,
        TransactionStatus.SETTLED,
        TransactionStatus.PENDING,
    ]
    assert statement.transactions[2].transaction_date == date(2024, 1, 30)
    assert statement.transactions[2].provider_transaction_id is None


def test_a_correction_takes_the_place_of_the_row_that_it_corrects() -> None:
    replaced = row("-5", fitid="9", more="<CORRECTFITID>3<CORRECTACTION>REPLACE<NAME>Shop")
    deleted = row("-5", fitid="8", more="<CORRECTFITID>4<CORRECTACTION>DELETE<NAME>Shop")

    (statement,) = read(bank(row(), replaced, deleted))

    ordinary, replacement, cancelled = statement.transactions
    assert ordinary.pending_transaction_id is None
    assert replacement.provider_transaction_id == "9"
    assert replacement.pending_transaction_id == "3"
    assert cancelled.provider_transaction_id == "4"
    assert cancelled.status is TransactionStatus.CANCELLED


def test_a_row_without_an_id_has_none() -> None:
    nameless = "<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20240101<TRNAMT>-1<NAME>A</STMTTRN>"

    assert read_row(nameless).provider_transaction_id is None
    assert read_row(row(fitid="")).provider_transaction_id is None


def test_a_missing_balance_is_not_zero() -> None:
    (statement,) = read(bank(row(), balances=""))

    assert statement.account.balance is None
    assert statement.balance_date is None


def test_a_period_of_zeros_is_no_period() -> None:
    text = bank(row()).replace("<DTSTART>20240101<DTEND>20240131", "<DTSTART>00000000<DTEND>")

    (statement,) = read(text)

    assert (statement.first_date, statement.last_date) == (None, None)
