"""A ledger by hand against a plain model in memory: each answer is what the model says.

On both engines. `TORTURE=1` makes the runs long.
"""

import asyncio
import os
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar

import httpx
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from coffers.domain.ids import new_id
from tests.conftest import running, settings_for
from tests.people import Person, settle
from tests.plain_ledger import Model, Said
from tests.purses import FOOD, MEALS, SALARY, Row, an_entry

pytestmark = pytest.mark.torture

TORTURE: Final = bool(os.environ.get("TORTURE"))
RUNS, STEPS = (150, 80) if TORTURE else (4, 35)
FIRST: Final = date(2026, 1, 1)
DAYS: Final = 10
#: A database without time for us is asked again, so often.
BUSY: Final = 503
PATIENCE: Final = 10

T = TypeVar("T")
Touched = dict[str, tuple[Said, Said | None]]

CENTS = st.integers(-99_999, 99_999).filter(bool)
AMOUNTS = CENTS.map(lambda cents: Decimal(cents).scaleb(-2))
DATES = st.integers(0, DAYS - 1).map(lambda day: str(FIRST + timedelta(days=day)))
STATUSES = st.sampled_from(["settled", "pending", "failed", "cancelled"])
CATEGORIES = st.sampled_from([None, FOOD, MEALS, SALARY])
TAGS = st.lists(st.sampled_from(["a", "b", "c"]), unique=True).map(sorted)


class World:
    """One application for a whole run of examples; each example brings somebody new."""

    def __init__(self, database_url: str, home: Path) -> None:
        self._loop = asyncio.new_event_loop()
        self._stack = AsyncExitStack()
        app = running(settings_for(database_url, home))
        self.client: httpx.AsyncClient = self.run(self._stack.enter_async_context(app))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)

    def close(self) -> None:
        self.run(self._stack.aclose())
        self._loop.close()


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    world = World(database_url, tmp_path)
    yield world
    world.close()


class ByHand(RuleBasedStateMachine):
    """Somebody who writes, edits, splits, moves, deletes and reconciles."""

    world: ClassVar[World]

    accounts: Bundle[str] = Bundle("accounts")
    entries: Bundle[str] = Bundle("entries")
    reconciliations: Bundle[str] = Bundle("reconciliations")
    #: Edits of many: where each is, and the entries that it touched, before and after.
    edits: Bundle[tuple[str, Touched]] = Bundle("edits")

    def __init__(self) -> None:
        super().__init__()
        self.person: Person = self.world.run(settle(self.world.client, f"p{new_id().hex}"))
        self.model = Model()

    def ask(self, method: str, path: str, body: Row | None = None) -> httpx.Response:
        headers = {"Idempotency-Key": str(new_id())} if method == "POST" else {}
        for _ in range(PATIENCE):
            work = self.person.request(method, path, json=body, headers=headers)
            answer = self.world.run(work)
            if answer.status_code != BUSY:
                break
        return answer

    def told(self, status: int, method: str, path: str, body: Row | None = None) -> Row:
        answer = self.ask(method, path, body)
        assert answer.status_code == status, answer.text
        return answer.json() if answer.content else {}

    @initialize(target=accounts)
    def begin(self) -> str:
        return self._open(Decimal(100))

    @rule(target=accounts, opening=st.one_of(st.none(), AMOUNTS))
    def open_account(self, opening: Decimal | None) -> str:
        return self._open(opening)

    def _open(self, opening: Decimal | None) -> str:
        draft: Row = {"name": "Purse", "account_type": "cash", "currency": "USD"}
        if opening is not None:
            draft["opening_balance"] = str(opening)
        made = self.told(201, "POST", "/accounts", draft)
        self.model.openings[made["id"]] = opening
        return str(made["id"])

    @rule(account=accounts, opening=AMOUNTS)
    def say_what_it_opened_with(self, account: str, opening: Decimal) -> None:
        body = {"opening_balance": str(opening)}
        if opening != self.model.openings[account] and self._is_reconciled(account):
            self.told(409, "PATCH", f"/accounts/{account}", body)
            return
        self.told(200, "PATCH", f"/accounts/{account}", body)
        self.model.openings[account] = opening

    def _is_reconciled(self, account: str) -> bool:
        path = f"/accounts/{account}/reconciliations"
        found = self.told(200, "GET", path)["reconciliations"]
        return any(each["is_reconciled"] for each in found)

    @rule(
        target=entries,
        account=accounts,
        amount=AMOUNTS,
        day=DATES,
        status=STATUSES,
        category=CATEGORIES,
    )
    def enter(
        self, account: str, amount: Decimal, day: str, status: str, category: str | None
    ) -> str:
        body = an_entry(account, str(amount), transaction_date=day, status=status)
        made = self.told(201, "POST", "/transactions", body | {"category_id": category})
        self.model.entries[made["id"]] = Said(account, amount, day, status, category)
        self._check(made)
        return str(made["id"])

    @rule(entry=entries, amount=AMOUNTS, day=DATES, status=STATUSES)
    def edit(self, entry: str, amount: Decimal, day: str, status: str) -> None:
        body = {"amount": str(amount), "transaction_date": day, "status": status}
        self._edit(entry, body, amount=amount, day=day, status=status)

    @rule(entry=entries, account=accounts)
    def move(self, entry: str, account: str) -> None:
        self._edit(entry, {"account_id": account}, account=account)

    @rule(entry=entries, category=CATEGORIES, tags=TAGS)
    def annotate(self, entry: str, category: str | None, tags: list[str]) -> None:
        body = {"category_id": category, "tags": tags}
        self._edit(entry, body, category=category, tags=tuple(tags))

    @rule(entry=entries, part=AMOUNTS, category=CATEGORIES)
    def split(self, entry: str, part: Decimal, category: str | None) -> None:
        said = self.model.entries.get(entry)
        rest = (said.amount if said else Decimal(0)) - part
        if not rest:
            return
        parts = ((str(part), category), (f"{rest:.2f}", None))
        body = {"splits": [{"amount": each, "category_id": of} for each, of in parts]}
        self._edit(entry, body, splits=tuple((f"{Decimal(e):.2f}", of) for e, of in parts))

    @rule(entry=entries)
    def unsplit(self, entry: str) -> None:
        self._edit(entry, {"splits": None}, splits=())

    def _edit(self, entry: str, body: Row, **changes: Any) -> None:
        path, before = f"/transactions/{entry}", self.model.entries.get(entry)
        if before is None:
            self.told(404, "PATCH", path, body)
            return
        after = replace(before, **changes)
        touched = (before.account, before.amount, before.day, before.status)
        if before.reconciliation and touched != (
            *(after.account, after.amount, after.day, after.status),
        ):
            assert self.ask("PATCH", path, body).status_code == 409
        elif after.splits and sum(Decimal(part) for part, _ in after.splits) != after.amount:
            self.told(422, "PATCH", path, body)
        else:
            self.model.entries[entry] = after
            self._check(self.told(200, "PATCH", path, body))

    @rule(entry=entries)
    def delete(self, entry: str) -> None:
        said, path = self.model.entries.get(entry), f"/transactions/{entry}"
        if said is None:
            self.told(404, "DELETE", path)
        elif said.reconciliation:
            self.told(409, "DELETE", path)
        else:
            self.told(204, "DELETE", path)
            del self.model.entries[entry]

    @rule(target=edits, account=accounts, status=STATUSES)
    def delete_many(self, account: str, status: str) -> tuple[str, Touched]:
        found = self.model.free(account, status)
        path = self._edit_many(account, status, {"delete": True}, len(found))
        for name in found:
            del self.model.entries[name]
        return path, {name: (said, None) for name, said in found.items()}

    @rule(target=edits, account=accounts, status=STATUSES, day=DATES)
    def move_many_to_a_day(self, account: str, status: str, day: str) -> tuple[str, Touched]:
        found = self.model.free(account, status)
        touched: Touched = {
            name: (said, replace(said, day=day)) for name, said in found.items() if said.day != day
        }
        path = self._edit_many(account, status, {"transaction_date": day}, len(touched))
        self.model.entries |= {name: after for name, (_, after) in touched.items() if after}
        return path, touched

    def _edit_many(self, account: str, status: str, edit: Row, count: int) -> str:
        wanted = {"account_id": account, "status": status}
        plan = self.told(201, "POST", "/bulk-edits", {"filter": wanted, "edit": edit})
        assert plan["changed_count"] == count
        path = f"/bulk-edits/{plan['id']}"
        self.told(201, "POST", f"{path}/application", {"plan_hash": plan["plan_hash"]})
        return path

    @rule(edit=consumes(edits))
    def take_back_many(self, edit: tuple[str, Touched]) -> None:
        path, touched = edit
        self.told(201, "POST", f"{path}/reversal")
        for name, (before, after) in touched.items():
            now = self.model.entries.get(name)
            if after is None and now is None:
                self.model.entries[name] = before
            elif after and now and now.day == after.day and not now.reconciliation:
                self.model.entries[name] = replace(now, day=before.day)

    @rule(target=reconciliations, account=accounts, day=DATES, off=CENTS, adjust=st.booleans())
    def reconcile(self, account: str, day: str, off: int, adjust: bool) -> str:  # noqa: FBT001 - a parameter of the cases
        path = f"/accounts/{account}/reconciliations"
        ledger = self.model.settled(account, day)
        lacking = Decimal(off).scaleb(-2) if off % 2 else Decimal(0)
        body = {"statement_date": day, "stated_balance": f"{ledger + lacking:.2f}"}
        if self.model.openings[account] is None:
            self.told(409, "POST", path, body)
            return ""
        made = self.told(201, "POST", path, body | {"create_adjustment": adjust})
        assert Decimal(made["ledger_balance"]) == ledger
        assert Decimal(made["difference"]) == lacking
        assert made["is_reconciled"] is (adjust or not lacking)
        if made["adjustment_transaction_id"]:
            adjustment = Said(account, lacking, day)
            self.model.entries[made["adjustment_transaction_id"]] = adjustment
        if made["is_reconciled"]:
            assert made["reconciled_count"] == self._mark(account, day, made["id"])
        return f"{made['id']} {made['adjustment_transaction_id'] or ''}"

    def _mark(self, account: str, day: str, reconciliation: str) -> int:
        held = [
            name
            for name, said in self.model.entries.items()
            if (said.account, said.status, said.reconciliation) == (account, "settled", None)
            and said.day <= day
        ]
        for name in held:
            self.model.entries[name] = replace(
                self.model.entries[name], reconciliation=reconciliation
            )
        return len(held)

    @rule(reconciliation=consumes(reconciliations))
    def go_back_on_it(self, reconciliation: str) -> None:
        if not reconciliation:
            return
        number, _, adjustment = reconciliation.partition(" ")
        self.told(204, "DELETE", f"/reconciliations/{number}")
        self.model.entries.pop(adjustment, None)
        for name, said in self.model.entries.items():
            if said.reconciliation == number:
                self.model.entries[name] = replace(said, reconciliation=None)

    def _check(self, row: Row) -> None:
        said = self.model.entries[row["id"]]
        assert row["account_id"] == said.account
        assert Decimal(row["amount_value"]) == said.amount
        assert (row["transaction_date"], row["status"]) == (said.day, said.status)
        assert (row["category_id"], row["tags"]) == (said.category, list(said.tags))
        parts = [(part["amount_value"], part["category_id"]) for part in row["splits"]]
        assert parts == list(said.splits)
        assert row["reconciliation_id"] == said.reconciliation

    @invariant()
    def balances_are_sums(self) -> None:
        accounts = self.told(200, "GET", "/accounts")["accounts"]
        shown = {each["id"]: each["balance_amount"] for each in accounts}
        for account in self.model.openings:
            expected = self.model.balance(account)
            text = shown[account]
            assert (None if text is None else Decimal(text)) == expected

    @rule(account=accounts)
    def look_at_every_day(self, account: str) -> None:
        span = f"?start_date={FIRST}&end_date={FIRST + timedelta(days=DAYS)}"
        path = f"/accounts/{account}/daily-balances{span}"
        if self.model.openings[account] is None:
            self.told(409, "GET", path)
            return
        for day in self.told(200, "GET", path)["balances"]:
            assert Decimal(day["balance"]) == self.model.balance(account, day["date"])

    @rule(category=CATEGORIES)
    def look_for_a_category(self, category: str | None) -> None:
        wanted = "none" if category is None else category
        page = self.told(200, "GET", f"/transactions?limit=100&category={wanted}")
        assert {row["id"] for row in page["transactions"]} == {
            name
            for name, said in self.model.entries.items()
            if category in ([of for _, of in said.splits] or [said.category])
        }

    def teardown(self) -> None:
        rows = self.told(200, "GET", "/transactions?limit=100")["transactions"]
        assert {row["id"] for row in rows} == set(self.model.entries)
        for row in rows:
            self._check(row)


def test_each_answer_is_what_a_plain_model_says(world: World) -> None:
    class OfThisEngine(ByHand):
        """On this database."""

    OfThisEngine.world = world
    run_state_machine_as_test(
        OfThisEngine,
        settings=settings(
            max_examples=RUNS,
            stateful_step_count=STEPS,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
        ),
    )
