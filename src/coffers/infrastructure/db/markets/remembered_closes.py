"""Closes that were read before, for as long as the asset's mark is the same."""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final, NamedTuple
from uuid import UUID

from coffers.domain.markets.close_paths import ToldPath

#: Prices that are remembered: some 50 bytes each, as text and as arrays.
MOST: Final = 2_000_000


class _Known(NamedTuple):
    mark: str
    first: date
    last: date
    path: ToldPath


class RememberedCloses:
    """The last series that was read of each asset; what was not asked for longest goes first."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._size = 0
        self._known: OrderedDict[UUID, _Known] = OrderedDict()

    def of(
        self, marks: Mapping[UUID, str], asset_ids: Sequence[UUID], first: date, last: date
    ) -> dict[UUID, ToldPath]:
        """Those of these days that are still as they were."""
        found: dict[UUID, ToldPath] = {}
        for asset_id in asset_ids:
            known = self._known.get(asset_id)
            if known is not None and known[:3] == (marks.get(asset_id), first, last):
                self._known.move_to_end(asset_id)
                found[asset_id] = known.path
        return found

    def keep(
        self, marks: Mapping[UUID, str], read: Mapping[UUID, ToldPath], first: date, last: date
    ) -> None:
        """What was read after the marks were: never older than they say."""
        for asset_id, path in read.items():
            old = self._known.pop(asset_id, None)
            self._size -= len(old.path) if old else 0
            if asset_id in marks:
                self._known[asset_id] = _Known(marks[asset_id], first, last, path)
                self._size += len(path)
        while self._size > self._most:
            _, gone = self._known.popitem(last=False)
            self._size -= len(gone.path)
