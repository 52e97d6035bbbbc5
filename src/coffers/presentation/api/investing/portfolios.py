"""/portfolios: named sets of accounts, and how they do."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, StringConstraints

from coffers.application.investing import portfolios
from coffers.application.investing.portfolios import (
    PortfolioDraft,
    PortfolioList,
    PortfolioView,
)
from coffers.application.views import Versioned
from coffers.domain.investing.lots import LotMethod
from coffers.domain.investing.portfolios import MAX_ACCOUNTS_EACH, MAX_DESCRIPTION
from coffers.domain.ledger.holdings import AssetType
from coffers.presentation.answers import Answer
from coffers.presentation.calls import Caller
from coffers.presentation.schemas import Body, CurrencyIn, DecimalIn, NameIn

DescriptionIn = Annotated[str, StringConstraints(max_length=MAX_DESCRIPTION)]
AccountsIn = Annotated[list[UUID], Field(max_length=MAX_ACCOUNTS_EACH)]
TargetsIn = Annotated[
    dict[AssetType, DecimalIn],
    Field(description="Fractions by asset type that add up to 1; empty for none."),
]


class NewPortfolio(Body):
    """A portfolio to be."""

    name: NameIn = Field(examples=["Retirement"])
    base_currency: CurrencyIn = Field(examples=["EUR"])
    description: DescriptionIn = ""
    account_ids: AccountsIn = Field(default_factory=list)
    lot_method: LotMethod = LotMethod.FIFO
    benchmark_asset_id: UUID | None = None
    targets: TargetsIn = Field(default_factory=dict)


class PortfolioChanges(Body):
    """What to change; what is left out or null stays. A null benchmark takes it away."""

    name: NameIn | None = None
    base_currency: CurrencyIn | None = None
    description: DescriptionIn | None = None
    account_ids: AccountsIn | None = None
    lot_method: LotMethod | None = None
    benchmark_asset_id: UUID | None = None
    targets: TargetsIn | None = None


async def list_portfolios(call: Caller) -> PortfolioList:
    """List the portfolios, oldest first."""
    return await portfolios.list_portfolios(call.services.portfolio_lookups, call.principal)


async def get_portfolio(call: Caller, portfolio_id: UUID) -> Versioned[PortfolioView]:
    """One portfolio."""
    lookups = call.services.portfolio_lookups
    return await portfolios.get_portfolio(lookups, call.principal, portfolio_id)


async def create_portfolio(call: Caller, body: NewPortfolio) -> Answer[PortfolioView]:
    """Make a portfolio of some accounts."""
    draft = PortfolioDraft(**_fields(body.model_dump()))
    made = await portfolios.create_portfolio(call.uow, call.services.clock, call.principal, draft)
    return Answer(made.view, {"Location": f"/api/v1/portfolios/{made.view.id}"}, made.version)


async def edit_portfolio(
    call: Caller, portfolio_id: UUID, body: PortfolioChanges
) -> Versioned[PortfolioView]:
    """Change a portfolio."""
    sent = body.model_dump(exclude_unset=True)
    given = {name: sent[name] for name in sent if sent[name] is not None or name in _CLEARABLE}
    return await portfolios.edit_portfolio(
        call.uow,
        call.services.clock,
        call.principal,
        portfolio_id,
        _fields(given),
        call.expected_version,
    )


async def delete_portfolio(call: Caller, portfolio_id: UUID) -> None:
    """Delete a portfolio; its accounts stay."""
    await portfolios.delete_portfolio(call.uow, call.principal, portfolio_id, call.expected_version)


_CLEARABLE = frozenset({"benchmark_asset_id"})


def _fields(given: dict[str, Any]) -> dict[str, Any]:  # Any: as each field has it
    """By the names of a draft's fields."""
    fields = dict(given)
    if "benchmark_asset_id" in fields:
        fields["benchmark_id"] = fields.pop("benchmark_asset_id")
    if "targets" in fields:
        fields["targets"] = {kind.value: part for kind, part in fields["targets"].items()}
    return fields
