"""What is over, remembered for as long as an access token that knows nothing of it may live."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Final, Generic, TypeVar

from coffers.domain.identity.sessions import ACCESS_TOKEN_LIFE

#: As long as an access token may live, and a minute for clocks that differ.
KEPT_S: Final = ACCESS_TOKEN_LIFE.total_seconds() + 60

T = TypeVar("T")


class Remembered(Generic[T]):
    """Ids that were added within an access token's life."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._until: OrderedDict[T, float] = OrderedDict()

    def add(self, ids: Iterable[T]) -> None:
        """Remember these, from now on."""
        now = self._seconds()
        for each in ids:
            self._until[each] = now + KEPT_S
            self._until.move_to_end(each)
        while self._until and next(iter(self._until.values())) < now:
            self._until.popitem(last=False)

    def __contains__(self, each: object) -> bool:
        return each in self._until
