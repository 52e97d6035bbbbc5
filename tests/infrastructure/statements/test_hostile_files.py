"""Files that mean harm, or only look so, are refused by row; nothing else happens."""

import random
import time
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coffers.domain.ledger.statements import StatementUnreadable
from coffers.infrastructure.statements import reading
from coffers.infrastructure.statements.formats import catalogue
from coffers.infrastructure.statements.ofx import read_ofx
from coffers.infrastructure.statements.parse import MAX_BYTES, parse_statements
from coffers.infrastructure.statements.reading import (
    MAX_ID_CHARACTERS,
    MAX_PROBLEMS,
    MAX_ROW_CHARACTERS,
    MAX_ROWS,
)
from tests.infrastructure.statements.ofx_files import bank, file, investment, read, row
from tests.infrastructure.statements.refusals import code_of, codes_of, problems_of

#: What a linear reader needs for a megabyte, with much to spare.
PATIENCE_S = 5.0


def test_every_bad_row_is_told_and_no_good_one_is_kept() -> None:
    rows = [
        row("NaN"),
        row("1", fitid="2"),
        row("1E+999", fitid="3"),
        row(day="99991231", fitid="4"),
    ]

    problems = problems_of(lambda: read(bank(*rows)))

    assert [(one.row, one.code) for one in problems] == [
        (1, "not_a_number"),
        (3, "not_a_number"),
        (4, "out_of_range"),
    ]


def test_a_refusal_tells_its_first_problem_in_words_and_never_the_value() -> None:
    with pytest.raises(StatementUnreadable) as refusal:
        read(bank(row(), row("$secret", fitid="2")))

    assert refusal.value.field == "file"
    assert refusal.value.detail == (
        "Nothing was read because of 1 problem; "
        "in row 2, TRNAMT: this is not a plain decimal number."
    )


def test_at_most_20_problems_are_told() -> None:
    exactly = [row("x", fitid=str(number)) for number in range(MAX_PROBLEMS)]

    assert len(problems_of(lambda: read(bank(*exactly)))) == 20
    assert len(problems_of(lambda: read(bank(*exactly, row("x"))))) == 20


def test_a_file_has_at_most_50000_rows() -> None:
    rows = [row(fitid=str(number)) for number in range(MAX_ROWS)]

    assert len(read(bank(*rows))[0].transactions) == MAX_ROWS
    assert code_of(lambda: read(bank(*rows, row()))) == "too_many_rows"


def test_a_file_has_at_most_so_many_rows_of_all_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_ROWS", 2)
    rows = [row(), row(fitid="2")]

    assert read(bank(*rows))
    assert code_of(lambda: read(bank(*rows), investment("<INCOME></INCOME>"))) == "too_many_rows"


def test_a_file_has_at_most_10_mebibytes() -> None:
    whole = file(bank(row())).encode()
    padded = whole + b" " * (MAX_BYTES - len(whole))

    assert parse_statements(padded, file_name="a.ofx")
    assert code_of(lambda: parse_statements(padded + b" ", file_name="a.ofx")) == "too_large"


@pytest.mark.parametrize("order", ["<NAME>A{}", "<EXTDNAME>A{}"])
def test_a_row_has_at_most_10000_characters(order: str) -> None:
    bare = len(read(bank(row(more=order.format(""))))[0].transactions[0].raw)
    fitting = row(more=order.format("x" * (MAX_ROW_CHARACTERS - bare)))

    assert len(read(bank(fitting))[0].transactions[0].raw) == MAX_ROW_CHARACTERS
    longer = fitting.replace("<TRNAMT>-4.50", "<TRNAMT>-44.50")
    assert codes_of(lambda: read(bank(row(), longer))) == [(2, "STMTTRN", "too_long")]


def test_a_memo_of_a_megabyte_is_refused_by_its_row() -> None:
    assert codes_of(lambda: read(bank(row(), row(more="<MEMO>" + "x" * 2**20)))) == [
        (2, "STMTTRN", "too_long")
    ]


def test_an_id_has_at_most_255_characters() -> None:
    assert read(bank(row(fitid="1" * MAX_ID_CHARACTERS)))
    assert codes_of(lambda: read(bank(row(fitid="1" * (MAX_ID_CHARACTERS + 1))))) == [
        (1, "FITID", "too_long")
    ]


@pytest.mark.parametrize(
    "text",
    [
        "<OFX>" + "<" * 10**6 + "</OFX>",
        "<OFX>" + "</A>" * 250_000 + "</OFX>",
        "<OFX>" + "<A" * 500_000 + "</OFX>",
        "<OFX>" + "<![CDATA[" * 100_000 + "</OFX>",
        "<OFX>" + "<!--" * 200_000 + "</OFX>",
        "<OFX>" + "<STMTTRN>" * 100_000 + "</OFX>",
        "<OFX>" + "<STMTTRN><TRNTYPE>" * 50_000 + "</OFX>",
        "<OFX>" + "<STMTTRN><TRNTYPE>A<DTPOSTED>" + " " * 10**6 + "</OFX>",
        "<OFX>" + "< " * 500_000 + "</OFX>",
        "<OFX>" + "&#1" * 300_000 + "</OFX>",
        "<OFX>" + "</OFX" * 200_000,
        "<OFX " * 200_000,
        "<" * 10**6,
        " " * 10**6 + "<OFX>",
    ],
    ids=range(14),
)
def test_a_megabyte_of_nonsense_is_refused_in_linear_time(text: str) -> None:
    start = time.process_time()

    problems_of(lambda: read_ofx(text))

    assert time.process_time() - start < PATIENCE_S


@pytest.mark.parametrize("text", ["1" * 10**6, "1," * 500_000, "0" * 10**6 + "1", "-" * 10**6])
def test_a_long_number_is_refused_at_once(text: str) -> None:
    start = time.process_time()

    assert problems_of(lambda: read(bank(row(text), row(day=text, fitid="2"))))

    assert time.process_time() - start < PATIENCE_S


BOMB = """<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">
<!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">]>"""


@pytest.mark.parametrize("root", ["<OFX>&lol2;</OFX>", "<Document><BkToCstmrStmt/></Document>"])
def test_entity_bombs_are_refused(root: str) -> None:
    bomb = f"{BOMB}{root}".encode()

    assert code_of(lambda: parse_statements(bomb, file_name="a.xml")) == "doctype"


WHOLE = file(bank(row(), row("1.25", fitid="2", more="<NAME>Ä &amp; Ö")), investment("<INCOME>"))


@settings(max_examples=300)
@given(st.randoms(use_true_random=False), st.sampled_from(["utf-8", "cp1252", "utf-16"]))
def test_a_damaged_statement_is_read_or_refused(chance: random.Random, codec: str) -> None:
    content = bytearray(WHOLE.encode(codec))
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(content))
        content[at : at + chance.randint(0, 3)] = chance.randbytes(chance.randint(0, 3))

    refused_or_finite(bytes(content), file_name="a.ofx")


@settings(max_examples=300)
@given(
    st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)),
    st.sampled_from(catalogue()),
)
def test_any_bytes_in_any_format_are_read_or_refused(content: bytes, format_: object) -> None:
    refused_or_finite(content, file_name="a", format=format_, default_currency="EUR")


def refused_or_finite(content: bytes, **how: object) -> None:
    with suppress(StatementUnreadable):
        for statement in parse_statements(content, **how):  # type: ignore[arg-type]  # all sorts
            assert all(abs(one.amount) < Decimal(10) ** 18 for one in statement.transactions)
