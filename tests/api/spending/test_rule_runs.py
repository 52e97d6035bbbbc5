"""/rule-runs: rules over what is there already, looked at, applied, taken back."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from coffers.application.spending import edit_plan_drafts as core
from coffers.application.spending.edit_plans import ATTEMPTS
from coffers.infrastructure.db.spending import edit_plans as table
from tests.notebooks import movement_of, movements, notebook, said_of, written
from tests.people import Person
from tests.rows import event_names
from tests.rule_examples import PETS, RESTAURANTS, applied, looks_for, rule, rule_run

pytestmark = pytest.mark.asyncio(loop_scope="module")

Enrol = Callable[..., Awaitable[Person]]


async def a_ledger(person: Person) -> list[str]:
    """Two coffees, one of them categorised by its owner, and a tea."""
    cash = await notebook(person)
    return [
        await written(person, cash),
        await written(person, cash, category_id=PETS),
        await written(person, cash, description="Tea", transaction_date="2026-04-01"),
    ]


async def test_a_plan_says_what_the_rules_would_say_and_changes_nothing(eve: Person) -> None:
    coffee, mine, tea = await a_ledger(eve)
    cafe = await rule(eve, actions={"category_id": RESTAURANTS, "tags": ["treat"]})
    before = await movements(eve)

    run = await rule_run(eve)

    assert (run["status"], run["looked_at_count"], run["changed_count"]) == ("planned", 3, 2)
    assert run["fields"] == {"category_id": 1, "tags": 2}
    assert run["rules"] == [
        {
            "rule_id": cafe["id"],
            "name": "Coffee",
            "changed_count": 2,
            "fields": {"category_id": 1, "tags": 2},
        }
    ]
    assert await movements(eve) == before
    rows = (await eve.get(f"/rule-runs/{run['id']}/rows")).json()
    assert rows["total_count"] == 2
    assert [row["transaction_id"] for row in rows["rows"]] == [coffee, mine]
    assert rows["rows"][0] == {
        "transaction_id": coffee,
        "transaction_date": "2026-03-01",
        "description": "Coffee",
        "amount_value": "-3.50",
        "amount_currency": "USD",
        "changes": [
            {
                "field": "category_id",
                "before": None,
                "after": RESTAURANTS,
                "by": f"rule:{cafe['id']}",
            },
            {"field": "tags", "before": [], "after": ["treat"], "by": f"rule:{cafe['id']}"},
        ],
        "verdict": "changed",
    }
    assert tea not in str(rows)


async def test_an_applied_run_is_visible_on_the_rows_and_leaves_what_the_owner_said(
    eve: Person,
) -> None:
    coffee, mine, _ = await a_ledger(eve)
    cafe = await rule(eve)
    run = await rule_run(eve)

    done = await applied(eve, f"/rule-runs/{run['id']}")

    assert (done["status"], done["changed_count"]) == ("applied", 1)
    one, two = await movement_of(eve, coffee), await movement_of(eve, mine)
    assert (one["category"], one["annotated_by"]) == (
        "restaurants",
        {"category_id": f"rule:{cafe['id']}"},
    )
    assert (two["category"], two["annotated_by"]) == ("pets", {"category_id": "user"})
    again = await rule_run(eve)
    assert again["changed_count"] == 0
    assert (await event_names(eve.client, eve.id))[-4:] == [
        *("RuleRunPlanned", "RuleRunAttempted", "RuleRunSucceeded", "RuleRunPlanned")
    ]


async def test_a_reverted_run_leaves_everything_as_it_was(eve: Person) -> None:
    await a_ledger(eve)
    await rule(
        eve,
        looks_for("e"),
        {
            "category_id": RESTAURANTS,
            "merchant": "M",
            "tags": ["t"],
            "is_transfer": True,
            "is_ignored": True,
        },
    )
    before = [said_of(row) for row in await movements(eve)]
    run = await rule_run(eve)
    await applied(eve, f"/rule-runs/{run['id']}")
    assert [said_of(row) for row in await movements(eve)] != before

    reverted = await eve.post(f"/rule-runs/{run['id']}/reversal")

    assert reverted.json()["status"] == "reverted"
    assert [said_of(row) for row in await movements(eve)] == before


async def test_a_reversal_keeps_what_was_said_since(eve: Person) -> None:
    coffee, *_ = await a_ledger(eve)
    await rule(eve, actions={"category_id": RESTAURANTS, "merchant": "M", "tags": ["t"]})
    run = await rule_run(eve)
    await applied(eve, f"/rule-runs/{run['id']}")
    since = {"merchant": "Mine", "notes": "Mine too", "tags": ["t", "mine"]}
    await eve.patch(f"/transactions/{coffee}", since)

    await eve.post(f"/rule-runs/{run['id']}/reversal")

    said = said_of(await movement_of(eve, coffee))
    assert said["category_id"] is None
    assert (said["merchant"], said["notes"], said["tags"]) == ("Mine", "Mine too", ["mine", "t"])
    assert said["annotated_by"] == {"merchant": "user", "notes": "user", "tags": "user"}


async def test_a_reversal_leaves_what_is_gone_and_forgets_categories_that_are_gone(
    eve: Person,
) -> None:
    coffee, other, _ = await a_ledger(eve)
    draft = {"name": "Treats", "kind": "expense", "icon": "🍰"}
    treats = (await eve.post("/categories", draft)).json()["id"]
    first = await rule(eve, actions={"category_id": treats})
    await applied(eve, f"/rule-runs/{(await rule_run(eve))['id']}")
    await eve.patch(f"/rules/{first['id']}", {"actions": {"category_id": RESTAURANTS}})
    second = await rule_run(eve)
    await applied(eve, f"/rule-runs/{second['id']}")
    await eve.delete(f"/categories/{treats}")
    await eve.delete(f"/transactions/{other}")

    reverted = await eve.post(f"/rule-runs/{second['id']}/reversal")

    assert reverted.status_code == 201, reverted.text
    assert (await movement_of(eve, coffee))["category_id"] is None
    assert len(await movements(eve)) == 2


async def test_a_plan_that_would_have_another_effect_now_is_stale_and_made_anew(
    eve: Person,
) -> None:
    coffee, *_ = await a_ledger(eve)
    await rule(eve)
    run = await rule_run(eve)
    path = f"/rule-runs/{run['id']}"
    await eve.patch(f"/transactions/{coffee}", {"category_id": PETS})

    stale = await eve.post(f"{path}/application", {"plan_hash": run["plan_hash"]})

    assert stale.status_code == 409
    assert stale.json()["type"].endswith("/plan_stale")
    renewed = (await eve.get(path)).json()
    assert renewed["plan_hash"] != run["plan_hash"]
    assert renewed["changed_count"] == 0
    unseen = await eve.post(f"{path}/application", {"plan_hash": "0" * 64})
    assert unseen.status_code == 409
    assert (await applied(eve, path))["status"] == "applied"
    assert "RuleRunFailed" in await event_names(eve.client, eve.id)


async def test_what_does_not_touch_the_effect_leaves_a_plan_good_and_is_kept(eve: Person) -> None:
    coffee, *_ = await a_ledger(eve)
    await rule(eve)
    run = await rule_run(eve)
    await eve.patch(f"/transactions/{coffee}", {"notes": "Mine"})

    await applied(eve, f"/rule-runs/{run['id']}")

    said = said_of(await movement_of(eve, coffee))
    assert (said["category_id"], said["notes"]) == (RESTAURANTS, "Mine")


async def test_a_changed_rule_makes_a_plan_stale(ada: Person) -> None:
    await a_ledger(ada)
    cafe = await rule(ada)
    run = await rule_run(ada)
    await ada.patch(f"/rules/{cafe['id']}", {"actions": {"category_id": PETS}})

    stale = await ada.post(f"/rule-runs/{run['id']}/application", {"plan_hash": run["plan_hash"]})

    assert stale.status_code == 409


async def test_a_plan_is_applied_once_and_reverted_once(ada: Person) -> None:
    await a_ledger(ada)
    await rule(ada)
    run = await rule_run(ada)
    path, body = f"/rule-runs/{run['id']}", {"plan_hash": run["plan_hash"]}

    early = await ada.post(f"{path}/reversal")
    answers = await asyncio.gather(*(ada.post(f"{path}/application", body) for _ in range(3)))
    discarded = await ada.delete(path)
    back = await asyncio.gather(*(ada.post(f"{path}/reversal") for _ in range(3)))
    late = await ada.post(f"{path}/application", body)

    assert early.json()["type"].endswith("/plan_not_applied")
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409]
    assert sorted(answer.status_code for answer in back) == [201, 409, 409]
    for refused in (discarded, late):
        assert refused.status_code == 409
        assert refused.json()["type"].endswith("/plan_not_planned")


async def test_a_repeated_application_is_the_first_one(eve: Person) -> None:
    await a_ledger(eve)
    await rule(eve)
    run = await rule_run(eve)
    path, body = f"/rule-runs/{run['id']}/application", {"plan_hash": run["plan_hash"]}

    first = await eve.post(path, body, headers={"Idempotency-Key": "once"})
    second = await eve.post(path, body, headers={"Idempotency-Key": "once"})

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json() == first.json()
    assert second.headers["idempotency-replayed"] == "true"


async def test_a_run_is_narrowed_by_rules_days_and_account(ada: Person) -> None:
    _, _, tea = await a_ledger(ada)
    other = await notebook(ada, name="Other")
    await written(ada, other)
    off = await rule(ada, looks_for("tea"), {"merchant": "T"}, is_enabled=False)
    await rule(ada, actions={"merchant": "C"})

    assert (await rule_run(ada))["changed_count"] == 3
    assert (await rule_run(ada, rule_ids=[off["id"]]))["changed_count"] == 1
    assert (await rule_run(ada, account_id=other))["looked_at_count"] == 1
    dated = await rule_run(ada, start_date="2026-04-01", end_date="2026-04-01")
    assert (dated["looked_at_count"], dated["changed_count"]) == (1, 0)
    assert tea


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"rule_ids": ["01900000-0000-7000-8000-000000000999"]}, 422),
        ({"account_id": "01900000-0000-7000-8000-000000000999"}, 404),
        ({"start_date": "2026-02-01", "end_date": "2026-01-01"}, 400),
    ],
)
async def test_a_run_over_nothing_is_refused(
    ada: Person, asked: dict[str, object], status: int
) -> None:
    assert (await ada.post("/rule-runs", asked)).status_code == status


async def test_runs_and_rows_are_paged(eve: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coffers.application.spending.edit_plan_rows.CHUNK", 2)
    monkeypatch.setattr("coffers.application.spending.edit_plan_lists.CHUNK", 2)
    cash = await notebook(eve)
    made = [await written(eve, cash, description=f"Coffee {number}") for number in range(5)]
    await rule(eve)
    older, newer = await rule_run(eve), await rule_run(eve)

    first = await eve.get("/rule-runs?limit=1")
    second = await eve.get(f"/rule-runs?limit=1&cursor={first.json()['next_cursor']}")
    seen, cursor = [], ""
    while True:
        page = (await eve.get(f"/rule-runs/{newer['id']}/rows?limit=3{cursor}")).json()
        seen += [row["transaction_id"] for row in page["rows"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"

    assert seen == made
    assert [first.json()["rule_runs"][0]["id"], second.json()["rule_runs"][0]["id"]] == [
        newer["id"],
        older["id"],
    ]
    assert (first.json()["total_count"], second.json()["next_cursor"]) == (2, None)
    assert (await eve.get(f"/rule-runs/{older['id']}/rows?limit=3{cursor}")).status_code == 422
    await applied(eve, f"/rule-runs/{newer['id']}")
    assert {row["category_id"] for row in await movements(eve)} == {RESTAURANTS}


async def test_a_plan_waits_until_it_is_discarded_and_there_is_room_for_so_many(
    ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "MAX_PLANNED", 1)
    waiting = await rule_run(ada)

    crowded = await ada.post("/rule-runs", {})
    discarded = await ada.delete(f"/rule-runs/{waiting['id']}")

    assert crowded.json()["type"].endswith("/too_many_plans")
    assert discarded.status_code == 204
    assert (await ada.get(f"/rule-runs/{waiting['id']}")).status_code == 404


async def test_a_plan_over_too_many_movements_is_refused(
    ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    await a_ledger(ada)
    monkeypatch.setattr(core, "MAX_ROWS", 2)

    refused = await ada.post("/rule-runs", {})
    narrowed = await ada.post("/rule-runs", {"start_date": "2026-04-01"})

    assert refused.status_code == 422
    assert "narrower" in refused.json()["detail"]
    assert narrowed.status_code == 201


async def test_another_s_run_is_forbidden(ada: Person, enrol: Enrol) -> None:
    run, bob = await rule_run(ada), await enrol("bob")
    path = f"/rule-runs/{run['id']}"
    body = {"plan_hash": run["plan_hash"]}

    for answer in (
        await bob.get(path),
        await bob.get(f"{path}/rows"),
        await bob.delete(path),
        await bob.post(f"{path}/application", body),
        await bob.post(f"{path}/reversal"),
    ):
        assert answer.status_code == 403
    assert (await ada.get(f"/bulk-edits/{run['id']}")).status_code == 404


async def test_a_plan_whose_movements_are_edited_all_the_time_gives_up(
    ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    await a_ledger(ada)
    await rule(ada)
    run, asked = await rule_run(ada), list[int]()

    async def overtaken(_: object, *__: object, **___: object) -> bool:
        asked.append(1)
        return False

    monkeypatch.setattr(table.SqlEditPlans, "say", overtaken)
    path = f"/rule-runs/{run['id']}"
    refused = await ada.post(f"{path}/application", {"plan_hash": run["plan_hash"]})

    assert refused.status_code == 409
    assert len(asked) == ATTEMPTS
    assert (await ada.get(path)).json()["status"] == "planned"
    assert {row["merchant"] for row in await movements(ada)} == {None}
