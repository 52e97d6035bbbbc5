"""Plans: looked at, applied once, replaced when the ledger changed, and logged."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.people import Person
from tests.statements import (
    application_of,
    coffee,
    dumped,
    imported,
    ledger,
    ofx,
    only_account,
    planned,
    reversal_of,
    rows_of,
    upload,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

Enrol = Callable[..., Awaitable[Person]]


async def test_a_plan_changes_nothing(eve: Person) -> None:
    before = await dumped(eve)

    plan = await planned(eve, ofx(coffee(), balance="10.00"))

    assert plan["status"] == "planned"
    assert plan["accounts"][0]["balance"] == "10.00"
    assert plan["accounts"][0]["is_current"] is True
    assert plan["accounts"][0]["counts"]["new"] == 1
    assert await dumped(eve) == before


async def test_a_wrong_hash_is_stale(ada: Person) -> None:
    plan = await planned(ada, ofx(coffee()))

    answer = await application_of(ada, plan | {"plan_hash": "0" * 64})

    assert answer.status_code == 409
    assert answer.json()["type"].endswith("/errors/plan_stale")
    assert await ledger(ada) == []
    assert (await application_of(ada, plan)).status_code == 201


async def test_a_plan_that_changed_meanwhile_is_refused_and_shown_anew(eve: Person) -> None:
    old = await planned(eve, ofx(coffee(id="a"), coffee(id="b")))
    await imported(eve, ofx(coffee(id="a")))

    refused = await application_of(eve, old)

    assert refused.status_code == 409
    assert refused.json()["type"].endswith("/errors/plan_stale")
    shown = await eve.get(f"/imports/{old['id']}")
    new = shown.json()
    assert new["plan_hash"] != old["plan_hash"]
    assert (new["counts"]["new"], new["counts"]["duplicate"]) == (1, 1)
    assert shown.headers["etag"] == '"2"'
    assert [row["verdict"] for row in await rows_of(eve, new)] == ["duplicate", "new"]
    assert (await application_of(eve, new)).status_code == 201
    assert len(await ledger(eve)) == 2


async def test_a_plan_is_applied_once(ada: Person) -> None:
    plan = await imported(ada, ofx(coffee()))

    again = await application_of(ada, plan)

    assert again.status_code == 409
    assert again.json()["type"].endswith("/errors/import_not_planned")
    assert len(await ledger(ada)) == 1


async def test_applying_and_reverting_make_new_versions(ada: Person) -> None:
    plan = await planned(ada, ofx(coffee()))

    applied = await application_of(ada, plan)
    reverted = await reversal_of(ada, plan)

    assert [applied.headers["etag"], reverted.headers["etag"]] == ['"2"', '"3"']
    assert [applied.json()["status"], reverted.json()["status"]] == ["applied", "reverted"]


async def test_a_repeated_upload_with_its_key_is_the_same_import_whatever_the_boundary(
    ada: Person,
) -> None:
    file, key = ofx(coffee()), {"Idempotency-Key": "once"}

    first = await upload(ada, file, headers=key)
    again = await upload(ada, file, headers=key)
    other = await upload(ada, ofx(coffee(amount="-9.99")), headers=key)

    assert first.status_code == again.status_code == 201
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == first.json()
    assert other.status_code == 422
    assert (await ada.get("/imports")).json()["total_count"] == 1


async def test_a_repeated_application_with_its_key_is_answered_alike(eve: Person) -> None:
    plan, key = await planned(eve, ofx(coffee())), {"Idempotency-Key": "once"}

    first = await application_of(eve, plan, headers=key)
    again = await application_of(eve, plan, headers=key)

    assert first.status_code == again.status_code == 201
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == first.json()
    assert len(await ledger(eve)) == 1


async def test_a_stale_plan_under_a_key_is_renewed_all_the_same(eve: Person) -> None:
    old = await planned(eve, ofx(coffee(id="a"), coffee(id="b")))
    await imported(eve, ofx(coffee(id="a")))

    refused = await application_of(eve, old, headers={"Idempotency-Key": "stale"})

    new = (await eve.get(f"/imports/{old['id']}")).json()
    assert refused.status_code == 409
    assert new["plan_hash"] != old["plan_hash"]


async def test_two_applications_at_once_have_one_effect(eve: Person) -> None:
    plan = await planned(eve, ofx(*(coffee(id=str(n)) for n in range(20))))

    answers = await asyncio.gather(*(application_of(eve, plan) for _ in range(4)))

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert len(await ledger(eve)) == 20


@pytest.mark.parametrize("is_known", [True, False])
async def test_one_file_applied_twice_at_once_brings_nothing_twice(
    is_known: bool,  # noqa: FBT001 - a parameter of the cases
    eve: Person,
) -> None:
    file = ofx(*(coffee(id=str(n)) for n in range(20)), balance="5.00")
    if is_known:
        await imported(eve, ofx(coffee(id="0")))
    plans = [await planned(eve, file) for _ in range(3)]

    answers = await asyncio.gather(*(application_of(eve, plan) for plan in plans))

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    assert len(await ledger(eve)) == 20
    assert len((await dumped(eve))["accounts"]) == 1


async def test_a_plan_can_be_discarded_unless_it_was_applied(ada: Person) -> None:
    waiting, applied = await planned(ada, ofx(coffee())), await imported(ada, ofx(coffee()))

    stale = await ada.delete(f"/imports/{waiting['id']}", headers={"If-Match": '"7"'})
    gone = await ada.delete(f"/imports/{waiting['id']}", headers={"If-Match": '"1"'})
    stands = await ada.delete(f"/imports/{applied['id']}")

    assert [stale.status_code, gone.status_code, stands.status_code] == [412, 204, 409]
    assert (await ada.get(f"/imports/{waiting['id']}")).status_code == 404
    assert (await application_of(ada, waiting)).status_code == 404


async def test_imports_and_their_rows_come_in_pages(ada: Person) -> None:
    plans = [await planned(ada, ofx(*(coffee(id=str(n)) for n in range(3)))) for _ in range(3)]

    newest = (await ada.get("/imports", params={"limit": 2})).json()
    rest = (await ada.get("/imports", params={"limit": 2, "cursor": newest["next_cursor"]})).json()
    path = f"/imports/{plans[0]['id']}/rows"
    rows = (await ada.get(path, params={"limit": 2})).json()
    more = (await ada.get(path, params={"limit": 2, "cursor": rows["next_cursor"]})).json()

    listed = [one["id"] for one in newest["imports"] + rest["imports"]]
    assert sorted(listed) == sorted(plan["id"] for plan in plans)
    assert (newest["total_count"], rest["next_cursor"]) == (3, None)
    assert [row["row"] for row in rows["rows"] + more["rows"]] == [1, 2, 3]
    assert (rows["total_count"], more["next_cursor"]) == (3, None)
    assert (await ada.get(path, params={"limit": 101})).status_code == 422


async def test_nobody_touches_another_s_import_or_imports_into_another_s_account(
    ada: Person, enrol: Enrol
) -> None:
    bob, plan = await enrol("bob"), await imported(ada, ofx(coffee()))
    account = await only_account(ada)

    theirs = [
        await bob.get(f"/imports/{plan['id']}"),
        await bob.get(f"/imports/{plan['id']}/rows"),
        await application_of(bob, plan),
        await reversal_of(bob, plan),
        await bob.delete(f"/imports/{plan['id']}"),
        await upload(bob, ofx(coffee()), account_id=account["id"]),
    ]

    assert {answer.status_code for answer in theirs} == {403}
    assert len(await ledger(ada)) == 1


async def test_what_does_not_exist_is_not_found(ada: Person) -> None:
    nothing = "0198c0de-5f00-7a10-8b3c-2f9d6e4a1b7c"

    assert (await ada.get(f"/imports/{nothing}")).status_code == 404
    assert (await application_of(ada, {"id": nothing, "plan_hash": "0" * 64})).status_code == 404
    assert (await upload(ada, ofx(coffee()), account_id=nothing)).status_code == 404


async def test_every_step_is_logged_with_the_import_as_its_subject(ada: Person) -> None:
    plan = await imported(ada, ofx(coffee()))
    await application_of(ada, plan)
    await reversal_of(ada, plan)
    discarded = await planned(ada, ofx(coffee()))
    await ada.delete(f"/imports/{discarded['id']}")

    logged = [(e["name"], e["subject_id"]) for e in await changes(ada) if "Import" in e["name"]]

    assert logged == [
        ("ImportAttempted", plan["id"]),
        ("ImportPlanned", plan["id"]),
        ("ImportAttempted", plan["id"]),
        ("ImportSucceeded", plan["id"]),
        ("ImportAttempted", plan["id"]),
        ("ImportFailed", plan["id"]),
        ("ImportReversalAttempted", plan["id"]),
        ("ImportReversalSucceeded", plan["id"]),
        ("ImportAttempted", discarded["id"]),
        ("ImportPlanned", discarded["id"]),
        ("ImportDiscarded", discarded["id"]),
    ]


async def test_a_file_that_cannot_be_read_is_a_failed_import(ada: Person) -> None:
    refused = await upload(ada, b"nonsense")

    events = [e for e in await changes(ada) if "Import" in e["name"]]
    assert refused.status_code == 422
    assert [e["name"] for e in events] == ["ImportAttempted", "ImportFailed"]
    assert events[0]["subject_id"] == events[1]["subject_id"] is not None
    assert events[1]["details"] == {"problem": "statement_unreadable"}


async def changes(person: Person) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await person.get("/changes")).json()["changes"]
    return found
