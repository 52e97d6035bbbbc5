"""Series that go on under another symbol: of an asset and of what it was before."""

import asyncio
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar
from uuid import UUID

from coffers.application.markets.price_histories import MAX_NAMES, symbol_change_before
from coffers.application.markets.prices import CloseArrays, Closes, PriceLookups
from coffers.domain.ids import UserId
from coffers.domain.markets.corporate_actions import CorporateAction

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Former:
    """What an asset was until the opening of a day."""

    asset_id: UUID
    until: date


#: By what they are now: the newest former one first.
Formers = Mapping[UUID, Sequence[Former]]


async def formers_of(prices: PriceLookups, user_id: UserId, asset_ids: Sequence[UUID]) -> Formers:
    """Of those that a change of symbol made, told by the catalogue or by this user."""
    found: dict[UUID, list[Former]] = {}
    ends = {asset_id: asset_id for asset_id in asset_ids}
    for _ in range(MAX_NAMES):
        origins = await prices.origins(list(set(ends.values()))) if ends else {}
        changes = {
            each: symbol_change_before(origins.get(end, ()), user_id, _since(found.get(each)))
            for each, end in ends.items()
        }
        ends = {}
        for asset_id, change in changes.items():
            if change is not None:
                found.setdefault(asset_id, []).append(Former(change.asset_id, change.day))
                ends[asset_id] = change.asset_id
    return found


def _since(known: Sequence[Former] | None) -> date:
    return known[-1].until if known else date.max


@dataclass(frozen=True, slots=True)
class Continued:
    """Whose prices and actions are read, and what each asset was before."""

    prices: PriceLookups
    asset_ids: Sequence[UUID]
    formers: Formers

    async def closes(self, first: date, last: date) -> dict[UUID, Closes]:
        """As the port has them, each across its changes of symbol."""
        raw = await self.prices.closes(self._all, first, last)
        return raw if not self.formers else await asyncio.to_thread(self._spliced, raw, _joined)

    async def close_arrays(self, first: date, last: date) -> dict[UUID, CloseArrays]:
        """Likewise."""
        raw = await self.prices.close_arrays(self._all, first, last)
        return raw if not self.formers else self._spliced(raw, _joined_arrays)

    async def actions(
        self, first: date | None, last: date | None
    ) -> dict[UUID, list[CorporateAction]]:
        """Those of each while it had each symbol."""
        raw = await self.prices.actions(self._all, first, last)
        found: dict[UUID, list[CorporateAction]] = {}
        for now in self.asset_ids:
            told = [
                action
                for asset_id, since, until in reversed(_stretches(now, self.formers.get(now, ())))
                for action in raw.get(asset_id, ())
                if since <= action.day < until
            ]
            if told:
                found[now] = told
        return found

    @property
    def _all(self) -> list[UUID]:
        former = (each.asset_id for told in self.formers.values() for each in told)
        return list(dict.fromkeys([*self.asset_ids, *former]))

    def _spliced(
        self, raw: Mapping[UUID, S], join: "Callable[[list[_Part[S]]], S]"
    ) -> dict[UUID, S]:
        """Without a former one, as read."""
        found: dict[UUID, S] = {}
        for now in self.asset_ids:
            if now not in self.formers:
                if now in raw:
                    found[now] = raw[now]
                continue
            stretches = reversed(_stretches(now, self.formers[now]))
            parts = [(raw[each], since, until) for each, since, until in stretches if each in raw]
            if parts:
                found[now] = join(parts)
        return found


_Part = tuple[S, date, date]


def _stretches(now: UUID, formers: Sequence[Former]) -> list[tuple[UUID, date, date]]:
    """Each symbol with the days that it was used, the newest first."""
    ids = [now, *(each.asset_id for each in formers)]
    ends = [date.max, *(each.until for each in formers)]
    return list(zip(ids, [*ends[1:], date.min], ends, strict=True))


def _joined(parts: list[_Part[Closes]]) -> Closes:
    days, closes = list[date](), list[Any]()
    for told, since, until in parts:
        start, end = bisect_left(told.days, since), bisect_left(told.days, until)
        days += told.days[start:end]
        closes += told.closes[start:end]
    return Closes(days, closes)


def _joined_arrays(parts: list[_Part[CloseArrays]]) -> CloseArrays:
    import numpy as np

    chosen = []
    for told, since, until in parts:
        edges = np.searchsorted(told.days, np.array([since, until], dtype="datetime64[D]"))
        chosen.append(slice(*edges.tolist()))
    pieces = [(told, each) for (told, _, _), each in zip(parts, chosen, strict=True)]
    return CloseArrays(
        np.concatenate([told.days[each] for told, each in pieces]),
        np.concatenate([told.closes[each] for told, each in pieces]),
    )


async def continued(prices: PriceLookups, user_id: UserId, asset_ids: Sequence[UUID]) -> Continued:
    """These assets, which the user may see."""
    return Continued(prices, asset_ids, await formers_of(prices, user_id, asset_ids))
