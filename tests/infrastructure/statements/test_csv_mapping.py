from decimal import Decimal

import pytest

from coffers.domain.ledger.accounts import AccountType
from coffers.domain.ledger.statements import ReportedStatement
from coffers.domain.ledger.transactions import TransactionStatus
from coffers.infrastructure.statements.csv_layout import (
    MAX_COLUMNS,
    MAX_RULES,
    CsvMapping,
    csv_mapping,
)
from coffers.infrastructure.statements.csv_rows import MAX_PREVIEW_ROWS
from coffers.infrastructure.statements.csv_sheet import MAX_PREAMBLE_LINES
from coffers.infrastructure.statements.parse import parse_statements, preview
from coffers.infrastructure.statements.reading import MAX_ROW_CHARACTERS
from tests.infrastructure.statements.refusals import code_of, codes_of, problems_of

COLUMNS = {"date": "Date", "amount": "Amount", "description": "Text"}
LAYOUT = {"columns": COLUMNS, "date_format": "%d.%m.%Y", "currency": "EUR"}
HEADING = "Date,Text,Amount\n"


def layout(**more: object) -> CsvMapping:
    return csv_mapping(LAYOUT | more)


def columns(**more: object) -> CsvMapping:
    return layout(columns=COLUMNS | more)


def parsed(text: str, mapping: CsvMapping | None = None) -> list[ReportedStatement]:
    return parse_statements(text.encode(), file_name="a.csv", mapping=mapping or layout())


def amounts(text: str, mapping: CsvMapping | None = None) -> list[Decimal]:
    return [one.amount for statement in parsed(text, mapping) for one in statement.transactions]


def test_a_mapping_of_the_caller_s_own_reads_a_file_in_no_known_layout() -> None:
    mapping = csv_mapping(
        {
            "columns": {"date": "Tag", "debit": "Soll", "credit": "Haben", "description": "Text"},
            "date_format": "%d.%m.%y",
            "delimiter": ";",
            "decimal": ",",
            "thousands": ".",
            "skip_lines": 2,
            "encoding": "ISO-8859-1",
            "currency": "CHF",
            "account_type": "savings",
        }
    )
    rows = "31.01.24;Miete;1.200,50;\n30.01.24;Lohn für Mai;;2.000,00\n"
    text = f"Bank\nKonto 1\nTag;Text;Soll;Haben\n{rows}"

    (statement,) = parse_statements(text.encode("latin-1"), file_name="a.csv", mapping=mapping)

    assert statement.account.account_type is AccountType.SAVINGS
    assert statement.account.currency == "CHF"
    assert [(one.description, one.amount, one.row) for one in statement.transactions] == [
        ("Miete", Decimal("-1200.50"), 4),
        ("Lohn für Mai", Decimal("2000.00"), 5),
    ]


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"columns": {"amount": "A"}}, "mapping.columns", "date"),
        ({"columns": {"date": "D"}}, "mapping.columns", "amount"),
        ({"columns": {"date": "D", "debit": "S"}}, "mapping.columns", "debit and credit"),
        ({"columns": COLUMNS | {"debit": "S", "credit": "H"}}, "mapping.columns", "either"),
        ({"columns": COLUMNS | {"colour": "C"}}, "mapping.columns", "colour"),
        ({"columns": COLUMNS | {"amount": 0}}, "mapping.columns.amount", ">= 1"),
        ({"columns": COLUMNS | {"amount": MAX_COLUMNS + 1}}, "mapping.columns.amount", "<= 100"),
        ({"columns": COLUMNS | {"description": []}}, "mapping.columns.description", ">= 1"),
        ({"date_format": "%H:%M"}, "mapping", "date_format"),
        ({"date_format": ["%d/%m/%Y", "%m/%d/%Y"]}, "mapping", "differ"),
        ({"delimiter": "x"}, "mapping.delimiter", "allowed"),
        ({"decimal": "·"}, "mapping.decimal", "allowed"),
        ({"decimal": ",", "thousands": ","}, "mapping", "differ"),
        ({"encoding": "zlib"}, "mapping", "encoding"),
        ({"currency": "XYZ"}, "mapping", "currency"),
        ({"skip_lines": -1}, "mapping.skip_lines", ">= 0"),
        ({"skip_lines": 101}, "mapping.skip_lines", "<= 100"),
        ({"account_type": "piggy bank"}, "mapping.account_type", "allowed"),
        ({"kinds": [["x", "theft"]]}, "mapping.kinds[0][1]", "allowed"),
        ({"pending_words": ["x"] * (MAX_RULES + 1)}, "mapping.pending_words", "<= 200"),
        ({"pending_words": ["x" * 201]}, "mapping.pending_words[0]", "<= 200"),
        ({"pending_words": [""]}, "mapping.pending_words[0]", ">= 1"),
        ({"money_in_words": ["In"]}, "mapping", "direction"),
        ({"columns": COLUMNS | {"direction": "D"}}, "mapping", "direction"),
        ({"has_header": False}, "mapping", "place"),
        ({"sniff": True}, "mapping", "sniff"),
    ],
)
def test_a_wrong_mapping_is_refused_with_its_place_and_reason(
    change: dict[str, object], field: str, words: str
) -> None:
    (problem,) = problems_of(lambda: layout(**change))

    assert (problem.row, problem.field, problem.code) == (0, field, "bad_mapping")
    assert words in problem.message


def test_a_refusal_of_a_mapping_does_not_repeat_it() -> None:
    (problem,) = problems_of(lambda: layout(account_type="\ud800 secret"))

    assert "secret" not in problem.message


def test_columns_may_be_told_by_their_place() -> None:
    mapping = csv_mapping(
        LAYOUT | {"columns": {"date": 1, "amount": 3, "description": 2}, "has_header": False}
    )

    assert amounts("31.01.2024,Shop,-1.00\n", mapping) == [Decimal("-1.00")]


def test_headings_are_found_whatever_their_case_and_the_lines_before() -> None:
    assert amounts("\nAccount 1\n date , TEXT,amount\n31.01.2024,x,1\n") == [1]


def test_the_heading_is_looked_for_in_the_first_200_lines() -> None:
    row = HEADING + "31.01.2024,x,1\n"

    assert amounts("note\n" * (MAX_PREAMBLE_LINES - 1) + row) == [1]
    assert code_of(lambda: amounts("note\n" * MAX_PREAMBLE_LINES + row)) == "no_heading"


def test_a_missing_column_is_named() -> None:
    (problem,) = problems_of(lambda: parsed("Date,Text\n31.01.2024,x\n"))

    assert problem.code == "no_heading"
    assert "Amount" in problem.message


def test_an_optional_column_may_be_missing_and_the_first_filled_counts() -> None:
    mapping = columns(date=["Booked?", "Date"], id="Ref?")
    text = "Booked,Date,Text,Amount\n,31.01.2024,x,1\n30.01.2024,31.01.2024,y,2\n"

    (statement,) = parsed(text, mapping)

    assert [one.transaction_date.day for one in statement.transactions] == [31, 30]
    assert statement.transactions[0].provider_transaction_id is None


def test_a_sign_may_mean_the_other_direction() -> None:
    assert amounts(HEADING + "31.01.2024,x,5\n", layout(positive_is="money_out")) == [-5]


def test_the_balance_of_such_a_card_is_what_is_owed() -> None:
    mapping = layout(
        columns=COLUMNS | {"balance": "Balance"},
        positive_is="money_out",
        account_type="credit_card",
    )

    (statement,) = parsed("Date,Text,Amount,Balance\n31.01.2024,x,5,25\n", mapping)

    assert statement.account.balance == Decimal(-25)


def test_a_word_may_say_the_direction() -> None:
    mapping = layout(
        columns=COLUMNS | {"direction": "Af Bij"},
        money_in_words=["Bij"],
        money_out_words=["Af"],
    )
    heading = "Date,Text,Amount,Af Bij\n"

    assert amounts(heading + "31.01.2024,x,5,Af\n31.01.2024,x,5,BIJ\n", mapping) == [-5, 5]
    assert codes_of(lambda: amounts(heading + "31.01.2024,x,5,Zijwaarts\n", mapping)) == [
        (2, "Af Bij", "unknown_word")
    ]


@pytest.mark.parametrize(
    ("row", "expected"), [("5,", "-5"), ("-5,", "-5"), (",5", "5"), ("0,5", "5"), ("5,0", "-5")]
)
def test_of_two_sides_the_filled_one_counts(row: str, expected: str) -> None:
    mapping = csv_mapping(LAYOUT | {"columns": {"date": "D", "debit": "Out", "credit": "In"}})

    assert amounts(f"D,Out,In\n31.01.2024,{row}\n", mapping) == [Decimal(expected)]


def test_an_amount_that_is_missing_is_not_zero() -> None:
    sides = csv_mapping(LAYOUT | {"columns": {"date": "D", "debit": "Out", "credit": "In"}})

    assert codes_of(lambda: amounts("D,Out,In\n31.01.2024,,\n", sides)) == [(2, "Out", "missing")]
    assert codes_of(lambda: amounts(HEADING + "31.01.2024,x,\n")) == [(2, "Amount", "missing")]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ('"$1,234.50"', "1234.50"),
        ("-$5", "-5"),
        ("$-5", "-5"),
        ("($5.00)", "-5.00"),
        ("+5", "5"),
        ("5 $", "5"),
    ],
)
def test_declared_symbols_and_accountants_brackets_are_understood(
    written: str, expected: str
) -> None:
    mapping = layout(currency_symbols=["$"], thousands=",")

    assert amounts(f"{HEADING}31.01.2024,x,{written}\n", mapping) == [Decimal(expected)]


@pytest.mark.parametrize("space", [" ", "\xa0", "\u202f"])
def test_thousands_may_be_told_by_spaces_of_all_kinds(space: str) -> None:
    mapping = layout(decimal=",", thousands=" ")

    assert amounts(f'{HEADING}31.01.2024,x,"1{space}234,50"\n', mapping) == [Decimal("1234.50")]


@pytest.mark.parametrize("written", ["$5", "5 EUR", '"1,5"', '"1,000"', "NaN", "1E+999", "(5", "٥"])
def test_an_amount_that_the_layout_does_not_foresee_is_refused(written: str) -> None:
    assert codes_of(lambda: amounts(f"{HEADING}31.01.2024,x,{written}\n")) == [
        (2, "Amount", "not_a_number")
    ]


def test_words_tell_kinds_and_states() -> None:
    mapping = layout(
        columns=COLUMNS | {"kind": "Kind", "status": "State"},
        kinds=[["card", "purchase"], ["transfer", "transfer_in", "transfer_out"]],
        pending_words=["open"],
        cancelled_words=["gone"],
    )
    rows = ["-1,Card payment,", "2,Transfer,open", "-2,TRANSFER,Gone", "3,other,done"]
    text = "Date,Text,Amount,Kind,State\n" + "".join(f"31.01.2024,x,{row}\n" for row in rows)

    (statement,) = parsed(text, mapping)

    assert [one.subtype for one in statement.transactions] == [
        "purchase",
        "transfer_in",
        "transfer_out",
        "deposit",
    ]
    assert [one.status for one in statement.transactions] == [
        TransactionStatus.SETTLED,
        TransactionStatus.PENDING,
        TransactionStatus.CANCELLED,
        TransactionStatus.SETTLED,
    ]


def test_rows_that_are_none_may_be_skipped_and_the_end_may_be_told() -> None:
    mapping = layout(skip_rows=[["Text", "Balance of"]], ends_at=["Total"])
    text = HEADING + "31.01.2024,Balance of May,\n30.01.2024,x,1\n\n29.01.2024,y,2\nTotal,,3\nx\n"

    assert amounts(text, mapping) == [1, 2]


def test_a_blank_line_may_be_the_end() -> None:
    text = HEADING + "31.01.2024,x,1\n\n\nNote: 30.01.2024, x, 2\n"

    assert amounts(text, layout(ends_at_blank_line=True)) == [1]


def test_a_shifted_row_is_refused() -> None:
    assert codes_of(lambda: amounts(HEADING + "31.01.2024,Tom, Dick,1\n"))[0] == (
        2,
        "row",
        "too_many_cells",
    )
    assert amounts(HEADING + "31.01.2024,x,1,,\n") == [1]


def test_a_cell_may_hold_delimiters_and_line_ends_in_quotes() -> None:
    (statement,) = parsed(HEADING + '31.01.2024,"Tom, ""Dick""\nand Harry",1\n30.01.2024,y,2\n')

    assert statement.transactions[0].description == 'Tom, "Dick"\nand Harry'
    assert [one.row for one in statement.transactions] == [3, 4]


@pytest.mark.parametrize(
    "text",
    ['31.01.2024,"x,1\n30.01.2024,y,2\n', '31.01.2024,"x"y,1\n', f"31.01.2024,{'x' * 140_000},1\n"],
)
def test_broken_quotes_and_endless_cells_are_refused(text: str) -> None:
    assert code_of(lambda: amounts(HEADING + text)) == "bad_csv"


def test_bad_rows_are_told_by_line_and_column() -> None:
    text = HEADING + "31.01.2024,x,1\n2024-01-31,x,1\n31.01.2024,x,one\n,x,1\n01.01.1899,x,1\n"

    assert codes_of(lambda: amounts(text)) == [
        (3, "Date", "not_a_date"),
        (4, "Amount", "not_a_number"),
        (5, "Date", "missing"),
        (6, "Date", "out_of_range"),
    ]


def test_characters_that_are_no_text_and_endless_rows_are_refused() -> None:
    assert codes_of(lambda: amounts(HEADING + "31.01.2024,a\x00b,1\n")) == [
        (2, "row", "control_character")
    ]
    fitting = "x" * (MAX_ROW_CHARACTERS - len("31.01.2024||1"))
    assert amounts(HEADING + f"31.01.2024,{fitting},1\n") == [1]
    assert codes_of(lambda: amounts(HEADING + f"31.01.2024,{fitting}x,1\n")) == [
        (2, "row", "too_long")
    ]


def test_a_file_without_rows_or_currency_is_refused() -> None:
    nowhere = csv_mapping({"columns": COLUMNS, "date_format": "%d.%m.%Y"})

    assert code_of(lambda: parsed(HEADING)) == "no_rows"
    assert codes_of(lambda: amounts(HEADING + "31.01.2024,x,1\n", nowhere)) == [
        (2, "currency", "not_a_currency")
    ]


def test_the_newest_balance_is_first_or_last_or_unknown() -> None:
    mapping = columns(balance="Balance")
    heading = "Date,Text,Amount,Balance\n"

    def balance(*days: int) -> Decimal | None:
        rows = "".join(f"{day:02}.01.2024,x,1,{day}00\n" for day in days)
        return parsed(heading + rows, mapping)[0].account.balance

    assert balance(1, 2, 3) == Decimal(300)
    assert balance(3, 2, 1) == Decimal(300)
    assert balance(2) == Decimal(200)
    assert balance(2, 2) is None


def test_a_preview_shows_the_first_rows() -> None:
    text = HEADING + "31.01.2024,x,1\n30.01.2024,y,2\n29.01.2024,z,oops\n"

    shown = preview(text.encode(), layout(), rows=2)

    assert shown.heading == ["Date", "Text", "Amount"]
    assert [one.amount for one in shown.transactions] == [1, 2]
    assert shown.problems == []


def test_a_preview_shows_what_is_wrong_instead_of_raising() -> None:
    shown = preview((HEADING + "31.01.2024,x,oops\n").encode(), layout())

    assert shown.transactions == []
    assert [(one.row, one.field, one.code) for one in shown.problems] == [
        (2, "Amount", "not_a_number")
    ]


def test_a_preview_has_at_most_100_rows_and_looks_at_the_beginning_only() -> None:
    text = HEADING + "31.01.2024,x,1\n" * 20_000

    shown = preview(text.encode(), layout(), rows=1_000)

    assert len(shown.transactions) == MAX_PREVIEW_ROWS


def test_a_preview_without_heading_is_refused() -> None:
    assert code_of(lambda: preview(b"no,such,thing\n", layout())) == "no_heading"
