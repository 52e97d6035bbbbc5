"""Transfers over HTTP: found by the rule, said by the owner, and never dangling."""

import asyncio
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
import pytest_asyncio

from coffers.application.spending.transfer_matching import MATCHING, enqueue_matching
from coffers.domain.ledger.accounts import AccountType
from coffers.domain.ledger.transactions import TransactionStatus, TransactionType
from tests.api.conftest import newcomer
from tests.conftest import running, settings_for
from tests.ledgers import ledger_of, reported_account
from tests.people import Person, insisting, sign_up
from tests.rows import event_names
from tests.scripted import Script, ScriptedBank, connect, sync_all
from tests.spendings import DAY, bank_account, days, forget_work, ids_of, moved, work_through
from tests.transfer_examples import two_legs

pytestmark = pytest.mark.asyncio(loop_scope="module")

_SIDES = ("outgoing", "incoming")


@pytest.fixture
def script() -> Script:
    return Script()


@pytest_asyncio.fixture(loop_scope="module")
async def holder(either_banked: httpx.AsyncClient, bank: ScriptedBank, script: Script) -> Person:
    """Somebody with a bank of which a test says what it tells, on both engines."""
    bank.script = script
    await forget_work(either_banked)
    return await newcomer(either_banked, "holder")


def tell(script: Script, **accounts: list[Any]) -> None:
    """Accounts of the bank and their movements."""
    for number, rows in accounts.items():
        known = {account.provider_account_id for account in script.accounts}
        if number not in known:
            kind = AccountType.CHECKING
            script.accounts.append(reported_account(number, name=number, account_type=kind))
        script.pages[number] = [rows]


async def synced(person: Person, connection: dict[str, Any] | None = None) -> dict[str, Any]:
    """Sync, and let the work that follows be done."""
    connection = connection or await connect(person)
    answer = await sync_all(person, connection)
    assert answer.status_code == 201, answer.text
    await work_through(person.client, MATCHING)
    return connection


async def transfers_of(person: Person, **query: str) -> list[dict[str, Any]]:
    found = await person.get("/transfers", params=query)
    assert found.status_code == 200, found.text
    listed: list[dict[str, Any]] = found.json()["transfers"]
    assert found.json()["total_count"] >= len(listed)
    return listed


async def named_in_rows(person: Person) -> dict[str, str | None]:
    """The transfer that each movement names, by the movement's id of its source."""
    found = (await person.get("/transactions")).json()["transactions"]
    return {row["provider_transaction_id"]: row["transfer_id"] for row in found}


def recently(back: int = 0) -> date:
    return date.today() - days(back)  # noqa: DTZ011 - of the bank's zone


async def test_opposite_amounts_that_only_fit_each_other_are_a_transfer(
    holder: Person, script: Script
) -> None:
    tell(
        script,
        giro=[moved("out", "-100.00", recently(4)), moved("rent", "-900.00", recently(4))],
        savings=[moved("in", "100.00", recently(0))],
    )

    await synced(holder)

    (transfer,) = await transfers_of(holder)
    assert (transfer["status"], transfer["matched_by"]) == ("confirmed", "rule")
    assert (transfer["outgoing_amount"], transfer["incoming_amount"]) == ("-100.00", "100.00")
    named = await named_in_rows(holder)
    assert named == {"out": transfer["id"], "in": transfer["id"], "rent": None}


async def test_what_fits_several_is_only_suggested(holder: Person, script: Script) -> None:
    tell(
        script,
        giro=[moved("out", "-100.00", recently(2))],
        savings=[moved("one", "100.00", recently(1)), moved("two", "100.00", recently(2))],
    )

    await synced(holder)

    assert [each["status"] for each in await transfers_of(holder)] == ["suggested"] * 2
    assert set((await named_in_rows(holder)).values()) == {None}


async def test_a_pending_movement_is_suggested_until_it_is_posted(
    holder: Person, script: Script
) -> None:
    pending = moved("in", "100.00", recently(1), status=TransactionStatus.PENDING)
    tell(script, giro=[moved("out", "-100.00", recently(2))], savings=[pending])
    connection = await synced(holder)
    (suggested,) = await transfers_of(holder)

    tell(script, savings=[moved("in", "100.00", recently(1))])
    await synced(holder, connection)

    (transfer,) = await transfers_of(holder)
    assert (suggested["status"], transfer["status"]) == ("suggested", "confirmed")


@pytest.mark.parametrize(
    "changes",
    [
        {"status": TransactionStatus.FAILED},
        {"status": TransactionStatus.CANCELLED},
        {"transaction_type": TransactionType.TRADE},
        {"currency": "EUR"},
        {"transaction_date": recently(7)},
    ],
)
async def test_what_is_no_transfer_is_not_even_suggested(
    holder: Person, script: Script, changes: dict[str, Any]
) -> None:
    tell(script, giro=[moved("out", "-100.00", recently(2))])
    tell(script, savings=[replace(moved("in", "100.00", recently(1)), **changes)])

    await synced(holder)

    assert await transfers_of(holder) == []


async def test_a_rejected_pair_stays_rejected_whatever_is_synced_again(
    holder: Person, script: Script
) -> None:
    tell(script, giro=[moved("out", "-100.00", recently(2))])
    tell(script, savings=[moved("in", "100.00", recently(1))])
    connection = await synced(holder)
    (transfer,) = await transfers_of(holder)

    rejected = await holder.patch(f"/transfers/{transfer['id']}", {"status": "rejected"})
    tell(script, giro=[moved("out", "-100.00", recently(2), description="To my savings")])
    await synced(holder, connection)

    assert rejected.json()["status"] == "rejected"
    assert [each["status"] for each in await transfers_of(holder)] == ["rejected"]
    assert set((await named_in_rows(holder)).values()) == {None}


async def test_a_corrected_amount_frees_both_legs(holder: Person, script: Script) -> None:
    tell(script, giro=[moved("out", "-100.00", recently(2))])
    tell(script, savings=[moved("in", "100.00", recently(1))])
    connection = await synced(holder)

    tell(script, giro=[moved("out", "-101.00", recently(2))])
    answer = await sync_all(holder, connection)

    # At once: no moment at which one leg names a transfer that does not stand.
    assert answer.status_code == 201
    assert set((await named_in_rows(holder)).values()) == {None}
    assert await transfers_of(holder) == []
    assert "TransferReleased" in await event_names(holder.client, holder.id)


async def test_a_rival_that_turns_up_later_takes_nothing_from_a_transfer(
    holder: Person, script: Script
) -> None:
    tell(script, giro=[moved("out", "-100.00", recently(2))])
    tell(script, savings=[moved("in", "100.00", recently(1))])
    connection = await synced(holder)

    tell(script, third=[moved("late", "100.00", recently(1))])
    await synced(holder, connection)

    (transfer,) = await transfers_of(holder)
    assert transfer["status"] == "confirmed"


async def test_across_currencies_what_fits_at_the_rate_of_the_day_is_suggested(
    service: httpx.AsyncClient,
) -> None:
    person = await sign_up(service, "two-currencies")
    async with ledger_of(person) as ledger:
        giro = await bank_account(ledger, "giro", currency="EUR")
        abroad = await bank_account(ledger, "abroad", currency="USD")
        # The euro was 1.0881 dollars on 15 March 2024 (ECB).
        day = date(2024, 3, 15)
        await ledger.move(giro, moved("out", "-1000.00", day, currency="EUR"))
        await ledger.move(abroad, moved("in", "1080.00", day, currency="USD"))
        await ledger.move(abroad, moved("else", "1200.00", day, currency="USD"))
        await match_all(person, day)

    (transfer,) = await transfers_of(person)
    assert transfer["status"] == "suggested"
    assert (transfer["outgoing_currency"], transfer["incoming_amount"]) == ("EUR", "1080.00")


async def match_all(person: Person, *days_: date) -> None:
    """Look at these days."""
    async with ledger_of(person) as ledger, ledger.uow() as uow:
        await enqueue_matching(uow, ledger.user_id, now=ledger.now, days=days_)
        await uow.commit()
    await work_through(person.client, MATCHING)


async def test_the_owner_names_a_pair_and_undoes_it(ada: Person) -> None:
    legs = await two_legs(ada)

    made = await ada.post("/transfers", legs)
    path = made.headers["Location"].removeprefix("/api/v1")
    shown = await ada.get(path)
    undone = await ada.delete(path)

    assert (made.status_code, undone.status_code) == (201, 204)
    assert made.json() == shown.json()
    assert made.headers["ETag"] == shown.headers["ETag"]
    assert (made.json()["status"], made.json()["matched_by"]) == ("confirmed", "user")
    assert (await ada.get(path)).status_code == 404
    assert set((await named_in_rows(ada)).values()) == {None}
    names = await event_names(ada.client, ada.id)
    assert names[-2:] == ["TransferConfirmed", "TransferUndone"]


async def test_a_rejected_pair_is_a_transfer_when_its_owner_names_it(ada: Person) -> None:
    legs = await two_legs(ada)
    transfer = (await ada.post("/transfers", legs)).json()
    await ada.patch(f"/transfers/{transfer['id']}", {"status": "rejected"})

    again = await ada.post("/transfers", legs)

    assert (again.json()["id"], again.json()["status"]) == (transfer["id"], "confirmed")


async def test_confirming_one_suggestion_forgets_its_rivals(ada: Person) -> None:
    async with ledger_of(ada) as ledger:
        giro, savings = await bank_account(ledger, "giro"), await bank_account(ledger, "savings")
        await ledger.move(giro, moved("out", "-5.00"))
        await ledger.move(savings, moved("one", "5.00"), moved("two", "5.00"))
    await match_all(ada, DAY)
    first, _ = await transfers_of(ada, status="suggested")

    confirmed = await ada.patch(f"/transfers/{first['id']}", {"status": "confirmed"})

    assert confirmed.json()["matched_by"] == "user"
    assert [each["id"] for each in await transfers_of(ada)] == [first["id"]]


async def test_rejecting_all_rivals_but_one_leaves_a_transfer(ada: Person) -> None:
    async with ledger_of(ada) as ledger:
        giro, savings = await bank_account(ledger, "giro"), await bank_account(ledger, "savings")
        await ledger.move(giro, moved("out", "-5.00"))
        await ledger.move(savings, moved("one", "5.00"), moved("two", "5.00"))
    await match_all(ada, DAY)
    first, _ = await transfers_of(ada, status="suggested")

    await ada.patch(f"/transfers/{first['id']}", {"status": "rejected"})
    await work_through(ada.client, MATCHING)

    assert len(await transfers_of(ada, status="confirmed")) == 1
    assert [each["id"] for each in await transfers_of(ada, status="rejected")] == [first["id"]]


@pytest.mark.parametrize(("out", "into"), [("-5.00", "6.00"), ("5.00", "5.00"), ("-5.00", "-5.00")])
async def test_amounts_that_are_not_opposite_are_no_transfer(
    ada: Person, out: str, into: str
) -> None:
    async with ledger_of(ada) as ledger:
        giro, savings = await bank_account(ledger, "giro"), await bank_account(ledger, "savings")
        await ledger.move(giro, moved("out", out))
        await ledger.move(savings, moved("in", into))
    legs = [(await ids_of(ada, giro))["out"], (await ids_of(ada, savings))["in"]]

    refused = await _name(ada, *legs)

    assert refused.status_code == 422


async def test_one_account_has_no_transfers_within(ada: Person) -> None:
    async with ledger_of(ada) as ledger:
        giro = await bank_account(ledger, "giro")
        await ledger.move(giro, moved("out", "-5.00"), moved("in", "5.00"))
    legs = await ids_of(ada, giro)

    refused = await _name(ada, legs["out"], legs["in"])

    assert refused.status_code == 422


async def test_a_leg_of_one_transfer_is_refused_to_another(ada: Person) -> None:
    async with ledger_of(ada) as ledger:
        giro, savings = await bank_account(ledger, "giro"), await bank_account(ledger, "savings")
        await ledger.move(giro, moved("out", "-5.00"))
        await ledger.move(savings, moved("one", "5.00"), moved("two", "5.00"))
    out, ins = (await ids_of(ada, giro))["out"], await ids_of(ada, savings)
    await _name(ada, out, ins["one"])

    refused = await _name(ada, out, ins["two"])

    assert refused.status_code == 409
    assert refused.json()["type"].endswith("/already_transferred")


async def test_the_legs_of_others_are_out_of_reach(ada: Person) -> None:
    eve = await newcomer(ada.client, "eve")
    legs = await two_legs(ada)

    refused = await eve.post("/transfers", legs)

    assert refused.status_code == 403


async def test_a_decision_holds_only_for_the_version_that_was_read(ada: Person) -> None:
    made = await ada.post("/transfers", await two_legs(ada))
    path = f"/transfers/{made.json()['id']}"

    first = await ada.patch(
        path, {"status": "rejected"}, headers={"If-Match": made.headers["ETag"]}
    )
    second = await ada.delete(path, headers={"If-Match": made.headers["ETag"]})

    assert (first.status_code, second.status_code) == (200, 412)


async def test_a_deleted_account_takes_its_transfers_along(ada: Person) -> None:
    draft = {"name": "Cash", "account_type": "cash", "currency": "USD"}
    cash = (await ada.post("/accounts", draft)).json()["id"]
    async with ledger_of(ada) as ledger:
        giro = await bank_account(ledger, "giro")
        await ledger.move(giro, moved("out", "-5.00"))
        await ledger.move(await ledger.known(UUID(cash)), moved("in", "5.00"))
    await match_all(ada, DAY)
    before = await transfers_of(ada, status="confirmed")

    await ada.delete(f"/accounts/{cash}")

    assert (len(before), await transfers_of(ada)) == (1, [])
    assert await named_in_rows(ada) == {"out": None}


async def test_transfers_come_in_pages_newest_first(ada: Person) -> None:
    async with ledger_of(ada) as ledger:
        giro, savings = await bank_account(ledger, "giro"), await bank_account(ledger, "savings")
        await ledger.move(giro, *(moved(f"o{n}", f"-{n}.00") for n in range(1, 6)))
        await ledger.move(savings, *(moved(f"i{n}", f"{n}.00") for n in range(1, 6)))
    await match_all(ada, DAY)

    first = (await ada.get("/transfers?limit=3")).json()
    rest = (await ada.get("/transfers", params={"limit": 3, "cursor": first["next_cursor"]})).json()

    ids = [each["id"] for each in first["transfers"] + rest["transfers"]]
    assert (first["total_count"], rest["next_cursor"], len(set(ids))) == (5, None, 5)
    assert ids == sorted(ids, reverse=True)


async def _name(person: Person, outgoing: str, incoming: str) -> httpx.Response:
    legs = {"outgoing_transaction_id": outgoing, "incoming_transaction_id": incoming}
    return await person.post("/transfers", legs)


async def test_twenty_at_once_confirm_overlapping_pairs_and_each_leg_is_taken_once(
    database_url: str, tmp_path: Path
) -> None:
    async with running(settings_for(database_url, tmp_path)) as client:
        person = await sign_up(client, "racer")
        async with ledger_of(person) as ledger:
            giro = await bank_account(ledger, "giro")
            savings = await bank_account(ledger, "savings")
            await ledger.move(giro, *(moved(f"o{n}", "-5.00") for n in range(5)))
            await ledger.move(savings, *(moved(f"i{n}", "5.00") for n in range(4)))
        outs, ins = await ids_of(person, giro), await ids_of(person, savings)
        pairs = [(out, into) for out in outs.values() for into in ins.values()]

        answers = await asyncio.gather(
            *(insisting(partial(_name, person, *pair)) for pair in pairs)
        )

        assert sorted({answer.status_code for answer in answers}) == [201, 409]
        confirmed = await transfers_of(person, status="confirmed")
        legs = [each[f"{side}_transaction_id"] for each in confirmed for side in _SIDES]
        assert len(confirmed) == 4
        assert len(set(legs)) == 8
        found = (await person.get("/transactions")).json()["transactions"]
        named = {row["id"]: row["transfer_id"] for row in found if row["transfer_id"]}
        assert set(named) == set(legs)


async def _two_entries(person: Person) -> tuple[str, str]:
    """Written by hand in two accounts, and matched."""
    ids = []
    for name, amount in (("Purse", "-20.00"), ("Jar", "20.00")):
        draft = {"name": name, "account_type": "cash", "currency": "EUR", "opening_balance": "50"}
        account = (await person.post("/accounts", draft)).json()["id"]
        entry = {"account_id": account, "amount": amount, "transaction_date": "2026-03-02"}
        made = await person.post("/transactions", entry | {"description": "Moved"})
        assert made.status_code == 201, made.text
        ids.append(made.json()["id"])
    await work_through(person.client, MATCHING)
    assert len(await transfers_of(person, status="confirmed")) == 1
    return ids[0], ids[1]


async def test_what_is_written_by_hand_is_matched_and_its_deletion_frees_the_other_leg(
    ada: Person,
) -> None:
    out, into = await _two_entries(ada)

    assert (await ada.delete(f"/transactions/{out}")).status_code == 204

    assert (await ada.get(f"/transactions/{into}")).json()["transfer_id"] is None
    assert await transfers_of(ada) == []


async def test_a_leg_edited_by_hand_is_answered_as_it_is_afterwards(ada: Person) -> None:
    out, _ = await _two_entries(ada)

    edited = await ada.patch(f"/transactions/{out}", {"amount": "-21.00"})
    shown = await ada.get(f"/transactions/{out}")

    assert edited.status_code == 200, edited.text
    assert edited.json()["transfer_id"] is None
    assert (edited.headers["ETag"], edited.json()) == (shown.headers["ETag"], shown.json())


async def test_a_note_on_a_leg_leaves_the_transfer_alone(ada: Person) -> None:
    out, _ = await _two_entries(ada)

    edited = await ada.patch(f"/transactions/{out}", {"notes": "For the holidays"})

    (transfer,) = await transfers_of(ada)
    assert edited.json()["transfer_id"] == transfer["id"]
