"""The audit log as administrators see it."""

from datetime import datetime, timedelta
from uuid import UUID

import httpx
import pytest
from sqlalchemy import update

from coffers.infrastructure.db.engines import open_engines
from coffers.infrastructure.db.live.events import events
from tests.people import Person, sign_up


@pytest.fixture
async def admin(client: httpx.AsyncClient) -> Person:
    return await sign_up(client, "root", "admin")


async def test_every_mutation_is_on_record_with_who_and_from_where(
    admin: Person, ada: Person
) -> None:
    headers = {"X-Trace-Id": "the-trace", "User-Agent": "tests/1"}
    await ada.patch("/users/me", {"display_name": "Ada"}, headers=headers)

    page = (await admin.get("/admin/audit-log", params={"user_id": ada.id, "limit": 1})).json()

    (entry,) = page["entries"]
    assert (entry["name"], entry["details"]) == ("ProfileChanged", {"fields": ["display_name"]})
    assert entry["user_id"] == entry["actor_id"] == entry["subject_id"] == ada.id
    assert (entry["ip_address"], entry["user_agent"]) == ("127.0.0.1", "tests/1")
    assert entry["trace_id"] == "the-trace"
    assert len(entry["hash"]) == len(entry["previous_hash"]) == 64


async def test_the_log_is_walked_by_links_newest_first(admin: Person, ada: Person) -> None:
    seen = []
    answer = await admin.get("/admin/audit-log", params={"limit": 3, "user_id": ada.id})
    total = answer.json()["total_count"]
    while True:
        seen += [entry["sequence"] for entry in answer.json()["entries"]]
        if "next" not in answer.links:
            break
        answer = await admin.get(answer.links["next"]["url"].partition("/api/v1")[2])

    assert seen == list(range(total, 0, -1))
    assert answer.json()["next_cursor"] is None


async def test_the_log_is_narrowed_by_name_actor_and_time(admin: Person, ada: Person) -> None:
    async def count(**wanted: str) -> int:
        answer = await admin.get("/admin/audit-log", params=wanted)
        assert answer.status_code == 200, answer.text
        total: int = answer.json()["total_count"]
        return total

    newest = (await admin.get("/admin/audit-log")).json()["entries"][0]["occurred_at"]
    later = (datetime.fromisoformat(newest) + timedelta(seconds=1)).isoformat()

    assert await count(name="SignInSucceeded") == 2
    assert await count(name="SignInSucceeded", user_id=ada.id) == 1
    assert await count(actor_id=ada.id, name="Nothing") == 0
    assert await count(**{"from": later}) == 0
    assert await count(to=later) == await count()


async def test_a_period_that_ends_before_it_begins_is_refused(admin: Person) -> None:
    period = {"from": "2026-02-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}

    assert (await admin.get("/admin/audit-log", params=period)).status_code == 400


@pytest.mark.parametrize("instant", ["2026-01-01T00:00:00", "yesterday", "0001-01-01T00:00:00Z"])
async def test_an_instant_without_zone_or_reason_is_refused(admin: Person, instant: str) -> None:
    answer = await admin.get("/admin/audit-log", params={"from": instant})

    assert answer.status_code == 422


@pytest.mark.parametrize("path", ["/admin/audit-log", "/admin/audit-log/verification"])
async def test_only_administrators_read_the_log(ada: Person, path: str) -> None:
    assert (await ada.get(path)).status_code == 403


async def test_an_untouched_log_is_verified(admin: Person, ada: Person) -> None:
    result = (await admin.get("/admin/audit-log/verification")).json()

    assert result["is_intact"] is True
    assert result["first_break"] is None
    assert result["chains_checked"] == 3
    assert result["events_checked"] > 5


async def test_a_log_that_somebody_changed_is_not(
    admin: Person, ada: Person, client: httpx.AsyncClient
) -> None:
    forged = update(events).where(events.c.user_id == UUID(ada.id), events.c.sequence == 2)
    url = client.app.state.settings.database  # type: ignore[attr-defined]  # set by `running`
    async with open_engines(url) as engines, engines.write.begin() as connection:
        await connection.execute(forged.values(ip_address="203.0.113.66"))

    result = (await admin.get("/admin/audit-log/verification")).json()

    assert result["is_intact"] is False
    assert result["first_break"] == {
        "user_id": ada.id,
        "sequence": 2,
        "reason": "The event was changed: its hash does not match.",
    }
