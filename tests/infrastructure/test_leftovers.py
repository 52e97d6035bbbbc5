from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Table, func, insert, select

from coffers.application import jobs as background
from coffers.application.jobs import clean_up
from coffers.domain.ids import new_id
from coffers.domain.jobs import JobState
from coffers.infrastructure.db.idempotency import idempotency_keys
from coffers.infrastructure.db.identity.sessions import refresh_tokens, sessions
from coffers.infrastructure.db.identity.verifications import one_time_tokens
from coffers.infrastructure.db.jobs import jobs
from coffers.infrastructure.db.ledger.imports import imports
from coffers.infrastructure.db.live.events import events
from coffers.infrastructure.db.spending.edit_plans import edit_plan_chunks, edit_plans
from tests.stores import NOON, Store, open_store


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    async with open_store(database_url) as store:
        yield store


def session(expires_at: datetime, revoked_at: datetime | None = None) -> dict[str, Any]:
    times = {"created_at": NOON, "last_activity_at": NOON, "expires_at": expires_at}
    return {"user_id": new_id(), "id": new_id(), "revoked_at": revoked_at, **times}


def refresh_token(expires_at: datetime) -> dict[str, Any]:
    ids = {"user_id": new_id(), "id": new_id(), "session_id": new_id()}
    return {**ids, "token_hash": new_id().hex, "issued_at": NOON, "expires_at": expires_at}


def one_time_token(expires_at: datetime) -> dict[str, Any]:
    ids = {"user_id": new_id(), "id": new_id(), "token_hash": new_id().hex}
    return {**ids, "purpose": "password_reset", "created_at": NOON, "expires_at": expires_at}


def answer(created_at: datetime) -> dict[str, Any]:
    row = {"scope": "s", "key": new_id().hex, "fingerprint": "f", "status": 200}
    return {**row, "headers": {}, "body": b"", "created_at": created_at}


def job(state: JobState, finished_at: datetime | None) -> dict[str, Any]:
    row = {"user_id": new_id(), "id": new_id(), "kind": "mail", "payload": {}, "attempts": 1}
    times = {"run_at": NOON, "created_at": NOON, "finished_at": finished_at}
    return {**row, "state": state.value, "max_attempts": 8, **times}


def plan(created_at: datetime, status: str = "planned") -> dict[str, Any]:
    row = {"user_id": new_id(), "id": new_id(), "status": status, "file_name": "f", "version": 1}
    told = {"format": "ofx", "sha256": "0" * 64, "plan_hash": "0" * 64, "summary": {}}
    kept = {"account_ids": [], "statements": b"", "rows": b"", "undo": b""}
    return {**row, **told, **kept, "created_at": created_at}


def edit(created_at: datetime, **ended: datetime) -> dict[str, Any]:
    status = "planned" if not ended else max(ended).removesuffix("_at")
    row = {"user_id": new_id(), "id": new_id(), "kind": "bulk_edit", "status": status, "version": 1}
    told = {"request": {}, "plan_hash": "0" * 64, "summary": {}}
    return {
        **row,
        **told,
        "applied_at": None,
        "reverted_at": None,
        "created_at": created_at,
        **ended,
    }


DAY = timedelta(days=1)
MOMENT = timedelta(seconds=1)
#: A row that has served its time, and one that has not quite, at noon.
CASES = [
    (refresh_tokens, refresh_token(NOON - MOMENT), refresh_token(NOON + MOMENT)),
    (one_time_tokens, one_time_token(NOON - MOMENT), one_time_token(NOON + MOMENT)),
    (sessions, session(NOON - 31 * DAY - MOMENT), session(NOON - 31 * DAY + MOMENT)),
    (
        sessions,
        session(NOON + DAY, NOON - 31 * DAY - MOMENT),
        session(NOON + DAY, NOON - 31 * DAY + MOMENT),
    ),
    (idempotency_keys, answer(NOON - DAY - MOMENT), answer(NOON - DAY + MOMENT)),
    (
        jobs,
        job(JobState.DONE, NOON - 7 * DAY - MOMENT),
        job(JobState.DONE, NOON - 7 * DAY + MOMENT),
    ),
    (
        jobs,
        job(JobState.DEAD, NOON - 30 * DAY - MOMENT),
        job(JobState.DEAD, NOON - 30 * DAY + MOMENT),
    ),
    (imports, plan(NOON - 7 * DAY - MOMENT), plan(NOON - 7 * DAY + MOMENT)),
    (imports, plan(NOON - 8 * DAY), plan(NOON - 1000 * DAY, "applied")),
    (edit_plans, edit(NOON - 7 * DAY - MOMENT), edit(NOON - 7 * DAY + MOMENT)),
    (
        edit_plans,
        edit(NOON - 999 * DAY, applied_at=NOON - 365 * DAY - MOMENT),
        edit(NOON - 999 * DAY, applied_at=NOON - 365 * DAY + MOMENT),
    ),
    (
        edit_plans,
        edit(NOON - 999 * DAY, applied_at=NOON - 400 * DAY, reverted_at=NOON - 366 * DAY),
        edit(NOON - 999 * DAY, applied_at=NOON - 400 * DAY, reverted_at=NOON - 364 * DAY),
    ),
]


async def put(store: Store, table: Table, *rows: dict[str, Any]) -> None:
    async with store.engines.write.begin() as connection:
        await connection.execute(insert(table), list(rows))


@pytest.mark.parametrize(("table", "old", "young"), CASES)
async def test_what_has_served_its_time_goes_and_nothing_else(
    store: Store, table: Table, old: dict[str, Any], young: dict[str, Any]
) -> None:
    await put(store, table, old, young)

    await clean_up(store.uow(), store.clock)

    key = list(table.primary_key.columns)[-1]
    left = [row[0] for row in await store.reader.rows(select(key))]
    assert left == [young[key.name]]


async def test_plans_of_edits_go_with_all_their_rows(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "BATCH", 2)
    monkeypatch.setattr(background, "MAX_BATCHES", 2)
    old, young = edit(NOON - 8 * DAY), edit(NOON)
    await put(store, edit_plans, old, young)
    for made in (old, young):
        key = {"user_id": made["user_id"], "plan_id": made["id"], "rows": b""}
        await put(store, edit_plan_chunks, *(key | {"number": number} for number in range(5)))

    await clean_up(store.uow(), store.clock)
    halfway = await store.reader.rows(select(edit_plans.c.id))
    await clean_up(store.uow(), store.clock)

    left = await store.reader.rows(select(edit_plan_chunks.c.plan_id))
    assert len(halfway) == 2
    assert [row.plan_id for row in left] == [young["id"]] * 5
    assert [row.id for row in await store.reader.rows(select(edit_plans.c.id))] == [young["id"]]


async def test_unfinished_jobs_stay_however_old(store: Store) -> None:
    await put(store, jobs, job(JobState.READY, None))
    store.clock.pass_time(days=1000)

    await clean_up(store.uow(), store.clock)

    assert len(await store.reader.rows(select(jobs))) == 1


async def test_the_log_tells_of_each_batch_that_was_removed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "BATCH", 2)
    await put(store, one_time_tokens, *(one_time_token(NOON - DAY) for _ in range(5)))

    await clean_up(store.uow(), store.clock)

    rows = await store.reader.rows(select(events.c.name, events.c.details).order_by("sequence"))
    assert [row.details for row in rows] == [
        '{"count":2,"table":"one_time_tokens"}',
        '{"count":2,"table":"one_time_tokens"}',
        '{"count":1,"table":"one_time_tokens"}',
    ]
    assert {row.name for row in rows} == {"ExpiredRowsRemoved"}


async def test_one_cleaning_has_a_limit_and_the_next_goes_on(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(background, "BATCH", 2)
    monkeypatch.setattr(background, "MAX_BATCHES", 2)
    await put(store, one_time_tokens, *(one_time_token(NOON - DAY) for _ in range(5)))

    left = []
    for _ in range(2):
        await clean_up(store.uow(), store.clock)
        count = select(func.count()).select_from(one_time_tokens)
        left.append((await store.reader.rows(count))[0][0])

    assert left == [1, 0]


async def test_a_cleaning_with_nothing_to_do_leaves_no_trace(store: Store) -> None:
    await clean_up(store.uow(), store.clock)

    assert await store.reader.rows(select(events)) == []
