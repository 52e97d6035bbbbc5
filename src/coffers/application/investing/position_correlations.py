"""How a portfolio's positions move together."""

from datetime import date
from uuid import UUID

from coffers.application.investing.valuing import BookPorts, open_book
from coffers.application.markets.correlations import CorrelationMatrix, asked_days, correlated
from coffers.application.markets.indicators import AnalysisPorts
from coffers.domain.identity.principals import Principal


async def get_position_correlations(
    books: BookPorts,
    ports: AnalysisPorts,
    principal: Principal,
    portfolio_id: UUID,
    first: date | None,
    last: date | None,
) -> CorrelationMatrix:
    """Of what is held today, by symbol; what no asset stands for is told in the notes.

    Raises PortfolioNotFound, NotYours, RangeInvalid, TooManyRows.
    """
    _, book, today = await open_book(books, principal, portfolio_id)
    days = asked_days(first, last, today)
    held = [line for line in book.lines if line.local.quantity]
    ids = {line.security.asset_id for line in held if line.security.asset_id is not None}
    found = await ports.assets.of_ids(principal.user_id, sorted(ids))
    unknown = {line.symbol for line in held if line.security.asset_id not in found}
    notes = [f"No asset stands for {symbol}: it has no row." for symbol in sorted(unknown)]
    assets = sorted(found.values(), key=lambda asset: (asset.symbol, asset.currency))
    return await correlated(ports, principal.user_id, assets, days, notes)
