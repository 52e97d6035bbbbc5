"""Each preset reads a file as its bank or broker writes it."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest

from coffers.domain.ledger.accounts import AccountType
from coffers.domain.ledger.statements import ReportedStatement, ReportedTransaction
from coffers.domain.ledger.transactions import TransactionStatus
from coffers.infrastructure.statements.csv_presets import csv_presets
from coffers.infrastructure.statements.formats import detect, format_named
from coffers.infrastructure.statements.parse import parse_statements

FILES: Final = Path(__file__).parent / "files"
UNMARKED: Final = {"wells_fargo"}
SLUGS: Final = [preset.slug for preset in csv_presets()]


def statements(slug: str) -> list[ReportedStatement]:
    content = (FILES / f"{slug}.csv").read_bytes()
    return parse_statements(content, file_name=f"{slug}.csv", format=format_named(slug))


def brief(movement: ReportedTransaction) -> tuple[str, str, str]:
    return f"{movement.transaction_date:%m-%d}", str(movement.amount), movement.subtype


EXPECTED: Final = {
    "csv": [
        ("01-31", "-3.20", "payment"),
        ("01-30", "12.00", "dividend"),
        ("01-30", "-20.00", "buy"),
        ("01-29", "-80.00", "purchase"),
    ],
    "american_express": [("01-31", "-1045.10", "purchase"), ("01-20", "500.00", "transfer_in")],
    "bank_of_america": [("01-02", "-12.34", "payment"), ("01-31", "2500.00", "salary")],
    "bank_of_america_card": [("01-15", "-45.60", "purchase"), ("01-16", "100.00", "transfer_in")],
    "capital_one": [("01-31", "1.23", "interest"), ("01-30", "-20.00", "payment")],
    "capital_one_card": [
        ("01-30", "-40.00", "purchase"),
        ("01-20", "150.00", "transfer_in"),
        ("01-19", "-2.50", "other_fee"),
    ],
    "chase_card": [
        ("01-30", "-15.49", "purchase"),
        ("01-25", "300.00", "transfer_in"),
        ("01-24", "20.00", "purchase"),
    ],
    "chase_checking": [
        ("01-31", "-4.50", "purchase"),
        ("01-30", "-100.00", "check"),
        ("01-29", "1200.00", "salary"),
    ],
    "fidelity": [
        ("01-31", "-255.00", "buy"),
        ("01-30", "5.53", "dividend"),
        ("01-29", "59.99", "sell"),
        ("01-26", "0", "expiration"),
    ],
    "ing_de": [("01-31", "-3.65", "payment"), ("01-30", "1000.00", "salary")],
    "n26": [("01-31", "-2.5", "purchase"), ("01-30", "20", "deposit")],
    "n26_until_2023": [("01-31", "-2.5", "purchase"), ("01-30", "-700.0", "payment")],
    "revolut": [
        ("01-30", "-10.50", "purchase"),
        ("01-28", "100.00", "deposit"),
        ("01-31", "-50.00", "purchase"),
        ("01-27", "-8.00", "purchase"),
        ("01-26", "5.00", "transfer_in"),
    ],
    "schwab": [
        ("01-31", "-1254.95", "buy"),
        ("01-30", "5.53", "dividend"),
        ("01-29", "49.34", "short_sell"),
        ("01-28", "-5.53", "buy"),
        ("01-27", "0", "split"),
        ("01-26", "-500.00", "withdrawal"),
    ],
    "vanguard": [
        ("01-31", "-400.00", "buy"),
        ("01-30", "7.10", "dividend"),
        ("01-30", "-7.10", "buy"),
        ("01-29", "400.00", "internal"),
    ],
    "wells_fargo": [("01-31", "-25.00", "payment"), ("01-30", "1000.00", "salary")],
}


@pytest.mark.parametrize("slug", SLUGS)
def test_each_preset_reads_its_bank_s_files(slug: str) -> None:
    rows = sorted(
        (one for statement in statements(slug) for one in statement.transactions),
        key=lambda one: one.row,
    )

    assert [brief(one) for one in rows] == EXPECTED[slug]


@pytest.mark.parametrize("slug", [slug for slug in SLUGS if slug not in UNMARKED])
def test_each_preset_is_recognised_by_its_headings(slug: str) -> None:
    content = (FILES / f"{slug}.csv").read_bytes()

    assert detect(content, "download.csv").slug == slug


@pytest.mark.parametrize("slug", SLUGS)
def test_no_dividend_of_any_preset_is_something_else(slug: str) -> None:
    for statement in statements(slug):
        for one in statement.transactions:
            assert ("dividend" in one.description.lower()) <= (one.subtype in {"dividend", "buy"})


def test_a_broker_s_trades_carry_their_details() -> None:
    (statement,) = statements("fidelity")
    bought, dividend, sold, expired = statement.transactions

    assert statement.account.account_type is AccountType.BROKERAGE
    assert (bought.symbol, bought.security_name) == ("ACME", "ACME CORP")
    assert (bought.quantity, bought.unit_price) == (Decimal(10), Decimal("25.00"))
    assert bought.commission == Decimal("5.00")
    assert bought.settlement_date == date(2024, 2, 2)
    assert dividend.quantity is None
    assert (sold.quantity, expired.quantity) == (Decimal(-3), Decimal(-1))
    assert statement.account.balance == Decimal("1000.00")


def test_a_split_adds_shares() -> None:
    (statement,) = statements("schwab")
    by_kind = {one.subtype: one for one in statement.transactions}

    assert by_kind["split"].quantity == Decimal(90)  # type: ignore[index]  # StrEnum members are text
    assert by_kind["short_sell"].quantity == Decimal(-1)  # type: ignore[index]  # likewise
    assert by_kind["short_sell"].commission == Decimal("0.66")  # type: ignore[index]  # likewise


def test_accounts_and_currencies_of_one_file_are_kept_apart() -> None:
    pockets = statements("revolut")

    assert [(one.account.provider_account_id, len(one.transactions)) for one in pockets] == [
        ("Current:GBP", 4),
        ("Savings:EUR", 1),
    ]
    assert [one.account.balance for one in pockets] == [Decimal("89.50"), Decimal("5.00")]


def test_pending_and_reverted_rows_say_so() -> None:
    current, _ = statements("revolut")

    assert [one.status for one in current.transactions] == [
        TransactionStatus.SETTLED,
        TransactionStatus.SETTLED,
        TransactionStatus.PENDING,
        TransactionStatus.CANCELLED,
    ]


def test_umlauts_of_a_german_file_are_read() -> None:
    (statement,) = statements("ing_de")

    assert statement.transactions[0].description == "Bäckerei Müller Brötchen"
    assert statement.account.currency == "EUR"
    assert statement.account.balance == Decimal("1234.56")


def test_the_bank_s_own_reference_is_the_id() -> None:
    (card,) = statements("bank_of_america_card")

    assert [one.provider_transaction_id for one in card.transactions] == ["24000001", "24000002"]


def test_the_running_balance_is_no_part_of_the_wording() -> None:
    (statement,) = statements("chase_checking")

    assert statement.transactions[0].raw == "DEBIT|01/31/2024|COFFEE, INC|-4.50|DEBIT_CARD||"
    assert [one.row for one in statement.transactions] == [2, 3, 4]
    assert statement.balance_date == date(2024, 1, 31)


def test_the_generic_layout_takes_all_that_we_know() -> None:
    cash, depot, dollars = statements("csv")

    assert cash.account.provider_account_id == "Cash box:EUR"
    assert cash.account.balance == Decimal("96.80")
    assert dollars.transactions[0].status is TransactionStatus.PENDING
    bought = depot.transactions[0]
    assert (bought.symbol, bought.quantity, bought.commission) == (
        "ACME",
        Decimal(4),
        Decimal("1.00"),
    )
    assert bought.provider_transaction_id == "G3"
