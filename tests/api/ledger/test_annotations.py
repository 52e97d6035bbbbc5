"""What owners say of movements that others report: it outlives every sync, import and reversal."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import httpx
import pytest
import pytest_asyncio

from coffers.domain.ledger.annotations import MAX_SPLITS, MAX_TAG, MAX_TAGS
from coffers.domain.ledger.transactions import TransactionStatus
from tests.api.conftest import newcomer
from tests.ledgers import movement, reported_account
from tests.people import Person
from tests.purses import FOOD, MEALS, Row, a_purse, edited, entered, refused
from tests.scripted import Script, ScriptedBank, connect
from tests.statements import CSV, DAY, coffee, csv_of, imported, ofx, reversal_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

TODAY: Final = datetime.now(UTC).date()
BOUGHT: Final = movement("t1", amount=Decimal("-10.00"), transaction_date=TODAY)
SAID: Final[Row] = {
    "category_id": FOOD,
    "merchant": "Joe's",
    "notes": "with Ann",
    "tags": ["lunch", "work"],
    "splits": [{"amount": "-4"}, {"amount": "-6", "category_id": MEALS, "notes": "tip"}],
    "is_ignored": True,
}
FIELDS: Final = [*SAID, "annotated_by", "category"]


@pytest.fixture
def script() -> Script:
    return Script(accounts=[reported_account("a1")], pages={"a1": [[BOUGHT]]})


@pytest_asyncio.fixture(loop_scope="module")
async def eve(either_banked: httpx.AsyncClient, bank: ScriptedBank, script: Script) -> Person:
    """Somebody who may connect to the bank, on each engine in turn."""
    bank.script = script
    return await newcomer(either_banked, "eve")


async def sync(person: Person, connection: Row) -> None:
    answer = await person.post(f"/connections/{connection['id']}/syncs", {"force": True})
    assert answer.status_code == 201, answer.text


async def only_row(person: Person) -> Row:
    (row,) = (await person.get("/transactions")).json()["transactions"]
    return dict(row)


def said(row: Row) -> Row:
    return {name: row[name] for name in FIELDS}


async def test_an_annotation_is_answered_and_says_who_made_it(eve: Person) -> None:
    await sync(eve, await connect(eve))

    row = await edited(eve, await only_row(eve), **SAID)

    assert row == await only_row(eve)
    assert (row["category"], row["merchant"], row["tags"]) == (
        "supermarket",
        "Joe's",
        ["lunch", "work"],
    )
    assert row["splits"] == [
        {"amount_value": "-4.00", "category_id": None, "category": None, "notes": None},
        {"amount_value": "-6.00", "category_id": MEALS, "category": "restaurants", "notes": "tip"},
    ]
    assert row["annotated_by"] == dict.fromkeys(SAID, "user")


async def test_null_empties_what_was_said(eve: Person) -> None:
    await sync(eve, await connect(eve))
    row = await edited(eve, await only_row(eve), **SAID)

    bare = await edited(eve, row, **dict.fromkeys([*SAID][:-1]), is_ignored=False)

    assert [bare[name] for name in SAID] == [None, None, None, [], [], False]


async def test_it_outlives_the_next_sync_that_changes_the_rest(eve: Person, script: Script) -> None:
    connection = await connect(eve)
    await sync(eve, connection)
    before = await edited(eve, await only_row(eve), **SAID)
    script.pages["a1"] = [[replace(BOUGHT, description="JOES BAR 0042")]]

    await sync(eve, connection)

    after = await only_row(eve)
    assert after["description"] == "JOES BAR 0042"
    assert said(after) == said(before)


@pytest.mark.parametrize("link", [None, "t1"])
async def test_it_outlives_the_posting_of_what_was_pending(
    eve: Person, script: Script, link: str | None
) -> None:
    connection = await connect(eve)
    script.pages["a1"] = [[replace(BOUGHT, status=TransactionStatus.PENDING)]]
    await sync(eve, connection)
    before = await edited(eve, await only_row(eve), **SAID)
    posted = replace(BOUGHT, provider_transaction_id="t2", pending_transaction_id=link)
    script.pages["a1"] = [[posted]]

    await sync(eve, connection)

    after = await only_row(eve)
    assert (after["id"], after["status"]) == (before["id"], "settled")
    assert said(after) == said(before)


async def test_parts_of_an_amount_that_its_provider_corrects_still_add_up(
    eve: Person, script: Script
) -> None:
    connection = await connect(eve)
    await sync(eve, connection)
    await edited(eve, await only_row(eve), **SAID)

    shown = []
    for amount in ("-12.5", "-13", "-10"):
        script.pages["a1"] = [[replace(BOUGHT, amount=Decimal(amount))]]
        await sync(eve, connection)
        parts = (await only_row(eve))["splits"]
        shown.append([part["amount_value"] for part in parts])

    assert shown == [
        ["-4.00", "-6.00", "-2.50"],
        ["-4.00", "-6.00", "-3.00"],
        ["-4.00", "-6.00"],
    ]


async def test_it_outlives_another_link_s_taking_the_account_over(eve: Person) -> None:
    await sync(eve, await connect(eve))
    before = await edited(eve, await only_row(eve), **SAID)

    await sync(eve, await connect(eve))

    assert said(await only_row(eve)) == said(before)


async def test_it_goes_over_to_the_provider_s_row_from_a_file_s(eve: Person) -> None:
    connection = await connect(eve)
    (account,) = await _accounts(eve, connection)
    file = ofx(coffee(amount="-10.00", day=TODAY, id="f1"))
    await imported(eve, file, account_id=account)
    before = await edited(eve, await only_row(eve), **SAID)

    await sync(eve, connection)

    after = await only_row(eve)
    assert after["provider_transaction_id"] == "t1"
    assert said(after) == said(before)


async def _accounts(eve: Person, connection: Row) -> list[str]:
    body = {"connection_id": connection["id"], "force": True}
    assert (await eve.post("/accounts/syncs", body)).status_code == 201
    found = (await eve.get("/accounts")).json()["accounts"]
    return [each["id"] for each in found]


async def test_it_outlives_the_same_file_again(eve: Person) -> None:
    file = ofx(coffee(id="a", amount="-10.00"))
    await imported(eve, file)
    before = await edited(eve, await only_row(eve), **SAID)

    await imported(eve, file)

    assert await only_row(eve) == before


@pytest.mark.parametrize("when", ["before", "since"])
async def test_it_outlives_the_settling_by_a_file_and_its_reversal(eve: Person, when: str) -> None:
    waiting = coffee(amount="-10.00", is_pending=True)
    posted = coffee(amount="-10.00", day=DAY + timedelta(days=2))
    await imported(eve, csv_of(waiting), **CSV)
    if when == "before":
        await edited(eve, await only_row(eve), **SAID)
    plan = await imported(eve, csv_of(posted), **CSV)
    if when == "since":
        await edited(eve, await only_row(eve), **SAID)
    settled = await only_row(eve)

    answer = await reversal_of(eve, plan)

    assert answer.status_code == 201, answer.text
    again = await only_row(eve)
    assert (settled["status"], again["status"]) == ("settled", "pending")
    assert said(again) == said(settled)
    assert again["merchant"] == "Joe's"


async def test_parts_that_do_not_add_up_are_refused_and_the_difference_named(eve: Person) -> None:
    row = await entered(eve, await a_purse(eve), "-10.00")
    path = f"/transactions/{row['id']}"

    answer = await eve.patch(path, {"splits": [{"amount": "-4"}, {"amount": "-5.50"}]})

    assert answer.status_code == 422
    assert "-0.50 is left over" in answer.json()["detail"]
    assert (await eve.get(path)).json() == row


PARTS: Final[list[Any]] = [
    [{"amount": "-10"}],
    [{"amount": "-10"}, {"amount": "0"}],
    [{"amount": "-0.10"}] * (MAX_SPLITS + 1),
    [{"amount": -4}, {"amount": "-6"}],
    [{"amount": "-4"}, {"amount": "-6", "category_id": "0198c0de-5f00-7a10-8b3c-2f9d6e4a1b7c"}],
    [{"amount": "-4"}, {"amount": "-6", "tags": []}],
    {"amount": "-10"},
]


async def test_impossible_parts_are_refused(eve: Person) -> None:
    row = await entered(eve, await a_purse(eve), "-10.00")

    answers = [await refused(eve, row, splits=parts) for parts in PARTS]

    assert {status for status, _ in answers} == {422}


async def test_a_split_amount_changes_only_with_its_parts(eve: Person) -> None:
    parts = [{"amount": "-4"}, {"amount": "-6"}]
    row = await entered(eve, await a_purse(eve), "-10.00", splits=parts)

    alone = await refused(eve, row, amount="-11")
    both = await edited(eve, row, amount="-11", splits=[{"amount": "-12"}, {"amount": "1"}])

    assert alone == (422, "splits")
    assert [part["amount_value"] for part in both["splits"]] == ["-12.00", "1.00"]


async def test_tags_are_lower_case_sorted_and_each_there_once(eve: Person) -> None:
    row = await entered(eve, await a_purse(eve), tags=["Work ", "b  c", "work", "Ärger"])

    assert row["tags"] == ["b c", "work", "ärger"]


async def test_words_are_bounded_and_printable(eve: Person) -> None:
    row = await entered(eve, await a_purse(eve))
    words: list[Row] = [
        {"tags": [str(n) for n in range(MAX_TAGS + 1)]},
        {"tags": ["x" * (MAX_TAG + 1)]},
        {"tags": [" "]},
        {"tags": "work"},
        {"merchant": "x" * 101},
        {"notes": "x" * 2_001},
        {"category_id": "supermarket"},
        {"is_ignored": None},
    ]

    assert {(await refused(eve, row, **each))[0] for each in words} == {422}
    path = f"/transactions/{row['id']}"
    assert (await eve.patch(path, {"notes": "a\x00b"})).status_code == 400
    assert (await edited(eve, row, merchant=" \n ", notes=" a\nb "))["notes"] == "a\nb"


async def test_a_movement_can_be_marked_as_a_transfer(eve: Person) -> None:
    row = await entered(eve, await a_purse(eve))

    marked = await edited(eve, row, is_transfer=True)
    again = await edited(eve, marked, is_transfer=False)

    assert (row["is_transfer"], marked["is_transfer"]) == (False, True)
    assert marked["annotated_by"] == {"is_transfer": "user"}
    assert (again["is_transfer"], again["transaction_type"]) == (False, "expense")


async def test_lists_are_filtered_by_what_was_said(eve: Person) -> None:
    purse = await a_purse(eve)
    own = {"name": "Gifts and more", "kind": "expense", "icon": "🎁"}
    mine = (await eve.post("/categories", own)).json()
    rows: dict[str, Row] = {
        "whole": {"category_id": FOOD, "merchant": "Joe's_Bar", "tags": ["work"]},
        "split": {
            "category_id": FOOD,
            "splits": [{"amount": "-1", "category_id": mine["id"]}, {"amount": "-2.50"}],
        },
        "plain": {"notes": "Joe's bar was shut", "is_ignored": True},
        "mine": {"category_id": mine["id"], "merchant": "Joe", "tags": ["work", "%"]},
    }
    for name, more in rows.items():
        await entered(eve, purse, description=name, **more)

    async def found(query: str) -> list[str]:
        answer = await eve.get(f"/transactions?sort=date&{query}")
        assert answer.status_code == 200, answer.text
        return [row["description"] for row in answer.json()["transactions"]]

    assert await found("category=supermarket") == ["whole"]
    assert await found(f"category={FOOD}") == ["whole"]
    assert await found(f"category={mine['value']}") == ["split", "mine"]
    assert await found(f"category={mine['id']}") == ["split", "mine"]
    assert await found("category=none") == ["split", "plain"]
    assert await found("category=gifts") == []
    assert await found("merchant=JOE'S_bar") == ["whole"]
    assert await found("merchant=joe") == ["mine"]
    assert await found("tag=Work") == ["whole", "mine"]
    assert await found("tag=%25") == ["mine"]
    assert await found("is_ignored=true") == ["plain"]
    assert await found("is_ignored=false&q=JOE") == ["whole", "mine"]
    assert await found("q=joe's") == ["whole", "plain"]
    categories = [row["splits"] for row in (await eve.get("/transactions")).json()["transactions"]]
    assert categories[2][0]["category"] == mine["value"]


async def test_a_category_that_there_is_not_is_no_filter(eve: Person) -> None:
    await entered(eve, await a_purse(eve))

    for wanted in ("groceries", "0198c0de-5f00-7a10-8b3c-2f9d6e4a1b7c"):
        assert (await eve.get(f"/transactions?category={wanted}")).status_code == 422
