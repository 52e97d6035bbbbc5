"""ISO 20022 CAMT.053, bank-to-customer statements, versions 02 to 08.

Read whatever the version's namespace: what is used here has the same place in all of them.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

from coffers.domain.ledger.accounts import AccountType
from coffers.domain.ledger.statements import ReportedAccount, ReportedStatement, ReportedTransaction
from coffers.infrastructure.statements.amounts import Marks
from coffers.infrastructure.statements.camt053_entries import Entries, signed_amount, text_at
from coffers.infrastructure.statements.dates import iso_day
from coffers.infrastructure.statements.reading import Reading, described
from coffers.infrastructure.statements.refusals import unreadable

#: The standard nests 12 deep.
MAX_DEPTH: Final = 50

_ACCOUNT_TYPES: Final = {
    "CARD": AccountType.CREDIT_CARD,
    "LOAN": AccountType.LOAN,
    "MOMA": AccountType.MONEY_MARKET,
    "ODFT": AccountType.LINE_OF_CREDIT,
    "SVGS": AccountType.SAVINGS,
}
_CLOSING: Final = ("CLBD", "ITBD")
_AVAILABLE: Final = ("CLAV", "ITAV")


def read_camt053(content: bytes) -> list[ReportedStatement]:
    """Every statement of the file in its order; raises StatementUnreadable.

    A row is an entry, counted through the whole file.
    """
    reading = Reading(day=iso_day, marks=Marks(".", ""))
    entries = Entries(reading)
    statements: list[ReportedStatement] = []
    transactions: list[ReportedTransaction] = []
    for element in _closed_elements(content):
        if element.tag == "Ntry":
            transactions += entries.read(element)
            element.clear()
        elif element.tag == "Stmt":
            reading.row = 0
            statements.append(_statement(element, transactions, reading))
            transactions = []
            element.clear()
    reading.finish()
    if not statements:
        raise unreadable("no_statement", "there is no account statement in the file.")
    return statements


def _closed_elements(content: bytes) -> Iterator[Element]:
    """Each element when it is complete, its name without the namespace."""
    depth = 0
    try:
        for event, element in iterparse(BytesIO(content), ("start", "end"), forbid_dtd=True):
            if event == "end":
                depth -= 1
                yield element
                continue
            depth += 1
            if depth > MAX_DEPTH:
                raise unreadable("too_deep", f"elements are nested at most {MAX_DEPTH} deep.")
            element.tag = element.tag.rpartition("}")[2]
    except DefusedXmlException as error:
        raise unreadable("doctype", "a document type is not accepted.") from error
    except ParseError as error:
        message = f"the XML is broken or ends early, at line {error.position[0]}."
        raise unreadable("bad_xml", message) from error


def _statement(
    statement: Element, transactions: list[ReportedTransaction], reading: Reading
) -> ReportedStatement:
    balance, balance_date, balance_currency = _balance(statement, _CLOSING, reading)
    available, _, _ = _balance(statement, _AVAILABLE, reading)
    currency = text_at(statement, "Acct/Ccy") or balance_currency
    if not currency and transactions:
        currency = transactions[0].currency
    return ReportedStatement(
        account=_account(statement, reading, currency, balance, available),
        transactions=transactions,
        holdings=None,
        first_date=reading.day_if_any(text_at(statement, "FrToDt/FrDtTm", "FrToDt/FrDt"), "FrToDt"),
        last_date=reading.day_if_any(text_at(statement, "FrToDt/ToDtTm", "FrToDt/ToDt"), "FrToDt"),
        balance_date=balance_date,
    )


def _account(
    statement: Element,
    reading: Reading,
    currency: str,
    balance: Decimal | None,
    available: Decimal | None,
) -> ReportedAccount:
    number = reading.identifier(text_at(statement, "Acct/Id/IBAN", "Acct/Id/Othr/Id"), "Acct")
    if number is None:
        reading.refuse("Acct", "missing", "the number of the account is missing.")
    kind, code = text_at(statement, "Acct/Tp/Cd"), reading.currency(currency, "Ccy")
    return ReportedAccount(
        # Banks keep one number for the accounts that a customer has in several currencies.
        provider_account_id=f"{number or ''}:{code}",
        name=described(
            text_at(statement, "Acct/Nm") or f"{_bank(statement)} …{(number or '')[-4:]}".strip()
        ),
        account_type=_ACCOUNT_TYPES.get(kind, AccountType.CHECKING),
        currency=code,
        balance=balance,
        available_balance=available,
        account_number=number,
    )


def _bank(statement: Element) -> str:
    institution = "Acct/Svcr/FinInstnId"
    return text_at(statement, f"{institution}/Nm", f"{institution}/BICFI", f"{institution}/BIC")


def _balance(
    statement: Element, codes: tuple[str, ...], reading: Reading
) -> tuple[Decimal | None, date | None, str]:
    """The last balance of the first of these codes that there is, its date and currency."""
    for code in codes:
        for balance in reversed(statement.findall("Bal")):
            amount = balance.find("Amt")
            if text_at(balance, "Tp/CdOrPrtry/Cd") == code and amount is not None:
                money, currency = signed_amount(amount, text_at(balance, "CdtDbtInd"), reading)
                day = reading.day_if_any(text_at(balance, "Dt/Dt", "Dt/DtTm"), "Dt")
                return money, day, currency
    return None, None, ""
