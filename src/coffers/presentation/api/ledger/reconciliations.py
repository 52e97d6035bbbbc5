"""/reconciliations: accounts kept by hand, held against their banks' statements."""

from uuid import UUID

from pydantic import Field

from coffers.application.ledger import reconciliations
from coffers.application.ledger.reconciliations import (
    ReconciliationList,
    ReconciliationView,
    Statement,
)
from coffers.presentation.answers import Answer
from coffers.presentation.calls import Caller
from coffers.presentation.schemas import Body, DateIn, DecimalIn, FlagIn


class NewReconciliation(Body):
    """What the bank says that the account held at the end of a day."""

    statement_date: DateIn
    stated_balance: DecimalIn
    create_adjustment: FlagIn = Field(
        default=False, description="Enter what the ledger lacks, so that the two agree."
    )


async def create_reconciliation(
    call: Caller, account_id: UUID, body: NewReconciliation
) -> Answer[ReconciliationView]:
    """Hold an account that no provider reports against its bank's statement."""
    made = await reconciliations.reconcile(
        call.uow,
        call.services.clock,
        call.principal,
        Statement(account_id, body.statement_date, body.stated_balance),
        with_adjustment=body.create_adjustment,
    )
    return Answer(made, {"Location": f"/api/v1/reconciliations/{made.id}"})


async def list_reconciliations(call: Caller, account_id: UUID) -> ReconciliationList:
    """List the reconciliations of an account, newest statement first."""
    lookups = call.services.reconciliation_lookups
    return await reconciliations.list_reconciliations(lookups, call.principal, account_id)


async def get_reconciliation(call: Caller, reconciliation_id: UUID) -> ReconciliationView:
    """One reconciliation."""
    lookups = call.services.reconciliation_lookups
    return await reconciliations.get_reconciliation(lookups, call.principal, reconciliation_id)


async def delete_reconciliation(call: Caller, reconciliation_id: UUID) -> None:
    """Go back on a reconciliation: its entries can be edited again, its adjustment is gone."""
    await reconciliations.delete_reconciliation(
        call.uow, call.services.clock, call.principal, reconciliation_id
    )
