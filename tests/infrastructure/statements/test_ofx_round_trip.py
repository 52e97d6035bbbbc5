"""What is written in OFX, in whatever style, is read back as it was."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from html import escape

from hypothesis import given
from hypothesis import strategies as st

from coffers.infrastructure.statements.ofx import read_ofx
from coffers.infrastructure.statements.ofx_plain_rows import FIELDS, taken_out
from coffers.infrastructure.statements.parse import parse_statements
from tests.infrastructure.statements.ofx_files import SGML_HEADER, XML_HEADER

WORDS = st.text(
    st.characters(min_codepoint=0x20, max_codepoint=0x2FFF, exclude_categories=["C", "Z"]),
    max_size=30,
)


@dataclass(frozen=True)
class Movement:
    day: date
    amount: Decimal
    fitid: str
    name: str
    memo: str


@dataclass(frozen=True)
class Style:
    is_xml: bool
    between: str
    behind_value: str
    zone: str


MOVEMENTS = st.builds(
    Movement,
    day=st.dates(date(1900, 1, 1), date(2100, 12, 31)),
    amount=st.decimals(-(10**17), 10**17, places=2),
    fitid=st.text("0123456789abcdef", min_size=1, max_size=20),
    name=WORDS,
    memo=WORDS,
)
STYLES = st.builds(
    Style,
    is_xml=st.booleans(),
    between=st.sampled_from(["", "\n", "\r\n", "\n    ", " \t "]),
    behind_value=st.sampled_from(["", " ", "\n"]),
    zone=st.sampled_from(["", "120000", "120000.000[-5:EST]", "000000[-3:GMT]"]),
)


def leaf(style: Style, name: str, value: str) -> str:
    end = f"</{name}>" if style.is_xml else ""
    return f"<{name}>{escape(value)}{style.behind_value}{end}{style.between}"


def fields_of(movement: Movement, style: Style) -> list[str]:
    amount = f"{movement.amount:f}"
    return [
        leaf(style, "TRNTYPE", "POS"),
        leaf(style, "DTPOSTED", f"{movement.day:%Y%m%d}".rjust(8, "0") + style.zone),
        leaf(style, "TRNAMT", amount),
        leaf(style, "FITID", movement.fitid),
        leaf(style, "NAME", movement.name),
        leaf(style, "MEMO", movement.memo),
    ]


def written(
    movements: list[Movement],
    style: Style,
    order: Callable[[list[str]], list[str]] = lambda fields: fields,
) -> str:
    aggregates = [
        f"<STMTTRN>{style.between}{''.join(order(fields_of(one, style)))}</STMTTRN>{style.between}"
        for one in movements
    ]
    account = "".join(
        leaf(style, name, value)
        for name, value in (("BANKID", "1"), ("ACCTID", "2"), ("ACCTTYPE", "SAVINGS"))
    )
    header = XML_HEADER if style.is_xml else SGML_HEADER
    return (
        f"{header}<OFX>{style.between}<STMTTRNRS><STMTRS>{leaf(style, 'CURDEF', 'EUR')}"
        f"<BANKACCTFROM>{account}</BANKACCTFROM><BANKTRANLIST>{''.join(aggregates)}</BANKTRANLIST>"
        f"</STMTRS></STMTTRNRS></OFX>"
    )


@given(st.lists(MOVEMENTS, max_size=8, unique_by=lambda movement: movement.fitid), STYLES)
def test_a_statement_is_read_as_it_was_written(movements: list[Movement], style: Style) -> None:
    (statement,) = parse_statements(written(movements, style).encode(), file_name="a.ofx")

    assert [
        (one.transaction_date, one.amount, one.provider_transaction_id, one.row)
        for one in statement.transactions
    ] == [(m.day, m.amount, m.fitid, row) for row, m in enumerate(movements, 1)]
    for read, movement in zip(statement.transactions, movements, strict=True):
        assert movement.name in read.description
        assert movement.memo in read.description


@given(st.lists(MOVEMENTS, min_size=1, max_size=5), STYLES, st.permutations(range(6)))
def test_the_order_of_the_fields_does_not_matter(
    movements: list[Movement], style: Style, order: list[int]
) -> None:
    def shuffled(fields: list[str]) -> list[str]:
        return [fields[at] for at in order]

    assert read_ofx(written(movements, style, shuffled)) == read_ofx(written(movements, style))


@given(st.lists(MOVEMENTS, min_size=1, max_size=5), STYLES)
def test_the_same_movement_has_the_same_wording_in_every_style(
    movements: list[Movement], style: Style
) -> None:
    plain = Style(is_xml=False, between="", behind_value="", zone=style.zone)

    (one,), (other,) = read_ofx(written(movements, style)), read_ofx(written(movements, plain))

    assert [row.raw for row in one.transactions] == [row.raw for row in other.transactions]


@given(st.lists(MOVEMENTS, min_size=1, max_size=5), STYLES)
def test_usual_rows_are_found_by_their_pattern(movements: list[Movement], style: Style) -> None:
    body = written(movements, style).partition("<OFX>")[2]

    rest, rows = taken_out(body)

    assert len(rows) == len(movements)
    assert "<TRNAMT>" not in rest
    assert rows.column("FITID") == [movement.fitid for movement in movements]
    assert FIELDS.index("TRNAMT") < FIELDS.index("FITID")
