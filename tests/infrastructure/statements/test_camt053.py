from datetime import date
from decimal import Decimal

import pytest

from coffers.domain.ledger.accounts import AccountType
from coffers.domain.ledger.statements import ReportedStatement, ReportedTransaction
from coffers.domain.ledger.transactions import TransactionStatus
from coffers.infrastructure.statements import reading
from coffers.infrastructure.statements.camt053 import MAX_DEPTH
from coffers.infrastructure.statements.parse import parse_statements
from tests.infrastructure.statements.refusals import code_of, codes_of

FEW_ROWS = 20
IBAN = "DE89370400440532013000"


def amount(value: str, side: str, *, currency: str = "EUR") -> str:
    return f'<Amt Ccy="{currency}">{value}</Amt><CdtDbtInd>{side}</CdtDbtInd>'


def entry(
    value: str = "12.50",
    side: str = "DBIT",
    *,
    status: str = "<Sts>BOOK</Sts>",
    more: str = "<AcctSvcrRef>R1</AcctSvcrRef>",
    booked: str = "<BookgDt><Dt>2024-01-10</Dt></BookgDt>",
) -> str:
    valued = "<ValDt><Dt>2024-01-11</Dt></ValDt>"
    return f"<Ntry><NtryRef>1</NtryRef>{amount(value, side)}{status}{booked}{valued}{more}</Ntry>"


def balance(code: str, value: str, side: str = "CRDT", day: str = "2024-01-31") -> str:
    kind = f"<Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
    return f"<Bal>{kind}{amount(value, side)}<Dt><Dt>{day}</Dt></Dt></Bal>"


def statement(
    *entries: str,
    account: str = f"<Id><IBAN>{IBAN}</IBAN></Id><Ccy>EUR</Ccy>",
    balances: str = balance("OPBD", "50.00", day="2024-01-01") + balance("CLBD", "100.00"),
) -> str:
    period = (
        "<FrToDt><FrDtTm>2024-01-01T00:00:00+01:00</FrDtTm>"
        "<ToDtTm>2024-01-31T23:59:59+01:00</ToDtTm></FrToDt>"
    )
    return f"<Stmt><Id>S</Id>{period}<Acct>{account}</Acct>{balances}{''.join(entries)}</Stmt>"


def document(*statements: str, version: str = "02") -> bytes:
    namespace = f"urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"
    header = "<GrpHdr><MsgId>M</MsgId></GrpHdr>"
    body = f"<BkToCstmrStmt>{header}{''.join(statements)}</BkToCstmrStmt>"
    return f'<?xml version="1.0"?><Document xmlns="{namespace}">{body}</Document>'.encode()


def parsed(content: bytes) -> list[ReportedStatement]:
    return parse_statements(content, file_name="a.xml")


def movements(*entries: str) -> list[ReportedTransaction]:
    (only,) = parsed(document(statement(*entries)))
    return list(only.transactions)


def details(*payments: str) -> str:
    return f"<NtryDtls>{''.join(f'<TxDtls>{one}</TxDtls>' for one in payments)}</NtryDtls>"


@pytest.mark.parametrize("version", ["02", "03", "04", "05", "06", "07", "08"])
def test_a_statement_of_each_version_is_read(version: str) -> None:
    (one,) = parsed(document(statement(entry()), version=version))

    assert one.account.provider_account_id == f"{IBAN}:EUR"
    assert one.account.account_number == IBAN
    assert one.account.account_type is AccountType.CHECKING
    assert one.account.balance == Decimal("100.00")
    assert one.balance_date == date(2024, 1, 31)
    assert (one.first_date, one.last_date) == (date(2024, 1, 1), date(2024, 1, 31))
    (movement,) = one.transactions
    assert movement.amount == Decimal("-12.50")
    assert movement.transaction_date == date(2024, 1, 10)
    assert movement.settlement_date == date(2024, 1, 11)
    assert movement.provider_transaction_id == "R1"
    assert movement.row == 1


def test_the_side_gives_the_sign() -> None:
    first, second = movements(
        entry("1", "DBIT"), entry("2", "CRDT", more="<RvslInd>true</RvslInd>")
    )

    assert [first.amount, second.amount] == [Decimal(-1), Decimal(2)]


def test_an_overdrawn_account_has_a_balance_below_zero_and_what_is_available() -> None:
    balances = (
        balance("PRCD", "9") + balance("CLBD", "20.00", "DBIT") + balance("CLAV", "80.00", "CRDT")
    )

    (one,) = parsed(document(statement(balances=balances)))

    assert one.account.balance == Decimal("-20.00")
    assert one.account.available_balance == Decimal("80.00")


def test_without_a_closing_balance_the_interim_one_counts_and_none_is_none() -> None:
    interim, none = parsed(
        document(
            statement(balances=balance("ITBD", "1") + balance("ITBD", "7")),
            statement(balances="", account="<Id><Othr><Id>1</Id></Othr></Id><Ccy>CHF</Ccy>"),
        )
    )

    assert interim.account.balance == Decimal(7)
    assert none.account.balance is None
    assert none.account.provider_account_id == "1:CHF"


@pytest.mark.parametrize("form", ["<Sts>{}</Sts>", "<Sts><Cd>{}</Cd></Sts>"])
def test_entries_are_booked_or_pending_and_notes_are_left_out(form: str) -> None:
    booked, pending = movements(
        *(
            entry(str(at), status=form.format(code))
            for at, code in enumerate(["BOOK", "PDNG", "INFO"])
        )
    )

    assert booked.status is TransactionStatus.SETTLED
    assert pending.status is TransactionStatus.PENDING


def test_a_pending_entry_without_booking_date_has_its_value_date() -> None:
    (movement,) = movements(entry(booked="", status="<Sts>PDNG</Sts>"))

    assert movement.transaction_date == date(2024, 1, 11)


@pytest.mark.parametrize("party", ["<Nm>Power Co</Nm>", "<Pty><Nm>Power Co</Nm></Pty>"])
def test_the_other_party_and_the_purpose_are_the_description(party: str) -> None:
    purpose = "<RmtInf><Ustrd>Bill</Ustrd><Ustrd>No. 7</Ustrd></RmtInf>"
    parties = f"<RltdPties><Dbtr><Nm>Myself</Nm></Dbtr><Cdtr>{party}</Cdtr></RltdPties>"

    (movement,) = movements(entry(more=details(parties + purpose)))

    assert movement.description == "Power Co Bill No. 7"


def test_without_a_party_the_bank_s_own_words_count() -> None:
    (movement,) = movements(entry(more="<AddtlNtryInf>Quarterly statement fee</AddtlNtryInf>"))

    assert movement.description == "Quarterly statement fee"


@pytest.mark.parametrize(
    ("code", "side", "subtype"),
    [
        ("PMNT RCDT SALA", "CRDT", "salary"),
        ("PMNT RDDT ESDD", "DBIT", "payment"),
        ("PMNT CCRD POSD", "DBIT", "purchase"),
        ("PMNT CCRD CWDL", "DBIT", "atm"),
        ("PMNT CNTR CDPT", "CRDT", "deposit"),
        ("PMNT RCHQ CCHQ", "DBIT", "check"),
        ("PMNT MDOP CHRG", "DBIT", "account_fee"),
        ("ACMT MDOP INTR", "CRDT", "interest"),
        ("ACMT MDOP INTR", "DBIT", "other_fee"),
        ("SECU CORP DVCA", "CRDT", "dividend"),
        ("PMNT ICDT ESCT", "CRDT", "deposit"),
    ],
)
def test_the_bank_transaction_code_tells_the_kind(code: str, side: str, subtype: str) -> None:
    domain, family, sub = code.split()
    families = f"<Fmly><Cd>{family}</Cd><SubFmlyCd>{sub}</SubFmlyCd></Fmly>"
    written = f"<BkTxCd><Domn><Cd>{domain}</Cd>{families}</Domn></BkTxCd>"

    assert movements(entry(side=side, more=written))[0].subtype == subtype


def test_a_batch_becomes_one_movement_for_each_payment_if_they_make_it_up() -> None:
    payments = [
        f"<Refs><AcctSvcrRef>P{number}</AcctSvcrRef></Refs>{amount(value, 'DBIT')}"
        f"<RmtInf><Ustrd>Wage {number}</Ustrd></RmtInf>"
        for number, value in enumerate(["4.00", "8.50"], 1)
    ]

    first, second = movements(entry("12.50", more=details(*payments)))

    assert [first.amount, second.amount] == [Decimal("-4.00"), Decimal("-8.50")]
    assert [first.provider_transaction_id, second.provider_transaction_id] == ["P1", "P2"]
    assert [first.description, second.description] == ["Wage 1", "Wage 2"]
    assert first.row == second.row == 1
    assert first.raw != second.raw


@pytest.mark.parametrize(
    "payments",
    [
        (amount("4.00", "DBIT"), amount("8.00", "DBIT")),
        (amount("4.00", "DBIT", currency="USD"), amount("8.50", "DBIT")),
        ("<Refs/>", "<Refs/>"),
    ],
)
def test_a_batch_that_its_payments_do_not_make_up_stays_one(payments: tuple[str, ...]) -> None:
    (movement,) = movements(entry("12.50", more=details(*payments)))

    assert movement.amount == Decimal("-12.50")


def test_amounts_of_payments_may_stand_in_their_details() -> None:
    inner = '<AmtDtls><TxAmt><Amt Ccy="EUR">{}</Amt></TxAmt></AmtDtls>'

    parts = movements(entry("3", more=details(inner.format("1"), inner.format("2"))))

    assert [part.amount for part in parts] == [Decimal(-1), Decimal(-2)]


def test_the_number_of_an_entry_in_its_statement_is_no_id() -> None:
    (movement,) = movements(entry(more=""))

    assert movement.provider_transaction_id is None


def test_daily_statements_of_an_account_become_one() -> None:
    later = balance("CLBD", "7.00", day="2024-02-01")

    (one,) = parsed(document(statement(entry()), statement(entry("1"), balances=later)))

    assert len(one.transactions) == 2
    assert one.account.balance == Decimal("7.00")


def test_one_iban_in_two_currencies_is_two_accounts() -> None:
    dollars = f"<Id><IBAN>{IBAN}</IBAN></Id><Ccy>USD</Ccy>"

    statements = parsed(document(statement(), statement(account=dollars, balances="")))

    assert [one.account.provider_account_id for one in statements] == [f"{IBAN}:EUR", f"{IBAN}:USD"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [("SVGS", AccountType.SAVINGS), ("LOAN", AccountType.LOAN), ("CACC", AccountType.CHECKING)],
)
def test_the_account_s_type_is_told(code: str, expected: AccountType) -> None:
    account = f"<Id><IBAN>{IBAN}</IBAN></Id><Tp><Cd>{code}</Cd></Tp><Ccy>EUR</Ccy><Nm>Mine</Nm>"

    (one,) = parsed(document(statement(account=account)))

    assert one.account.account_type is expected
    assert one.account.name == "Mine"


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        (entry("NaN"), (2, "Amt", "not_a_number")),
        (entry("1,000.00"), (2, "Amt", "not_a_number")),
        (entry(booked="<BookgDt><Dt>2024-02-30</Dt></BookgDt>"), (2, "BookgDt", "not_a_date")),
        (entry(booked="<BookgDt><Dt>9999-12-31</Dt></BookgDt>"), (2, "BookgDt", "out_of_range")),
        (entry(side="BOTH"), (2, "CdtDbtInd", "missing")),
        (entry().replace('Ccy="EUR"', 'Ccy="???"'), (2, "Ccy", "not_a_currency")),
        (entry(more=f"<AddtlNtryInf>{'x' * 10_001}</AddtlNtryInf>"), (2, "Ntry", "too_long")),
    ],
)
def test_a_bad_entry_is_told_by_its_number(bad: str, expected: tuple[int, str, str]) -> None:
    assert codes_of(lambda: movements(entry(), bad)) == [expected]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (document(statement(entry()))[:-20], "bad_xml"),
        (document().replace(b"<GrpHdr>", b"<GrpHdr>\x01"), "bad_xml"),
        (document(), "no_statement"),
        (document(statement(account="<Ccy>EUR</Ccy>")), "missing"),
        (document("<A>" * MAX_DEPTH + "</A>" * MAX_DEPTH), "too_deep"),
    ],
)
def test_what_is_no_statement_is_refused(content: bytes, code: str) -> None:
    assert code_of(lambda: parsed(content)) == code


def test_elements_are_nested_at_most_50_deep() -> None:
    deep = MAX_DEPTH - 2  # in Document and BkToCstmrStmt

    assert parsed(document("<A>" * deep + "</A>" * deep, statement()))


def test_a_file_has_at_most_so_many_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_ROWS", FEW_ROWS)
    small = '<Ntry><Amt Ccy="EUR">1</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>INFO</Sts></Ntry>'

    assert parsed(document(statement(small * FEW_ROWS)))
    assert code_of(lambda: parsed(document(statement(small * (FEW_ROWS + 1))))) == "too_many_rows"
