"""docs/sandbox.md is the contract of those who write adapters: it has to stay true."""

import json
import re
from pathlib import Path

import pytest

from coffers.sandbox.bank import PERSONAS
from coffers.sandbox.days import FIRST_DAY, FIRST_TODAY, LAST_TODAY
from coffers.sandbox.faults import HOSTILE_KINDS, FaultUnknown, parse_fault
from tests.sandbox.running import Document, Visitor

TEXT = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text(encoding="utf-8")


def example(beginning: str) -> Document:
    """Answer the JSON example of the page that begins so."""
    (found,) = [
        block for block in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL) if beginning in block
    ]
    document: Document = json.loads(found)
    return document


def test_the_documented_fields_are_those_of_the_answers(trader: Visitor) -> None:
    accounts = trader.get("/v1/accounts").json()
    positions = trader.get("/v1/accounts/at-margin/positions").json()
    page = trader.get("/v1/accounts/at-margin/transactions").json()

    assert accounts.keys() == example('{"accounts"').keys()
    assert accounts["accounts"][0].keys() == example('{"accounts"')["accounts"][0].keys()
    assert positions.keys() == example('"positions": [{').keys()
    assert positions["positions"][0].keys() == example('"positions": [{')["positions"][0].keys()
    assert page.keys() == example('"transactions": []').keys()
    assert page["transactions"][0].keys() == example('"pending_id"').keys()
    assert trader.tokens.keys() == example('{"access_token"').keys()


def test_everybody_is_documented_with_their_accounts() -> None:
    for persona in PERSONAS.values():
        assert f"| `{persona.user_name}` | `{persona.password}` |" in TEXT
        for account in persona.accounts:
            assert re.search(rf"`{account.id}`: {account.type}\b", TEXT), account.id


def test_every_documented_fault_exists_and_every_fault_is_documented() -> None:
    section = TEXT[TEXT.index("## Faults") : TEXT.index("## Admin")]
    names = set(re.findall(r"^\| `([a-z_]+)", section, re.MULTILINE)) - {"Fault"}

    for name in names:
        assert parse_fault("without:x" if name == "without" else name)
    assert len(names) == 17
    assert all(f"`{kind}`" in section for kind in HOSTILE_KINDS)
    with pytest.raises(FaultUnknown):
        parse_fault("undocumented")


def test_the_documented_days_are_those_of_the_calendar() -> None:
    assert f"begins on {FIRST_DAY}; today is between {FIRST_TODAY} and {LAST_TODAY}" in TEXT
