"""Statements for tests: OFX with ids, CSV without, and what importing them over the API answers."""

import csv
import io
import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

import httpx

from tests.dumps import dump
from tests.people import Person

#: A layout for CSV without ids: what a row says is all that there is of it.
CSV_LAYOUT: Final = {
    "columns": {"date": "Date", "amount": "Amount", "description": "Text", "status": "Status"},
    "date_format": "%Y-%m-%d",
    "currency": "USD",
    "pending_words": ["pending"],
}
DAY: Final = date(2026, 1, 15)
#: How such files are uploaded.
CSV: Final[dict[str, Any]] = {"name": "statement.csv", "mapping": json.dumps(CSV_LAYOUT)}
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Line:
    """A line of a statement."""

    amount: str = "-3.50"
    name: str = "Coffee"
    day: date = DAY
    id: str = ""
    is_pending: bool = False


def coffee(**changes: Any) -> Line:
    return replace(Line(), **changes)


def ofx(
    *lines: Line,
    account: str = "1234567890",
    balance: str | None = None,
    balance_day: date = DAY,
    currency: str = "USD",
    more: str = "",
) -> bytes:
    """A bank's statement in OFX 1.x; lines without an id get one of their own."""
    posted = "".join(_ofx_line(line) for line in lines if not line.is_pending)
    waiting = "".join(_ofx_line(line) for line in lines if line.is_pending)
    if waiting:
        as_of = f"<DTASOF>{balance_day:%Y%m%d}"
        waiting = f"<BANKTRANLISTP>{as_of}{waiting}</BANKTRANLISTP>"
    told = ""
    if balance is not None:
        told = f"<LEDGERBAL><BALAMT>{balance}<DTASOF>{balance_day:%Y%m%d}</LEDGERBAL>"
    return (
        "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nENCODING:UTF-8\n\n"
        f"<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>{currency}"
        f"<BANKACCTFROM><BANKID>1<ACCTID>{account}<ACCTTYPE>CHECKING</BANKACCTFROM>"
        f"<BANKTRANLIST>{posted}</BANKTRANLIST>{waiting}{told}"
        f"</STMTRS></STMTTRNRS></BANKMSGSRSV1>{more}</OFX>"
    ).encode()


def _ofx_line(line: Line) -> str:
    kind, day = ("STMTTRNP", "DTTRAN") if line.is_pending else ("STMTTRN", "DTPOSTED")
    own_id = line.id or f"made-{next(_numbers)}"
    return (
        f"<{kind}><TRNTYPE>POS<{day}>{line.day:%Y%m%d}<TRNAMT>{line.amount}"
        f"<FITID>{own_id}<NAME>{line.name}</{kind}>"
    )


def portfolio(*positions: tuple[str, str, str], balance_day: date = DAY) -> bytes:
    """A broker's statement: positions as (symbol, quantity, value), and 100.00 in cash."""
    held = "".join(
        "<POSSTOCK><INVPOS><SECID><UNIQUEID>"
        f"{symbol}<UNIQUEIDTYPE>TICKER</SECID><HELDINACCT>CASH<POSTYPE>LONG<UNITS>{quantity}"
        f"<UNITPRICE>1<MKTVAL>{value}<DTPRICEASOF>{balance_day:%Y%m%d}</INVPOS></POSSTOCK>"
        for symbol, quantity, value in positions
    )
    return (
        "OFXHEADER:100\nDATA:OFXSGML\n\n<OFX><INVSTMTMSGSRSV1><INVSTMTTRNRS><INVSTMTRS>"
        f"<DTASOF>{balance_day:%Y%m%d}<CURDEF>USD"
        "<INVACCTFROM><BROKERID>broker<ACCTID>777</INVACCTFROM>"
        f"<INVPOSLIST>{held}</INVPOSLIST>"
        "<INVBAL><AVAILCASH>100.00<MARGINBALANCE>0<SHORTBALANCE>0</INVBAL>"
        "</INVSTMTRS></INVSTMTTRNRS></INVSTMTMSGSRSV1></OFX>"
    ).encode()


def csv_of(*lines: Line) -> bytes:
    """The same lines as CSV, which has no ids."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["Date", "Amount", "Text", "Status"])
    for line in lines:
        status = "pending" if line.is_pending else "posted"
        writer.writerow([line.day.isoformat(), line.amount, line.name, status])
    return text.getvalue().encode()


async def upload(
    person: Person, content: bytes, name: str = "statement.ofx", **fields: Any
) -> httpx.Response:
    headers = fields.pop("headers", {})
    return await person.request(
        "POST", "/imports", files={"file": (name, content)}, data=fields, headers=headers
    )


async def planned(person: Person, content: bytes, **more: Any) -> dict[str, Any]:
    answer = await upload(person, content, **more)
    assert answer.status_code == 201, answer.text
    plan: dict[str, Any] = answer.json()
    return plan


async def application_of(person: Person, plan: dict[str, Any], **more: Any) -> httpx.Response:
    body = {"plan_hash": plan["plan_hash"]}
    return await person.post(f"/imports/{plan['id']}/application", body, **more)


async def imported(person: Person, content: bytes, **more: Any) -> dict[str, Any]:
    """Planned and applied; what the plan was."""
    plan = await planned(person, content, **more)
    answer = await application_of(person, plan)
    assert answer.status_code == 201, answer.text
    return plan


async def reversal_of(person: Person, plan: dict[str, Any]) -> httpx.Response:
    return await person.post(f"/imports/{plan['id']}/reversal")


async def rows_of(person: Person, plan: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
    answer = await person.get(f"/imports/{plan['id']}/rows", params={"limit": 100, **query})
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["rows"]
    return rows


async def verdicts(person: Person, content: bytes, **more: Any) -> dict[str, int]:
    """How many rows the plan gives which verdict, without those that no row has."""
    counts = (await planned(person, content, **more))["counts"]
    return {verdict: count for verdict, count in counts.items() if count}


async def ledger(person: Person) -> Sequence[tuple[str, ...]]:
    """What is in the ledger, in order: day, amount, words and status."""
    rows: list[dict[str, str]] = []
    cursor: dict[str, str] = {}
    while True:
        page = (await person.get("/transactions", params={"limit": 100, **cursor})).json()
        rows += page["transactions"]
        if page["next_cursor"] is None:
            fields = ("transaction_date", "amount_value", "description", "status")
            return sorted(tuple(row[field] for field in fields) for row in rows)
        cursor = {"cursor": page["next_cursor"]}


async def dumped(person: Person) -> dict[str, list[dict[str, Any]]]:
    """What is theirs in the tables, every column of it."""
    tables = await dump(person.client.app.state.settings.database)  # type: ignore[attr-defined]  # the adapter behind the port
    return {
        name: [row for row in rows if str(row["user_id"]) == person.id]
        for name, rows in tables.items()
    }


async def open_account(person: Person, name: str = "Wallet", **more: Any) -> str:
    body = {"name": name, "account_type": "checking", "currency": "USD", **more}
    made = await person.post("/accounts", body)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def only_account(person: Person) -> dict[str, Any]:
    (account,) = (await person.get("/accounts")).json()["accounts"]
    return dict(account)


async def snapshots(person: Person) -> list[tuple[str, str]]:
    account = await only_account(person)
    path = f"/accounts/{account['id']}/balance-snapshots"
    return [(s["captured_at"], s["balance"]) for s in (await person.get(path)).json()["snapshots"]]


async def delete(person: Person, description: str) -> httpx.Response:
    found = (await person.get("/transactions", params={"q": description})).json()["transactions"]
    answer = await person.delete(f"/transactions/{found[0]['id']}")
    assert answer.status_code == 204, answer.text
    return answer
