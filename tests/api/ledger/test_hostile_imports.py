"""Hostile files, names and forms: a definite answer, nothing stored."""

import json
from typing import Any

import pytest

from coffers.application.ledger import imports
from coffers.domain.ledger.imports import MAX_PLANNED, MAX_STATEMENTS
from coffers.presentation.api.ledger.imports import MAX_MAPPING
from coffers.presentation.file_names import MAX_NAME, file_name
from coffers.presentation.middleware import MAX_UPLOAD
from tests.people import Person
from tests.statements import (
    CSV,
    CSV_LAYOUT,
    coffee,
    csv_of,
    dumped,
    ofx,
    planned,
    upload,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

FINE = ofx(coffee(id="a"))
BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "ha">'
    + b"".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">'.encode() for n in range(12))
    + b"]><Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.053.001.02'><BkToCstmrStmt>"
    + b"&m;</BkToCstmrStmt></Document>"
)
#: What is sent, and where the first problem is said to be.
HOSTILE: dict[str, tuple[bytes, str]] = {
    "not a number": (ofx(coffee(), coffee(amount="NaN")), "row 2.TRNAMT"),
    "infinite": (ofx(coffee(amount="Infinity")), "row 1.TRNAMT"),
    "astronomic": (ofx(coffee(), coffee(), coffee(amount="1E+999")), "row 3.TRNAMT"),
    "far future": (FINE.replace(b"20260115", b"99991231"), "row 1.DTPOSTED"),
    "NUL": (FINE.replace(b"Coffee", b"Cof\0fee"), "row"),
    "a megabyte of memo": (FINE.replace(b"Coffee", b"x" * 1_000_000), "row"),
    "an entity bomb": (BOMB, "row"),
    "empty": (b"", "row"),
    "blanks": (b" \n" * 1_000, "row"),
    "a document": (b"%PDF-1.7 and so on", "row"),
    "half a character": (b"\xff\xfe<\0O\0F\0X\0>\0\xd8", "row"),
    "an unclosed quotation": (b'Date,Amount,Text,Status\n2026-01-15,1,"' + b"x" * 50_000, "row"),
}


@pytest.mark.parametrize("case", HOSTILE)
async def test_a_hostile_file_is_refused_by_row_and_leaves_nothing(case: str, ada: Person) -> None:
    content, place = HOSTILE[case]
    before = await dumped(ada)

    answer = await upload(ada, content, **(CSV if case == "an unclosed quotation" else {}))

    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert problem["type"].endswith("/errors/statement_unreadable")
    assert problem["errors"][0]["field"].startswith(place)
    assert len(answer.content) < 10_000
    assert await dumped(ada) == before
    assert (await ada.get("/imports")).json()["total_count"] == 0


async def test_a_wrong_charset_is_read_as_what_it_is(ada: Person) -> None:
    declared = ofx(coffee(name="Café Zürich", id="a")).decode().replace("UTF-8", "USASCII")

    for encoding in ("utf-8", "cp1252", "utf-16"):
        plan = await planned(ada, declared.encode(encoding))
        rows = (await ada.get(f"/imports/{plan['id']}/rows")).json()["rows"]
        assert rows[0]["description"] == "Café Zürich"


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ada\\bank.ofx", "bank.ofx"),
        ("a\0b\n\x1b[31m.ofx", "ab[31m.ofx"),
        ("fdp.\u202exfo", "fdp.xfo"),
        ("\ud800.ofx", "ofx"),
        ("..", "statement"),
        ("   ", "statement"),
        ("", "statement"),
        (None, "statement"),
        ("x" * (MAX_NAME + 1), "x" * MAX_NAME),
        ("Kontoauszug März.csv", "Kontoauszug März.csv"),
    ],
)
async def test_a_file_s_name_is_fit_to_be_shown(sent: str | None, kept: str) -> None:
    assert file_name(sent) == kept


async def test_the_name_is_kept_without_its_path(ada: Person) -> None:
    plan = await planned(ada, FINE, name="../../bank.ofx")

    assert plan["file_name"] == "bank.ofx"


async def test_a_file_has_at_most_ten_mebibytes_and_a_request_twelve(ada: Person) -> None:
    refused = await upload(ada, b"x" * (10 * 1024 * 1024 + 1))
    cut = await upload(ada, b"x" * (MAX_UPLOAD + 1))

    assert (refused.status_code, cut.status_code) == (422, 413)
    assert refused.json()["errors"][0]["code"] == "too_large"


async def test_a_layout_has_a_limit(ada: Person) -> None:
    fits = json.dumps(CSV_LAYOUT).ljust(MAX_MAPPING)
    await planned(ada, csv_of(coffee()), name="a.csv", mapping=fits)

    refused = await upload(ada, csv_of(coffee()), name="a.csv", mapping=fits + " ")

    assert refused.status_code == 422


async def test_a_file_speaks_of_a_hundred_accounts_at_most(ada: Person) -> None:
    def file(count: int) -> bytes:
        rows = "".join(f"2026-01-15,1.00,x,acc{n}\n" for n in range(count))
        return f"Date,Amount,Text,Account\n{rows}".encode()

    columns = {"date": "Date", "amount": "Amount", "account": "Account"}
    layout = {"columns": columns, "date_format": "%Y-%m-%d", "currency": "USD"}
    fields: dict[str, Any] = {"name": "a.csv", "mapping": json.dumps(layout)}

    plan = await planned(ada, file(MAX_STATEMENTS), **fields)
    refused = await upload(ada, file(MAX_STATEMENTS + 1), **fields)

    assert len(plan["accounts"]) == MAX_STATEMENTS
    assert refused.status_code == 422


async def test_a_hundred_plans_wait_at_most(ada: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "MAX_PLANNED", 3)
    for _ in range(3):
        await planned(ada, FINE)

    refused = await upload(ada, FINE)

    assert MAX_PLANNED == 100
    assert refused.status_code == 409
    assert refused.json()["type"].endswith("/errors/too_many_imports")


@pytest.mark.parametrize(
    "fields",
    [
        {"acount_id": "x"},
        {"format": "no_such_format"},
        {"currency": "XXQ"},
        {"account_id": "not-an-id"},
        {"day_first": "perhaps"},
        {"mapping": "[]"},
        {"mapping": '{"columns": {}}'},
        {"format": ["ofx", "ofx"]},
    ],
)
async def test_a_form_that_is_not_understood_is_refused(
    fields: dict[str, Any], ada: Person
) -> None:
    assert (await upload(ada, FINE, **fields)).status_code == 422


@pytest.mark.parametrize("mapping", ["{", '{"a": 1, "a": 2}', '{"a": NaN}', "[" * 100])
async def test_a_layout_that_is_not_strict_json_is_refused(mapping: str, ada: Person) -> None:
    refused = await upload(ada, FINE, mapping=mapping)

    assert refused.status_code in {400, 422}


@pytest.mark.parametrize(
    ("fields", "place", "code"),
    [
        ({"format": "no_such_format"}, "format", "unknown_format"),
        ({"name": "a.csv", "mapping": '{"a": 1}'}, "mapping", "bad_mapping"),
        ({"name": "a.csv", "mapping": "{"}, "mapping", "validation_failed"),
        ({"name": "a.csv"}, "mapping", "mapping_needed"),
    ],
)
async def test_what_is_wrong_beside_the_file_is_called_by_the_name_of_its_field(
    fields: dict[str, Any], place: str, code: str, ada: Person
) -> None:
    content = b"When,What,How much\n2026-01-15,Coffee,-3.50\n"

    refused = await upload(ada, content, **fields)

    assert refused.status_code == 422
    assert [(each["field"], each["code"]) for each in refused.json()["errors"]] == [(place, code)]


async def test_a_file_that_names_no_currency_is_told_to_have_it_named(ada: Person) -> None:
    content = b"Date,Description,Amount\n2026-01-15,Coffee,-3.50\n"

    refused = await upload(ada, content, name="a.csv")

    (flaw,) = refused.json()["errors"]
    assert (flaw["field"], flaw["code"]) == ("row 2.currency", "not_a_currency")
    assert "`currency`" in flaw["message"]
    await planned(ada, content, name="a.csv", currency="EUR")


async def test_two_files_at_once_are_refused(ada: Person) -> None:
    files = [("file", ("a.ofx", FINE)), ("file", ("b.ofx", FINE))]

    assert (await ada.request("POST", "/imports", files=files)).status_code == 422


async def test_what_is_no_form_is_refused(ada: Person) -> None:
    assert (await ada.post("/imports", {"file": "x"})).status_code == 415
    assert (await ada.request("POST", "/imports", data={"x": "y"})).status_code == 415


async def test_a_layout_can_be_tried_on_a_file_before(ada: Person) -> None:
    file, layout = csv_of(coffee(), coffee(name="Tea")), json.dumps(CSV_LAYOUT)

    answer = await ada.request(
        "POST", "/imports/previews", files={"file": ("a.csv", file)}, data={"mapping": layout}
    )

    assert answer.status_code == 201, answer.text
    tried = answer.json()
    assert [row["description"] for row in tried["rows"]] == ["Coffee", "Tea"]
    assert tried["problems"] == []
    assert (await ada.get("/imports")).json()["total_count"] == 0
