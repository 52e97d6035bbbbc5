"""Plans over many movements: no step of theirs keeps other requests waiting."""

from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import insert

from coffers.domain.ids import UserId, new_id
from coffers.infrastructure.db.engines import open_engines
from coffers.infrastructure.db.ledger.transaction_rows import transactions
from tests.ledgers import NOON
from tests.loop_steps import longest_step
from tests.notebooks import notebook
from tests.people import Person
from tests.rule_examples import applied, bulk_edit

pytestmark = pytest.mark.asyncio(loop_scope="module", loop_factories=["python"])

ROWS = 1_500
#: A stretch takes some 20 ms on a busy machine, all rows at once some 300.
AT_MOST_S = 0.15


async def filled(person: Person, account_id: str) -> None:
    rows = [
        {
            "user_id": UserId(UUID(person.id)),
            "id": new_id(),
            "account_id": UUID(account_id),
            "transaction_type": "expense",
            "subtype": "purchase",
            "status": "settled",
            "amount": Decimal(-number),
            "currency": "USD",
            "description": "Coffee",
            "search_text": "coffee",
            "transaction_date": NOON.date(),
            "version": 1,
            "created_at": NOON,
            "updated_at": NOON,
        }
        for number in range(1, ROWS + 1)
    ]
    url = person.client.app.state.settings.database  # type: ignore[attr-defined]  # set by `running`
    async with open_engines(url, is_patient=True) as engines, engines.write.begin() as connection:
        await connection.execute(insert(transactions), rows)


@pytest.mark.parametrize("edit", [{"notes": "N"}, {"delete": True}])
async def test_no_step_of_a_plan_holds_the_loop(
    eve: Person, monkeypatch: pytest.MonkeyPatch, edit: dict[str, object]
) -> None:
    cash = await notebook(eve)
    await filled(eve, cash)

    with longest_step(monkeypatch) as longest:
        plan = await bulk_edit(eve, {}, edit)
        await applied(eve, f"/bulk-edits/{plan['id']}")
        reverted = await eve.post(f"/bulk-edits/{plan['id']}/reversal")

    assert (plan["changed_count"], reverted.status_code) == (ROWS, 201)
    assert longest[0] < AT_MOST_S
