"""Files that somebody wrote: refused with the row's place, and nothing is stored."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
import pytest_asyncio

from coffers.domain.spending.categories import SYSTEM_CATEGORIES
from coffers.infrastructure.db.portability import catalogue, reading
from tests.exporting import exported, made, restored, undated
from tests.people import Person, settle

pytestmark = pytest.mark.asyncio(loop_scope="module")

STRANGER = "01900000-0000-7000-8000-00000000ffff"
OTHER = str(SYSTEM_CATEGORIES[12].id)

File = dict[str, Any]


@pytest_asyncio.fixture(loop_scope="module")
async def bob(enrol: Callable[..., Awaitable[Person]]) -> Person:
    return await enrol("bob")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ada(service: httpx.AsyncClient) -> Person:
    """Somebody with two accounts, two movements, a category and an own rate."""
    ada = await settle(service, "ada")
    for name in ("Purse", "Jar"):
        draft = {"name": name, "account_type": "cash", "currency": "EUR", "opening_balance": "10"}
        account = await made(ada.post("/accounts", draft))
        movement = {
            "account_id": account["id"],
            "amount": "-3.50",
            "transaction_date": "2026-03-01",
            "description": "Coffee",
            "category_id": OTHER,
            "tags": ["black"],
        }
        await made(ada.post("/transactions", movement))
    rate = {"base_currency": "EUR", "quote_currency": "XAU", "date": "2026-03-02", "rate": "0.0004"}
    await made(ada.post("/exchange-rates", {"exchange_rates": [rate]}))
    return ada


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def export(ada: Person) -> str:
    return await exported(ada)


@pytest.fixture
def file(export: str) -> File:
    """What she has, as a test may change it."""
    loaded: File = json.loads(export)
    return loaded


def _set(table: str, row: int, **values: Any) -> Callable[[File], None]:
    def change(file: File) -> None:
        file[table][row - 1].update(values)

    return change


def _drop(table: str, row: int, name: str) -> Callable[[File], None]:
    def change(file: File) -> None:
        del file[table][row - 1][name]

    return change


def _repeat(table: str) -> Callable[[File], None]:
    def change(file: File) -> None:
        file[table].append(file[table][0])
        file["counts"][table] += 1

    return change


def _replace(**values: Any) -> Callable[[File], None]:
    return lambda file: file.update(values)


PART = {"amount": "-1.50", "category_id": OTHER, "notes": None}
FLAWS: list[tuple[Callable[[File], None], str]] = [
    (_set("transactions", 2, account_id=STRANGER), "row 2.transactions.account_id"),
    (_set("transactions", 1, category_id=STRANGER), "row 1.transactions.category_id"),
    (_set("transactions", 1, transfer_id=STRANGER), "row 1.transactions.transfer_id"),
    (_set("transactions", 1, import_id=STRANGER), "row 1.transactions.import_id"),
    (_set("transactions", 2, user_id=STRANGER), "row 2.transactions"),
    (_set("transactions", 2, search_text="x"), "row 2.transactions"),
    (_set("transactions", 1, amount="1e5"), "row 1.transactions.amount"),
    (_set("transactions", 1, amount=-3.5), "row 1.transactions.amount"),
    (_set("transactions", 1, amount="NaN"), "row 1.transactions.amount"),
    (_set("transactions", 1, amount="1" + "0" * 20), "row 1.transactions.amount"),
    (_set("transactions", 1, status="done"), "row 1.transactions.status"),
    (_set("transactions", 1, status=["settled"]), "row 1.transactions.status"),
    (_set("transactions", 1, currency="eur"), "row 1.transactions.currency"),
    (_set("transactions", 1, transaction_date="2026-02-30"), "row 1.transactions.transaction_date"),
    (_set("transactions", 1, transaction_date="1066-10-14"), "row 1.transactions.transaction_date"),
    (_set("transactions", 1, created_at="2026-03-01T10:00:00"), "row 1.transactions.created_at"),
    (_set("transactions", 1, created_at="9999-12-31T23:59:59Z"), "row 1.transactions.created_at"),
    (_set("transactions", 1, description="a\x00b"), "row 1.transactions.description"),
    (_set("transactions", 1, description="\ud800"), "row 1.transactions.description"),
    (_set("transactions", 1, description="x" * 100_001), "row 1.transactions.description"),
    (_set("transactions", 1, version=True), "row 1.transactions.version"),
    (_set("transactions", 1, version=2**31), "row 1.transactions.version"),
    (_set("transactions", 1, is_ignored=1), "row 1.transactions.is_ignored"),
    (_set("transactions", 1, tags=["x"] * 21), "row 1.transactions.tags"),
    (_set("transactions", 1, tags=["\x00"]), "row 1.transactions.tags"),
    (_set("transactions", 1, splits=[PART, PART]), "row 1.transactions"),
    (
        _set("transactions", 1, splits=[PART, PART | {"amount": "-2.00", "category_id": STRANGER}]),
        "row 1.transactions.splits",
    ),
    (_set("transactions", 1, splits=[PART | {"more": 1}]), "row 1.transactions.splits"),
    (_set("transactions", 1, id="1"), "row 1.transactions.id"),
    (_drop("transactions", 2, "amount"), "row 2.transactions.amount"),
    (_set("accounts", 2, connection_id=STRANGER), "row 2.accounts.connection_id"),
    (_set("accounts", 1, account_type="vault"), "row 1.accounts.account_type"),
    (_set("accounts", 1, account_number="x" * 100_001), "row 1.accounts.account_number"),
    (_repeat("accounts"), "row 1.accounts"),
    (_repeat("transactions"), "row 1.transactions"),
    (_replace(format="chest"), "row 0.file"),
    (_replace(version=2), "row 0.file"),
    (_replace(profile={"display_name": None, "base_currency": "EUR"}), "row 0.file"),
    (
        _replace(profile={"display_name": None, "base_currency": "EUR", "time_zone": "Mars"}),
        "row 0.file",
    ),
    (_replace(sessions=[{"id": STRANGER}]), "row 0.file"),
    (_replace(accounts=None), "row 0.file"),
    (_replace(counts={}), "row 0.file"),
    (lambda file: file.pop("counts"), "row 0.file"),
    (lambda file: file["transactions"].pop(), "row 0.file"),
    (_replace(transactions=[[]]), "row 1.transactions"),
]


@pytest.mark.parametrize(("change", "place"), FLAWS, ids=range(len(FLAWS)))
async def test_a_file_with_a_single_flaw_is_refused_with_its_place(
    bob: Person, file: File, change: Callable[[File], None], place: str
) -> None:
    empty = await exported(bob)
    change(file)

    answer = await restored(bob, json.dumps(file))

    assert answer.status_code == 422, answer.text
    assert answer.json()["type"].endswith("/export_unreadable")
    assert answer.json()["errors"][0]["field"] in {place, place.removeprefix("row 0.")}
    assert undated(await exported(bob)) == undated(empty)


async def test_a_file_without_flaw_is_restored_in_any_layout(bob: Person, file: File) -> None:
    answer = await restored(bob, json.dumps(file, indent=4))

    assert answer.status_code == 201, answer.text
    balances = [row["balance_amount"] for row in (await made(bob.get("/accounts")))["accounts"]]
    assert balances == ["6.50", "6.50"]


@pytest.mark.parametrize(
    "content", [b"", b"\x00", b"[]", b"{}", b'{"format": "coffers"', b"PK\x03"]
)
async def test_what_is_no_export_is_refused(bob: Person, content: bytes) -> None:
    answer = await restored(bob, content)

    assert answer.status_code == 422, answer.text


async def test_a_file_that_was_cut_off_is_refused_wherever(bob: Person, file: File) -> None:
    whole = json.dumps(file)

    for end in range(1, len(whole), len(whole) // 40):
        answer = await restored(bob, whole[:end])

        assert answer.status_code == 422, whole[:end][-50:]


async def test_an_account_with_anything_in_it_is_not_overwritten(ada: Person, file: File) -> None:
    before = await exported(ada)

    answer = await restored(ada, json.dumps(file))

    assert answer.status_code == 409
    assert answer.json()["type"].endswith("/not_empty")
    assert undated(await exported(ada)) == undated(before)


async def test_there_are_so_many_rows_and_no_more(
    bob: Person, file: File, monkeypatch: pytest.MonkeyPatch
) -> None:
    total = sum(file["counts"].values())
    monkeypatch.setattr(reading, "MAX_ROWS", total - 1)

    refused = await restored(bob, json.dumps(file))
    monkeypatch.setattr(reading, "MAX_ROWS", total)
    taken = await restored(bob, json.dumps(file))

    assert refused.json()["errors"][0]["code"] == "too_many_rows"
    assert taken.status_code == 201


async def test_a_repeated_restoration_is_answered_once(bob: Person, file: File) -> None:
    form = {"file": ("coffers.json", json.dumps(file))}
    key = {"Idempotency-Key": "once"}

    first = await bob.request("POST", "/restorations", files=form, headers=key)
    again = await bob.request("POST", "/restorations", files=form, headers=key)
    other = {"file": ("coffers.json", json.dumps(file, indent=1))}
    reused = await bob.request("POST", "/restorations", files=other, headers=key)

    assert first.status_code == again.status_code == 201, first.text
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == first.json()
    assert reused.status_code == 422


async def test_a_form_of_another_shape_is_refused(bob: Person) -> None:
    two = await bob.request(
        "POST", "/restorations", files=[("file", ("a", b"{}")), ("file", ("b", b"{}"))]
    )
    field = await bob.request("POST", "/restorations", files={"file": b"{}"}, data={"more": "1"})
    none = await bob.post("/restorations", {})

    assert [two.status_code, field.status_code, none.status_code] == [400, 400, 415]


async def test_every_limit_of_a_table_fits_the_whole() -> None:
    assert all(0 < each.most <= catalogue.MAX_ROWS for each in catalogue.EXPORTED)
