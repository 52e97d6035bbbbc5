"""Trades by hand: what their symbol stands for, and whether they can have happened."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Final
from uuid import UUID

from coffers.application.unit_of_work import UnitOfWork
from coffers.domain.investing.movements import Movement, units
from coffers.domain.investing.trails import Trail, check_change
from coffers.domain.ledger.accounts import Account
from coffers.domain.ledger.entries import Entry
from coffers.domain.ledger.trades import traded
from coffers.domain.ledger.transactions import TransactionStatus
from coffers.domain.markets.assets import Asset, UnknownSymbol, meant, multiplier_of

#: Movements of one security that are judged on the event loop: a few milliseconds.
AT_ONCE: Final = 200


async def as_traded(uow: UnitOfWork, entry: Entry, *, amount: Decimal | None) -> Entry:
    """The entry with what follows from its symbol: asset type, multiplier, and so the amount.

    Raises EntryInvalid, AmountInvalid.
    """
    if entry.symbol is None:
        return traded(entry, Decimal(1), amount=amount)
    asset = await _asset(uow, entry, entry.symbol)
    own, known = (None, None) if asset is None else (asset.multiplier, asset.asset_type)
    made = traded(entry, multiplier_of(own, known, entry.asset_type), amount=amount)
    if made.asset_type is None and asset is not None:
        return replace(made, asset_type=asset.asset_type)
    return made


async def _asset(uow: UnitOfWork, entry: Entry, symbol: str) -> Asset | None:
    """What it is linked to, or will be."""
    known = await uow.trails.asset(entry.user_id, symbol, entry.currency)
    if known is not None:
        return known
    unknown = UnknownSymbol(symbol, entry.currency, entry.security_name, entry.asset_type)
    return meant(unknown, await uow.assets.candidates(entry.user_id, [unknown]))


async def check_possible(
    uow: UnitOfWork, accounts: Mapping[UUID, Account], before: Entry | None, after: Entry | None
) -> None:
    """Whether what follows can still have happened when the stored entry becomes the other one.

    None: it is not there yet, or not any more. Raises Oversold, LotUnknown, LotNamed.
    """
    places = {
        (each.account_id, each.symbol)
        for each in (before, after)
        if each is not None and each.symbol is not None
    }
    for account_id, symbol in sorted(places):
        trail = await uow.trails.of(accounts[account_id], symbol)
        changed = trail if before is None else trail.without(before.id)
        if after is not None and (after.account_id, after.symbol) == (account_id, symbol):
            changed = _with(changed, after)
        if len(trail.movements) > AT_ONCE:
            await asyncio.to_thread(check_change, trail, changed)
        else:
            check_change(trail, changed)


def _with(trail: Trail, entry: Entry) -> Trail:
    if entry.status is not TransactionStatus.SETTLED:
        return trail
    movement = Movement(
        entry.id,
        entry.transaction_date,
        entry.subtype,
        units(entry.quantity, entry.subtype),
        entry.amount,
        entry.unit_price,
        entry.acquired_date,
        {each.transaction_id: each.quantity for each in entry.lots},
    )
    return trail.having(movement, is_by_hand=entry.is_by_hand)
