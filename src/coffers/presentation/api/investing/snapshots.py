"""/portfolios/{portfolio_id}/snapshots: what was known of a portfolio, day by day."""

from uuid import UUID

from coffers.application.investing import snapshots
from coffers.application.investing.snapshots import BackFillView, PortfolioSnapshotList
from coffers.presentation.answers import Answer
from coffers.presentation.api.investing.performance import From, To
from coffers.presentation.calls import Caller
from coffers.presentation.schemas import Body, DateIn


class BackFillIn(Body):
    """The days to fill; from the beginning until yesterday where none is given."""

    start_date: DateIn | None = None
    end_date: DateIn | None = None


async def list_portfolio_snapshots(
    call: Caller, portfolio_id: UUID, start_date: From = None, end_date: To = None
) -> PortfolioSnapshotList:
    """List what was known of the portfolio when each day was over, oldest first."""
    lookups = call.services.portfolio_snapshots.lookups
    return await snapshots.list_snapshots(
        lookups, call.principal, portfolio_id, start_date, end_date
    )


async def fill_portfolio_snapshots(
    call: Caller, portfolio_id: UUID, body: BackFillIn
) -> Answer[BackFillView]:
    """Have the days without a snapshot filled in the background, from what is known now."""
    view = await snapshots.start_back_fill(
        call.uow,
        call.services.books,
        call.principal,
        portfolio_id,
        (body.start_date, body.end_date),
    )
    place = f"/api/v1/portfolios/{portfolio_id}/snapshots/back-fill"
    return Answer(view, headers={"Location": place})


async def get_portfolio_back_fill(call: Caller, portfolio_id: UUID) -> BackFillView:
    """Show how far the last back-fill of the portfolio is."""
    lookups = call.services.portfolio_snapshots.lookups
    return await snapshots.get_back_fill(lookups, call.principal, portfolio_id)
