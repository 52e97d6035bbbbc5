"""OFX files to be read in tests: what matters is given, the rest is there."""

from coffers.domain.ledger.statements import ReportedStatement, ReportedTransaction
from coffers.infrastructure.statements.ofx import read_ofx

SGML_HEADER = """OFXHEADER:100
DATA:OFXSGML
VERSION:102
SECURITY:NONE
ENCODING:USASCII
CHARSET:1252
COMPRESSION:NONE
OLDFILEUID:NONE
NEWFILEUID:NONE

"""
XML_HEADER = """<?xml version="1.0" encoding="UTF-8"?>
<?OFX OFXHEADER="200" VERSION="211" SECURITY="NONE" OLDFILEUID="NONE" NEWFILEUID="NONE"?>
"""
SIGN_ON = "<SIGNONMSGSRSV1><SONRS><STATUS><CODE>0<SEVERITY>INFO</STATUS><DTSERVER>20240201<FI><ORG>Bank of Test<FID>1</FI></SONRS></SIGNONMSGSRSV1>"  # noqa: E501 - as banks write it
CHECKING = "<BANKACCTFROM><BANKID>011<ACCTID>123456<ACCTTYPE>CHECKING</BANKACCTFROM>"
BALANCE = "<LEDGERBAL><BALAMT>100.00<DTASOF>20240131</LEDGERBAL>"


def row(
    amount: str = "-4.50", *, day: str = "20240115", fitid: str = "1", more: str = "<NAME>Coffee"
) -> str:
    """A STMTTRN."""
    trntype = "" if "<TRNTYPE>" in more else "<TRNTYPE>OTHER"
    return f"<STMTTRN>{trntype}<DTPOSTED>{day}<TRNAMT>{amount}<FITID>{fitid}{more}</STMTTRN>"


def bank(
    *rows: str, account: str = CHECKING, balances: str = BALANCE, currency: str = "<CURDEF>USD"
) -> str:
    """One bank account's statement of January 2024."""
    period = "<DTSTART>20240101<DTEND>20240131"
    movements = f"<BANKTRANLIST>{period}{''.join(rows)}</BANKTRANLIST>"
    statement = f"<STMTRS>{currency}{account}{movements}{balances}</STMTRS>"
    return f"<STMTTRNRS><TRNUID>1{statement}</STMTTRNRS>"


def card(*rows: str) -> str:
    """One credit card's statement."""
    account = "<CURDEF>USD<CCACCTFROM><ACCTID>4111</CCACCTFROM>"
    movements = f"<BANKTRANLIST><DTSTART>20240101<DTEND>20240131{''.join(rows)}</BANKTRANLIST>"
    balance = "<LEDGERBAL><BALAMT>-50.25<DTASOF>20240131</LEDGERBAL>"
    return f"<CCSTMTTRNRS><CCSTMTRS>{account}{movements}{balance}</CCSTMTRS></CCSTMTTRNRS>"


def investment(movements: str = "", positions: str = "", balance: str = "") -> str:
    """One investment account's statement."""
    account = "<CURDEF>USD<INVACCTFROM><BROKERID>broker.test<ACCTID>777</INVACCTFROM>"
    rows = f"<INVTRANLIST><DTSTART>20240101<DTEND>20240131{movements}</INVTRANLIST>"
    statement = f"<INVSTMTRS><DTASOF>20240131{account}{rows}{positions}{balance}</INVSTMTRS>"
    return f"<INVSTMTTRNRS>{statement}</INVSTMTTRNRS>"


def file(*statements: str, securities: str = "", header: str = SGML_HEADER) -> str:
    """A whole file."""
    listed = f"<SECLISTMSGSRSV1><SECLIST>{securities}</SECLIST></SECLISTMSGSRSV1>"
    return f"{header}<OFX>{SIGN_ON}{''.join(statements)}{listed if securities else ''}</OFX>"


def read(*statements: str, securities: str = "") -> list[ReportedStatement]:
    """What is read from these statements."""
    return read_ofx(file(*statements, securities=securities))


def read_row(text: str) -> ReportedTransaction:
    """What is read from one STMTTRN of a bank account."""
    (statement,) = read(bank(text))
    (transaction,) = statement.transactions
    return transaction


def read_movements(movements: str, securities: str = "") -> list[ReportedTransaction]:
    """What is read from the movements of an investment account."""
    (statement,) = read(investment(movements), securities=securities)
    return list(statement.transactions)
