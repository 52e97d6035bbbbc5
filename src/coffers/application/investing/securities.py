"""What the market says of the securities in a ledger, by way of what their symbols stand for."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Context, Decimal
from typing import Final
from uuid import UUID

from coffers.application.investing.books import Key, Security
from coffers.application.markets.assets import AssetLookups
from coffers.application.markets.continued import continued
from coffers.application.markets.prices import Closes, PriceLookups
from coffers.domain.ids import UserId
from coffers.domain.investing.movements import SplitAction
from coffers.domain.investing.reorganisations import Reorganisation
from coffers.domain.markets.assets import Asset
from coffers.domain.markets.calendars import RuledCalendars
from coffers.domain.markets.corporate_actions import ActionKind, CorporateAction

FIRST: Final = date(1900, 1, 1)
CALENDARS: Final = RuledCalendars()
#: What becomes of what became of a security is followed so often.
MAX_SUCCESSIONS: Final = 5
ZERO: Final = Decimal(0)
ONE: Final = Decimal(1)
_NONE: Final = Closes((), ())
_RATIO: Final = Context(prec=40)

Actions = Mapping[UUID, Sequence[CorporateAction]]


async def known_securities(
    assets: AssetLookups, prices: PriceLookups, user_id: UserId, keys: Iterable[Key], last: date
) -> Mapping[Key, Security]:
    """Those that are linked, and what became of them; prices and actions until the last day."""
    wanted, every = set(keys), await assets.links(user_id)
    links = {key: each for key, each in every.items() if key in wanted}
    if not links:
        return {}
    actions = await _with_successors(prices, set(links.values()), last)
    found = await assets.of_ids(user_id, list(actions))
    whole = await continued(prices, user_id, list(found))
    closes = await whole.closes(FIRST, last)
    splits = await whole.actions(None, last) if whole.formers else actions
    named = {asset_id: (asset.symbol, asset.currency) for asset_id, asset in found.items()}
    named |= {each: key for keyed in (every, links) for key, each in keyed.items()}
    known: dict[Key, Security] = {}
    for key, asset_id in {**{named[each]: each for each in found}, **links}.items():
        if asset_id in found:
            # Prices in another currency are not the symbol's.
            is_same = found[asset_id].currency == key[1]
            told = closes.get(asset_id, _NONE) if is_same else _NONE
            became = [_became(each, told, named) for each in actions[asset_id]]
            known[key] = _security(
                found[asset_id], told, splits.get(asset_id, ()), [each for each in became if each]
            )
    return known


async def _with_successors(prices: PriceLookups, asset_ids: set[UUID], last: date) -> Actions:
    """The actions of these assets, and of those that came out of them."""
    found: dict[UUID, Sequence[CorporateAction]] = {}
    for _ in range(MAX_SUCCESSIONS):
        told = await prices.actions(list(asset_ids), None, last)
        found |= {asset_id: told.get(asset_id, ()) for asset_id in asset_ids}
        asset_ids = {
            action.new_asset_id
            for actions in told.values()
            for action in actions
            if action.new_asset_id is not None and action.new_asset_id not in found
        }
        if not asset_ids:
            break
    return found


def _became(
    action: CorporateAction, closes: Closes, named: Mapping[UUID, Key]
) -> Reorganisation | None:
    """None for what leaves the security what it is, and where what it became is not seen."""
    if action.kind in {ActionKind.SPLIT, ActionKind.DIVIDEND}:
        return None
    target = None if action.new_asset_id is None else named.get(action.new_asset_id)
    if target is None and action.new_asset_id is not None:
        return None
    stays = action.kind is ActionKind.SPIN_OFF
    return Reorganisation(
        action.id,
        action.day,
        target,
        factor=action.factor or ONE,
        part=_part(action, closes) if stays else ONE,
        cash=ZERO if stays else action.amount or ZERO,
        stays=stays,
    )


def _part(action: CorporateAction, closes: Closes) -> Decimal | None:
    """What was spun off, as a part of the close before; None where one of them is not known."""
    place = bisect_left(closes.days, action.day)
    if not place or action.amount is None or action.amount >= closes.closes[place - 1]:
        return None
    return _RATIO.divide(action.amount, closes.closes[place - 1])


def _security(
    asset: Asset,
    closes: Closes,
    actions: Iterable[CorporateAction],
    became: Sequence[Reorganisation],
) -> Security:
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
        became=became,
        closes=closes,
    )
