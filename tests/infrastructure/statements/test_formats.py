import pytest

from coffers.infrastructure.statements.formats import catalogue, detect, format_named
from coffers.infrastructure.statements.parse import parse_statements
from coffers.infrastructure.statements.text import BEGINNING_BYTES
from tests.infrastructure.statements.ofx_files import SGML_HEADER, bank, file, row
from tests.infrastructure.statements.refusals import code_of

OFX = file(bank(row()))
CAMT = (
    "<Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.053.001.08'><BkToCstmrStmt/></Document>"
)
CHASE = "Details,Posting Date,Description,Amount,Type,Balance,Check or Slip #\n"


def test_every_format_has_a_name_of_its_own() -> None:
    slugs = [one.slug for one in catalogue()]

    assert len(set(slugs)) == len(slugs)
    assert {"ofx", "qif", "camt053", "csv", "csv_custom"} <= set(slugs)
    assert all(format_named(one.slug) is one for one in catalogue())
    assert [one.slug for one in catalogue() if one.needs_mapping] == ["csv_custom"]
    assert {one.slug for one in catalogue() if one.names_account} >= {"ofx", "camt053", "fidelity"}
    assert not format_named("chase_checking").names_account


def test_an_unknown_format_is_refused() -> None:
    assert code_of(lambda: format_named("xls")) == "unknown_format"


@pytest.mark.parametrize(
    ("content", "name", "slug"),
    [
        (OFX, "a.txt", "ofx"),
        (OFX.removeprefix(SGML_HEADER), "a", "ofx"),
        ("\ufeff" + OFX, "a.csv", "ofx"),
        (CAMT, "a.txt", "camt053"),
        ("\n!Type:Bank\n", "a", "qif"),
        ("!Account\n", "a.csv", "qif"),
        (CHASE, "a.txt", "chase_checking"),
        (CHASE.replace(",", ";"), "a.csv", "csv_custom"),
        ("a,b,c\n", "a.CSV", "csv_custom"),
        ("Date,Description,Amount\n", "a.csv", "csv"),
        ("nothing", "a.QFX", "ofx"),
        ("nothing", "a.qif", "qif"),
    ],
)
def test_a_format_is_told_by_what_stands_in_the_file(content: str, name: str, slug: str) -> None:
    assert detect(content.encode(), name).slug == slug


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-8-sig"])
def test_wide_and_marked_text_is_recognised(codec: str) -> None:
    mark = b"\xff\xfe" if codec == "utf-16-le" else b""

    assert detect(mark + CHASE.encode(codec), "a.csv").slug == "chase_checking"


def test_a_long_file_is_recognised_by_its_beginning() -> None:
    heading = "Buchung;Valuta;Auftraggeber/Empfänger;Buchungstext;Verwendungszweck;Betrag;Währung\n"
    content = (heading + "ü" * BEGINNING_BYTES).encode()

    wide = (heading + "ü" * BEGINNING_BYTES).encode("utf-16")

    assert detect(content, "a.csv").slug == "ing_de"
    assert detect(wide, "a.csv").slug == "ing_de"


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"%PDF-1.7", "a.csv"),
        (b"PK\x03\x04", "a.ofx"),
        (b"\x89PNG", "a.csv"),
        (b"hello", "a.doc"),
        (b"hello", "noextension"),
    ],
)
def test_what_is_no_statement_is_refused(content: bytes, name: str) -> None:
    assert code_of(lambda: detect(content, name)) == "unknown_format"


@pytest.mark.parametrize("content", [b"", b" \n\t"])
def test_an_empty_file_is_refused(content: bytes) -> None:
    assert code_of(lambda: parse_statements(content, file_name="a.ofx")) == "empty"


def test_csv_in_no_known_layout_needs_a_mapping() -> None:
    assert code_of(lambda: parse_statements(b"a,b,c\n", file_name="a.csv")) == "mapping_needed"
