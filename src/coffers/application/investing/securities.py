"""What the market says of the securities in a ledger, by way of what their symbols stand for."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final

from coffers.application.investing.books import Key, Security
from coffers.application.markets.assets import AssetLookups
from coffers.application.markets.prices import Closes, PriceLookups
from coffers.domain.ids import UserId
from coffers.domain.investing.movements import SplitAction
from coffers.domain.markets.assets import Asset
from coffers.domain.markets.calendars import RuledCalendars
from coffers.domain.markets.corporate_actions import ActionKind, CorporateAction

FIRST: Final = date(1900, 1, 1)
CALENDARS: Final = RuledCalendars()
_NONE: Final = Closes((), ())


async def known_securities(
    assets: AssetLookups, prices: PriceLookups, user_id: UserId, keys: Iterable[Key], last: date
) -> Mapping[Key, Security]:
    """Those that are linked; prices and splits until the last day."""
    wanted = set(keys)
    links = {key: each for key, each in (await assets.links(user_id)).items() if key in wanted}
    ids = sorted(set(links.values()))
    if not ids:
        return {}
    found = await assets.of_ids(user_id, ids)
    closes = await prices.closes(ids, FIRST, last)
    actions = await prices.actions(ids, None, last)
    return {
        key: _security(found[asset_id], closes.get(asset_id, _NONE), actions.get(asset_id, ()))
        for key, asset_id in links.items()
        if asset_id in found
    }


def _security(asset: Asset, closes: Closes, actions: Iterable[CorporateAction]) -> Security:
    splits = [
        SplitAction(each.id, each.day, factor)
        for each in actions
        if each.kind is ActionKind.SPLIT and (factor := each.factor) is not None
    ]
    return Security(
        asset_id=asset.id,
        name=asset.name,
        asset_type=asset.asset_type.value,
        sector=asset.sector,
        country=asset.country,
        calendar=CALENDARS.of(asset.exchange, asset.asset_type),
        multiplier=asset.multiplier,
        splits=splits,
        closes=list(zip(closes.days, closes.closes, strict=True)),
    )
