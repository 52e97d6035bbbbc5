"""What the symbols of a ledger stand for: found in the transaction that brought them, or chosen."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

import msgspec

from coffers.application.markets.assets import AssetLookups
from coffers.application.unit_of_work import UnitOfWork
from coffers.domain.identity.principals import Principal
from coffers.domain.ids import UserId, new_id
from coffers.domain.jobs import Job
from coffers.domain.ledger.holdings import AssetType
from coffers.domain.live.events import Event
from coffers.domain.markets.assets import (
    MAX_LINKED_AT_ONCE,
    Asset,
    AssetInvalid,
    AssetLink,
    UnknownSymbol,
    meant,
)
from coffers.domain.markets.face_values import ToldWorth, face_value_multiplier

#: The kind of the job that gets prices of what a user newly holds.
NEW_PRICES: Final = "new_prices"


async def link_symbols(uow: UnitOfWork, user_id: UserId, *, now: datetime) -> int:
    """Within the open transaction, after holdings or trades changed: link their new symbols.

    To an asset that the user sees, by identifier, else by symbol and currency; what is not known
    becomes a private asset. Answers how many were linked; one statement when there is none.
    """
    unknown = await uow.asset_links.unknown(user_id, limit=MAX_LINKED_AT_ONCE)
    if not unknown:
        return 0
    candidates = await uow.assets.candidates(user_id, unknown)
    multipliers = await _multipliers(uow, user_id, unknown)
    made: dict[tuple[str, str], Asset] = {}
    links: list[AssetLink] = []
    for each in unknown:
        key = (each.symbol.upper(), each.currency)
        asset = meant(each, candidates) or made.get(key)
        if asset is None:
            asset = made[key] = each.asset(user_id, now, multipliers.get(key))
        links.append(AssetLink(user_id, each.symbol, each.currency, asset.id))
    await uow.asset_links.add_missing(links)
    if made:
        await uow.assets.add_missing(list(made.values()))
    job = Job(new_id(), NEW_PRICES, {}, now, user_id)
    await uow.jobs.enqueue(job, dedupe_key=f"{NEW_PRICES}:{user_id}")
    details = {"linked": len(links), "created": len(made)}
    uow.record(Event("AssetsLinked", user_id, details=details))
    return len(links)


async def _multipliers(
    uow: UnitOfWork, user_id: UserId, unknown: Sequence[UnknownSymbol]
) -> dict[tuple[str, str], Decimal | None]:
    """Of the bonds among them, as what their source told of them says."""
    bonds = {each.symbol for each in unknown if each.asset_type is AssetType.FIXED_INCOME}
    if not bonds:
        return {}
    told: dict[tuple[str, str], list[ToldWorth]] = defaultdict(list)
    for each in await uow.asset_links.told_worths(user_id, sorted(bonds)):
        told[each.symbol.upper(), each.currency].append(each)
    return {key: face_value_multiplier(worths) for key, worths in told.items()}


class AssetLinkView(msgspec.Struct, frozen=True):
    """What a symbol in one's holdings and trades stands for."""

    symbol: str
    currency: str
    asset_id: UUID


class AssetLinkList(msgspec.Struct, frozen=True):
    """All of one's links, by symbol."""

    asset_links: list[AssetLinkView]
    total_count: int


async def list_links(lookups: AssetLookups, principal: Principal) -> AssetLinkList:
    """The caller's links."""
    links = sorted((await lookups.links(principal.user_id)).items())
    views = [AssetLinkView(symbol, currency, asset) for (symbol, currency), asset in links]
    return AssetLinkList(views, len(views))


async def link_asset(uow: UnitOfWork, principal: Principal, link: AssetLink) -> AssetLinkView:
    """Say what a symbol stands for; raises AssetNotFound, NotYours, AssetInvalid."""
    async with uow:
        asset = await uow.assets.get(principal, link.asset_id)
        if asset.currency != link.currency:
            detail = f"Its prices are in {asset.currency}, the symbol's in {link.currency}."
            raise AssetInvalid(detail, field="asset_id")
        await uow.asset_links.put(link)
        details = {"symbol": link.symbol, "currency": link.currency}
        uow.record(Event("AssetLinked", principal.user_id, asset.id, details))
        await uow.commit()
    return AssetLinkView(link.symbol, link.currency, link.asset_id)
