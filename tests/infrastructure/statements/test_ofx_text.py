import pytest

from coffers.infrastructure.statements.ofx import read_ofx
from coffers.infrastructure.statements.ofx_tags import MAX_TAGS
from coffers.infrastructure.statements.ofx_text import MAX_HEADER_CHARACTERS
from coffers.infrastructure.statements.parse import parse_statements
from tests.infrastructure.statements.ofx_files import (
    SGML_HEADER,
    XML_HEADER,
    bank,
    file,
    read,
    read_row,
    row,
)
from tests.infrastructure.statements.refusals import code_of, codes_of


def name_in(content: bytes) -> str:
    (statement,) = parse_statements(content, file_name="statement.ofx")
    return statement.transactions[0].description


@pytest.mark.parametrize("header", [SGML_HEADER, XML_HEADER, "", "\r\n\r\n  ", "OFXHEADER:100"])
def test_a_file_is_read_whatever_its_header(header: str) -> None:
    (statement,) = read_ofx(file(bank(row()), header=header))

    assert len(statement.transactions) == 1


def test_blanks_and_line_ends_between_tags_do_not_matter() -> None:
    spaced = file(bank(row())).replace("<", "\r\n\t <").replace(">", ">\r\n  ").replace("\n", " \n")

    (plain,), (odd,) = read_ofx(file(bank(row()))), read_ofx(spaced)

    assert odd == plain


def test_closed_and_unclosed_fields_are_the_same() -> None:
    closed = row(more="<NAME>Coffee</NAME>").replace("<FITID>1", "<FITID>1</FITID>")

    assert read_row(closed) == read_row(row())


def test_a_missing_end_of_a_row_is_made_up_by_the_next() -> None:
    unended = row().removesuffix("</STMTTRN>")

    (statement,) = read(bank(unended, row("2", fitid="2")))

    assert [one.provider_transaction_id for one in statement.transactions] == ["1", "2"]


def test_tags_may_be_written_small_and_with_blanks_or_attributes() -> None:
    odd = row(more='<name lang="en">Coffee</name >').replace("<FITID>", "< FITID >")

    assert read_row(odd) == read_row(row())


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Tom &amp; Co", "Tom & Co"),
        ("&lt;b&gt;", "<b>"),
        ("&quot;x&apos;&quot;", '"x\'"'),
        ("a&nbsp;b", "a b"),
        ("caf&#233; &#xE9;", "café é"),
        ("&amp;lt;", "&lt;"),
        ("&amp;#65;", "&#65;"),
        ("AT&T", "AT&T"),
        ("JONES &LTD", "JONES &LTD"),
        ("&unknown; &copy;", "&unknown; &copy;"),
        ("A < B", "A < B"),
        ("A > B", "A > B"),
        ("1 <2> 3", "1"),
        ("<![CDATA[R & D  <x>]]>", "R & D  <x>"),
        ("<![CDATA[&amp;]]>", "&amp;"),
        ("Coffee<!-- not this -->", "Coffee"),
        ("Coffee<?not this?>", "Coffee"),
    ],
)
def test_characters_mean_what_they_are_written_for(written: str, meant: str) -> None:
    assert read_row(row(more=f"<NAME>{written}</NAME>")).description == meant


def test_a_row_in_a_comment_is_no_row() -> None:
    (statement,) = read(bank(row(), f"<!-- {row(fitid='2')} -->"))

    assert len(statement.transactions) == 1


@pytest.mark.parametrize(
    ("codec", "charset"),
    [
        ("cp1252", "1252"),
        ("latin-1", "ISO-8859-1"),
        ("latin-1", "8859-1"),
        ("utf-8", "1252"),
        ("utf-8", "NONE"),
        ("utf-8-sig", "UTF-8"),
        ("cp1252", "UTF-8"),
        ("cp1252", "no-such-charset"),
        ("utf-16", "UNICODE"),
    ],
)
def test_the_charset_is_found_even_if_it_is_declared_wrongly(codec: str, charset: str) -> None:
    text = file(bank(row(more="<NAME>Bäckerei Müller"))).replace(
        "CHARSET:1252", f"CHARSET:{charset}"
    )

    assert name_in(text.encode(codec)) == "Bäckerei Müller"


def test_the_charset_of_xml_is_in_its_declaration() -> None:
    text = file(bank(row(more="<NAME>Łódź")), header=XML_HEADER)

    assert name_in(text.replace('"UTF-8"', '"ISO-8859-2"').encode("iso8859-2")) == "Łódź"


def test_what_windows_does_not_define_is_still_read() -> None:
    assert name_in(file(bank(row(more="<NAME>A\x81B"))).encode("latin-1")) == "A\x81B"


def test_the_sign_of_the_euro_is_windows_own() -> None:
    assert name_in(file(bank(row(more="<NAME>5 €"))).encode("cp1252")) == "5 €"


@pytest.mark.parametrize(
    "document",
    [
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>' + file(bank(row())),
        file(bank(row(more="<NAME><!DOCTYPE x>"))),
        file(bank(row(more='<NAME><!ENTITY a SYSTEM "file:///etc/passwd">'))),
        XML_HEADER + "<!DOCTYPE OFX SYSTEM 'ofx.dtd'>" + file(bank(row()), header=""),
    ],
)
def test_a_document_type_is_refused(document: str) -> None:
    assert code_of(lambda: read_ofx(document)) == "doctype"


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_a_file_that_was_cut_off_is_refused(kept: float) -> None:
    whole = file(bank(*(row(fitid=str(number)) for number in range(20))))

    assert code_of(lambda: read_ofx(whole[: int(len(whole) * kept)])) == "truncated"


def test_a_section_without_end_is_refused() -> None:
    endless = file(bank(row(more="<NAME><![CDATA[x")))

    assert code_of(lambda: read_ofx(endless)) == "truncated"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("<HTML><BODY>Session expired</BODY></HTML>", "not_ofx"),
        ("<OFX></OFX>", "no_statement"),
        (f"<OFX>{row()}</OFX>", "no_account"),
        ("</OFX><OFX>", "truncated"),
    ],
)
def test_what_is_no_statement_is_refused(text: str, code: str) -> None:
    assert code_of(lambda: read_ofx(text)) == code


def test_an_account_needs_a_number_and_a_currency() -> None:
    nameless = bank(row(), account="<BANKACCTFROM><BANKID>1</BANKACCTFROM>", currency="")

    assert codes_of(lambda: read(nameless)) == [
        (0, "ACCTID", "missing"),
        (0, "CURDEF", "not_a_currency"),
    ]


def test_a_currency_may_be_told_for_a_file_that_names_none() -> None:
    (statement,) = read_ofx(file(bank(row(), currency="")), "CHF")

    assert statement.account.currency == "CHF"


def test_the_header_ends_within_20000_characters() -> None:
    padding = "x" * (MAX_HEADER_CHARACTERS - 5)

    assert read_ofx(padding + file(bank(row()), header=""))
    assert code_of(lambda: read_ofx(f"{padding}x" + file(bank(row()), header=""))) == "not_ofx"


def test_a_file_has_at_most_a_million_tags() -> None:
    frame = bank(row())
    room = MAX_TAGS - file(frame, header="").count("<") + 2

    assert read_ofx(file(frame, "<A>" * room, header=""))
    assert code_of(lambda: read_ofx(file(frame, "<A>" * (room + 1), header=""))) == "too_many_tags"


@pytest.mark.parametrize("bad", ["\x00", "\x01", "\x1f", "&#0;", "&#x1;", "&#xD800;", "&#9999999;"])
def test_what_is_no_text_refuses_its_row(bad: str) -> None:
    rows = (row(), row(fitid="2", more=f"<NAME>A{bad}B"))

    assert codes_of(lambda: read(bank(*rows))) == [(2, "STMTTRN", "control_character")]


def test_what_is_no_text_is_refused_in_the_account_too() -> None:
    account = "<BANKACCTFROM><BANKID>1<ACCTID>1\x002<ACCTTYPE>CHECKING</BANKACCTFROM>"

    assert codes_of(lambda: read(bank(row(), account=account))) == [
        (0, "STMTRS", "control_character")
    ]
