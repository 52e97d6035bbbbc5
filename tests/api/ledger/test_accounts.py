from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from coffers.domain.ledger.accounts import AccountType
from tests.ledgers import NOON, ledger_of, movement, reported_account
from tests.people import Person

pytestmark = pytest.mark.asyncio(loop_scope="module")

CASH = {"name": "Cash at home", "account_type": "cash", "currency": "USD"}
FIELDS = [
    "id",
    "connection_id",
    "provider_account_id",
    "account_number_masked",
    "name",
    "account_type",
    "currency",
    "balance_amount",
    "balance_currency",
    "opening_balance",
    "available_balance_amount",
    "available_balance_currency",
    "is_active",
    "is_investment",
    "is_bank",
    "is_retirement",
    "is_credit",
    "last_synced_at",
    "created_at",
    "updated_at",
]


async def opened(ada: Person, **changes: Any) -> Any:
    answer = await ada.post("/accounts", CASH | changes)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_an_account_has_exactly_the_documented_fields(ada: Person) -> None:
    made = await opened(ada)

    answer = await ada.get(f"/accounts/{made['id']}")

    assert list(answer.json()) == FIELDS
    assert answer.json() == made


async def test_an_opening_balance_is_the_first_snapshot(ada: Person) -> None:
    made = await opened(ada, opening_balance="12.5")

    (snapshot,) = (await ada.get("/balance-snapshots")).json()["snapshots"]

    assert made["balance_amount"] == "12.50"
    assert (snapshot["balance"], snapshot["source"]) == ("12.50", "manual_entry")
    assert snapshot["change_amount"] is None


async def test_without_an_opening_balance_nothing_is_known_and_nothing_invented(
    ada: Person,
) -> None:
    made = await opened(ada)

    assert made["balance_amount"] is None
    assert (await ada.get("/accounts")).json()["total_balance_by_currency"] == {}
    assert (await ada.get("/balance-snapshots")).json()["total_count"] == 0


async def test_a_new_account_says_where_it_is(ada: Person) -> None:
    answer = await ada.post("/accounts", CASH)

    assert answer.headers["location"] == f"/api/v1/accounts/{answer.json()['id']}"
    assert answer.headers["etag"] == '"1"'


IMPOSSIBLE: list[dict[str, object]] = [
    {"currency": "XYZ"},
    {"account_type": "piggy_bank"},
    {"opening_balance": 12.5},
    {"opening_balance": "1e3"},
    {"name": ""},
    {"name": " \u00a0"},
    {"balance": "1"},
]


async def test_an_impossible_account_is_refused(ada: Person) -> None:
    answers = [await ada.post("/accounts", CASH | change) for change in IMPOSSIBLE]

    assert {answer.status_code for answer in answers} == {422}


async def test_an_account_kept_by_hand_is_renamed_and_reclassified(ada: Person) -> None:
    made = await opened(ada)

    answer = await ada.patch(f"/accounts/{made['id']}", {"name": "Safe", "account_type": "other"})

    assert answer.status_code == 200
    assert (answer.json()["name"], answer.json()["account_type"]) == ("Safe", "other")


async def test_only_one_of_two_edits_with_one_etag_succeeds(ada: Person) -> None:
    path = f"/accounts/{(await opened(ada))['id']}"
    etag = (await ada.get(path)).headers["etag"]

    answers = [
        await ada.patch(path, {"name": name}, headers={"If-Match": etag}) for name in ("one", "two")
    ]

    assert [answer.status_code for answer in answers] == [200, 412]
    assert (await ada.get(path)).json()["name"] == "one"


async def test_an_account_kept_by_hand_is_deleted_with_its_history(ada: Person) -> None:
    path = f"/accounts/{(await opened(ada, opening_balance='5'))['id']}"
    etag = (await ada.get(path)).headers["etag"]

    stale = await ada.delete(path, headers={"If-Match": '"7"'})
    gone = await ada.delete(path, headers={"If-Match": etag})

    assert (stale.status_code, gone.status_code) == (412, 204)
    assert (await ada.get(path)).status_code == 404
    assert (await ada.get("/balance-snapshots")).json()["total_count"] == 0


async def test_an_account_that_a_provider_reports_is_neither_edited_nor_deleted(
    ada: Person,
) -> None:
    async with ledger_of(ada) as ledger:
        path = f"/accounts/{(await ledger.account()).id}"

    edited = await ada.patch(path, {"name": "Mine"})
    deleted = await ada.delete(path)

    assert (edited.status_code, deleted.status_code) == (409, 409)
    assert edited.json()["type"].endswith("/errors/account_not_manual")


async def test_numbers_are_masked_unless_asked_for(ada: Person) -> None:
    async with ledger_of(ada) as ledger:
        account = await ledger.account("hash-of-000123456789")
        await _seal(ada, ledger.uow(), account.id, "000123456789")
    path = f"/accounts/{account.id}"

    masked = (await ada.get(path)).json()
    shown = (await ada.get(f"{path}?include=account_number")).json()

    assert masked["provider_account_id"] == "****6789"
    assert "account_number" not in masked
    assert shown["provider_account_id"] == "hash-of-000123456789"
    assert shown["account_number"] == "000123456789"


async def _seal(ada: Person, uow: Any, account_id: UUID, number: str) -> None:
    vault = ada.client.app.state.services.vault  # type: ignore[attr-defined]  # set by `running`
    async with uow:
        account = await uow.accounts.get(UUID(ada.id), account_id)
        sealed = vault.seal(number.encode(), bound_to=account_id)
        await uow.accounts.update(replace(account, account_number=sealed))
        await uow.commit()


async def test_the_list_totals_what_is_active_per_currency(ada: Person) -> None:
    async with ledger_of(ada) as ledger:
        await ledger.accounts(
            reported_account("a1", balance=Decimal(10)),
            reported_account("a2", balance=Decimal(-4)),
            reported_account("a3", balance=Decimal(7), currency="EUR"),
            reported_account("a4", balance=None),
        )
        await _close(ledger.uow(), ledger.origin, "a3")

    every = (await ada.get("/accounts")).json()
    active = (await ada.get("/accounts?active_only=true")).json()

    assert (every["total_count"], every["active_count"]) == (4, 3)
    assert every["total_balance_by_currency"] == {"USD": "6.00"}
    assert active["total_count"] == 3


async def _close(uow: Any, origin: Any, number: str) -> None:
    async with uow:
        for account in await uow.accounts.of_origin(origin):
            if account.provider_account_id == number:
                await uow.accounts.update(replace(account, deactivated_at=NOON))
        await uow.commit()


async def test_accounts_are_filtered_by_type(ada: Person) -> None:
    async with ledger_of(ada) as ledger:
        await ledger.account("a1")
        await ledger.account("a2", account_type=AccountType.CHECKING)

    answer = (await ada.get("/accounts?account_type=checking")).json()

    assert [account["account_type"] for account in answer["accounts"]] == ["checking"]
    assert (await ada.get("/accounts?account_type=piggy_bank")).status_code == 422


KINDS = {
    "ira": {"is_investment", "is_retirement"},
    "trust": {"is_investment"},
    "cd": {"is_bank"},
    "mortgage": {"is_credit"},
    "other": set(),
}


async def test_the_kind_of_an_account_is_told(ada: Person) -> None:
    made = {kind: await opened(ada, account_type=kind) for kind in KINDS}

    every = ("is_investment", "is_bank", "is_retirement", "is_credit")
    told = {kind: {name for name in every if view[name]} for kind, view in made.items()}
    assert told == KINDS


async def test_the_account_s_transactions_go_with_it(ada: Person) -> None:
    made = await opened(ada)
    async with ledger_of(ada) as ledger:
        async with ledger.uow() as uow:
            account = await uow.accounts.get(ledger.user_id, UUID(made["id"]))
        await ledger.move(account, movement())

    await ada.delete(f"/accounts/{made['id']}")

    assert (await ada.get("/transactions")).json()["total_count"] == 0
