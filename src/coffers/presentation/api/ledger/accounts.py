"""/accounts: where money and positions are kept."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query
from pydantic import Field

from coffers.application.ledger import accounts
from coffers.application.ledger.accounts import (
    AccountDraft,
    AccountEdit,
    AccountFilter,
    AccountList,
    AccountView,
)
from coffers.application.views import Versioned
from coffers.domain.ledger.accounts import AccountType
from coffers.presentation.answers import Answer
from coffers.presentation.calls import Caller
from coffers.presentation.schemas import Body, CurrencyIn, DecimalIn, NameIn

ActiveOnly = Annotated[bool, Query(description="Leave out accounts that are no longer reported.")]
OfType = Annotated[AccountType | None, Query(description="Only this type of account.")]
Include = Annotated[
    Literal["account_number"] | None, Query(description="Show the numbers in full.")
]


class NewAccount(Body):
    """An account to keep by hand; a debt has a negative balance."""

    name: NameIn = Field(examples=["Cash at home"])
    account_type: AccountType
    currency: CurrencyIn = Field(examples=["USD"])
    opening_balance: DecimalIn | None = None


class AccountChanges(Body):
    """What to change; the rest stays. The opening balance and the entries make the balance."""

    name: NameIn | None = None
    account_type: AccountType | None = None
    opening_balance: DecimalIn | None = None


async def list_accounts(
    call: Caller,
    active_only: ActiveOnly = False,  # noqa: FBT002 - a query parameter
    account_type: OfType = None,
) -> AccountList:
    """List the accounts, oldest first."""
    wanted = AccountFilter(active_only, account_type)
    return await accounts.list_accounts(call.services.account_lookups, call.principal, wanted)


async def list_connection_accounts(call: Caller, connection_id: UUID) -> AccountList:
    """List the accounts of one connection."""
    services = call.services
    return await accounts.list_connection_accounts(
        services.account_lookups, services.connection_lookups, call.principal, connection_id
    )


async def get_account(
    call: Caller, account_id: UUID, include: Include = None
) -> Versioned[AccountView]:
    """One account."""
    lookups, vault = call.services.account_lookups, call.services.vault
    if include is not None:
        return await accounts.reveal_account(lookups, vault, call.principal, account_id)
    return await accounts.get_account(lookups, call.principal, account_id)


async def open_account(call: Caller, body: NewAccount) -> Answer[AccountView]:
    """Keep an account by hand."""
    draft = AccountDraft(body.name, body.account_type, body.currency, body.opening_balance)
    made = await accounts.open_account(call.uow, call.services.clock, call.principal, draft)
    return Answer(made.view, {"Location": f"/api/v1/accounts/{made.view.id}"}, made.version)


async def edit_account(
    call: Caller, account_id: UUID, body: AccountChanges
) -> Versioned[AccountView]:
    """Rename or reclassify an account that no provider reports, or say what it opened with."""
    return await accounts.edit_account(
        call.uow,
        call.services.clock,
        call.principal,
        account_id,
        AccountEdit(body.name, body.account_type, body.opening_balance),
        call.expected_version,
    )


async def delete_account(call: Caller, account_id: UUID) -> None:
    """Delete an account that no provider reports, with everything in it."""
    await accounts.delete_account(
        call.uow, call.services.clock, call.principal, account_id, call.expected_version
    )
