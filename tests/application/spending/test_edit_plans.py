"""Plans beside everything else: nothing of anybody's is lost, and taking back is the identity."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffers.application.spending.edit_plan_rows import Draft, packed, planned, unpacked
from coffers.domain.ids import UserId, new_id
from coffers.domain.ledger.annotations import AnnotatedTransaction, Annotation
from coffers.domain.ledger.transactions import TransactionType
from coffers.domain.spending.edit_plans import FIELDS, PlanKind, taken_back
from coffers.domain.spending.judges import Judge
from coffers.domain.spending.rules import Actions, Conditions, Direction, Rule
from tests.conftest import running, settings_for
from tests.ledgers import ledger_of
from tests.ledgers import movement as reported
from tests.notebooks import movements, notebook, said_of, written
from tests.people import Person, insisting, settle
from tests.rule_examples import PETS, RESTAURANTS, applied, rule, rule_run

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CATEGORIES = [new_id() for _ in range(3)]
SPEAKERS = ["user", "rule:a", "rule:b", "edit:a"]

words = st.none() | st.sampled_from(["A", "B", "ﷺ"])
tags = st.lists(st.sampled_from("abc"), unique=True).map(lambda found: tuple(sorted(found)))
annotations = st.builds(
    Annotation,
    category_id=st.none() | st.sampled_from(CATEGORIES),
    merchant=words,
    notes=words,
    tags=tags,
    is_ignored=st.booleans(),
    is_transfer=st.booleans(),
    annotated_by=st.dictionaries(st.sampled_from(FIELDS), st.sampled_from(SPEAKERS)),
)
changes = st.fixed_dictionaries(
    {},
    optional={
        "category_id": st.none() | st.sampled_from(CATEGORIES),
        "merchant": words,
        "notes": words,
        "tags": tags,
        "is_ignored": st.booleans(),
        "is_transfer": st.booleans(),
    },
)
actions = st.builds(
    Actions,
    category_id=st.none() | st.sampled_from(CATEGORIES),
    merchant=words,
    tags=tags,
    is_ignored=st.booleans(),
    is_transfer=st.booleans(),
)


def movement(said: Annotation) -> AnnotatedTransaction:
    return AnnotatedTransaction(
        id=new_id(),
        account_id=new_id(),
        description="Coffee",
        amount=Decimal("-3.50"),
        currency="USD",
        transaction_type=TransactionType.EXPENSE,
        transaction_date=date(2026, 3, 1),
        annotation=said,
        version=7,
    )


def judge(drafts: list[Actions]) -> Judge:
    asked = Conditions(direction=Direction.OUT)
    me = UserId(new_id())
    return Judge(
        [Rule(new_id(), me, place, "R", asked, each, NOW, NOW) for place, each in enumerate(drafts)]
    )


@given(annotations, st.lists(actions, max_size=4))
def test_what_rules_said_is_taken_back_exactly(said: Annotation, drafts: list[Actions]) -> None:
    row = movement(said)

    done = planned(row, judge(drafts).judge(row))

    assert taken_back(done, done.after) == said


@given(annotations, changes, changes)
def test_what_was_said_since_survives_and_the_rest_is_as_it_was(
    said: Annotation, edit: dict[str, object], since: dict[str, object]
) -> None:
    done = planned(movement(said), said.told(edit, "edit:1"))
    current = done.after.told(since, "user")

    left = taken_back(done, current)

    for name in FIELDS:
        changed_since = getattr(current, name) != getattr(done.after, name)
        wanted = current if changed_since else said
        assert getattr(left, name) == getattr(wanted, name)
        assert left.annotated_by.get(name) == wanted.annotated_by.get(name)


@given(st.lists(st.tuples(annotations, annotations), max_size=5))
def test_rows_come_out_of_their_chunks_as_they_went_in(
    pairs: list[tuple[Annotation, Annotation]],
) -> None:
    rows = [planned(movement(before), after) for before, after in pairs]

    assert unpacked(packed(rows)) == rows


def test_any_other_effect_makes_another_hash() -> None:
    row = movement(Annotation())
    effects: list[dict[str, object]] = [
        {"merchant": "A"},
        {"merchant": "B"},
        {"notes": "A"},
        {"tags": ("A",)},
        {"category_id": CATEGORIES[0]},
        {"is_ignored": True},
    ]
    hashes = set()
    for changed in (row, replace(row, id=new_id())):
        for effect in effects:
            for speaker in ("rule:a", "rule:b"):
                draft = Draft(PlanKind.RULE_RUN)
                draft.take(planned(changed, Annotation().told(effect, speaker)))
                hashes.add(draft.hash)

    assert len(hashes) == 2 * len(effects) * 2


@pytest.fixture
async def eve(database_url: str, tmp_path: Path) -> AsyncIterator[Person]:
    async with running(settings_for(database_url, tmp_path)) as client:
        yield await settle(client, "eve")


async def coffees(person: Person, count: int) -> list[str]:
    """The ids of so many movements that a bank told of."""
    async with ledger_of(person) as ledger:
        told = [reported(f"c{number}", description="Coffee") for number in range(count)]
        await ledger.move(await ledger.account(), *told)
    return [row["id"] for row in await movements(person)]


async def test_an_application_beside_edits_loses_nothing_that_the_owner_said(eve: Person) -> None:
    made = await coffees(eve, 40)
    cafe = await rule(eve, actions={"category_id": RESTAURANTS, "merchant": "M"})
    run = await rule_run(eve)
    path = f"/rule-runs/{run['id']}"

    async def edit(transaction_id: str, said: dict[str, Any]) -> None:
        answer = await insisting(lambda: eve.patch(f"/transactions/{transaction_id}", said))
        assert answer.status_code == 200, answer.text

    async def apply() -> int:
        body = {"plan_hash": run["plan_hash"]}
        return (await insisting(lambda: eve.post(f"{path}/application", body))).status_code

    noted = [edit(each, {"notes": f"mine {each}"}) for each in made[:20]]
    application = asyncio.create_task(apply())
    await asyncio.gather(*noted)
    outcome = await application
    chosen = [edit(each, {"category_id": PETS}) for each in made[20:30]]
    application = asyncio.create_task(apply())
    await asyncio.gather(*chosen)
    late = await application

    assert outcome in {201, 409}
    assert late in {201, 409}
    if (await eve.get(path)).json()["status"] == "planned":
        await applied(eve, path)
    rows = {row["id"]: row for row in await movements(eve)}
    assert [rows[each]["notes"] for each in made[:20]] == [f"mine {each}" for each in made[:20]]
    assert {rows[each]["category"] for each in made[20:30]} == {"pets"}
    assert {rows[each]["annotated_by"]["category_id"] for each in made[20:30]} == {"user"}
    others = [rows[each] for each in (*made[:20], *made[30:])]
    assert {row["category"] for row in others} == {"restaurants"}
    assert {row["annotated_by"]["category_id"] for row in others} == {f"rule:{cafe['id']}"}


async def test_a_reversal_beside_edits_takes_back_only_what_the_rules_said(eve: Person) -> None:
    made = await coffees(eve, 30)
    before = {row["id"]: said_of(row) for row in await movements(eve)}
    await rule(eve, actions={"category_id": RESTAURANTS, "tags": ["t"]})
    path = f"/rule-runs/{(await rule_run(eve))['id']}"
    await applied(eve, path)

    async def choose(transaction_id: str) -> None:
        place, said = f"/transactions/{transaction_id}", {"category_id": PETS}
        assert (await insisting(lambda: eve.patch(place, said))).status_code == 200

    reversal = asyncio.create_task(insisting(lambda: eve.post(f"{path}/reversal")))
    await asyncio.gather(*(choose(each) for each in made[:10]))
    reverted = await reversal
    if reverted.status_code == 409:
        reverted = await eve.post(f"{path}/reversal")

    assert reverted.status_code == 201
    rows = {row["id"]: said_of(row) for row in await movements(eve)}
    assert {each: rows[each] for each in made[10:]} == {each: before[each] for each in made[10:]}
    for each in made[:10]:
        assert (rows[each]["category_id"], rows[each]["tags"]) == (PETS, [])


async def test_a_balance_is_the_sum_whatever_is_written_beside_a_deletion(eve: Person) -> None:
    cash = await notebook(eve, opening_balance="500.00")
    made = [await written(eve, cash) for _ in range(30)]
    plan = (await eve.post("/bulk-edits", {"filter": {}, "edit": {"delete": True}})).json()
    path = f"/bulk-edits/{plan['id']}"

    async def change(transaction_id: str) -> None:
        place, said = f"/transactions/{transaction_id}", {"amount": "-4.25"}
        answer = await insisting(lambda: eve.patch(place, said))
        assert answer.status_code in {200, 404}, answer.text

    body = {"plan_hash": plan["plan_hash"]}
    application = asyncio.create_task(insisting(lambda: eve.post(f"{path}/application", body)))
    news = [written(eve, cash, description="Tea") for _ in range(5)]
    await asyncio.gather(*news, *(change(each) for each in made[:10]))
    done = await application
    if done.status_code == 201:
        await eve.post(f"{path}/reversal")

    assert done.status_code in {201, 409}
    rows = await movements(eve)
    assert {row["id"] for row in rows} >= set(made)
    total = 500 + sum(Decimal(row["amount_value"]) for row in rows)
    shown = (await eve.get(f"/accounts/{cash}")).json()["balance_amount"]
    assert (len(rows), Decimal(shown)) == (35, total)


async def test_a_category_that_is_deleted_beside_an_application_is_named_by_no_row(
    eve: Person,
) -> None:
    await coffees(eve, 30)
    tea = (await eve.post("/categories", {"name": "T", "kind": "expense", "icon": "🍵"})).json()
    await rule(eve, actions={"category_id": tea["id"]})
    run = await rule_run(eve)

    await asyncio.gather(
        eve.post(f"/rule-runs/{run['id']}/application", {"plan_hash": run["plan_hash"]}),
        eve.delete(f"/categories/{tea['id']}?move_to={PETS}"),
    )

    gone = await eve.get(f"/categories/{tea['id']}")
    assert gone.status_code == 404
    named = {row["category_id"] for row in await movements(eve)}
    assert named in ({PETS}, {None})
