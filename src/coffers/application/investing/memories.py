"""Memories: what was made of places last, so much of it in all."""

from collections.abc import Hashable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Memory(Generic[T]):
    """What is remembered; the oldest is forgotten where it is too much, the newest never."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._size = 0
        self._known: dict[Hashable, tuple[T, int]] = {}
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._known)

    def get(self, place: Hashable) -> T | None:
        """What is there."""
        known = self._known.get(place)
        return None if known is None else known[0]

    def keep(self, place: Hashable, new: T, size: int) -> None:
        """In the place of what was there; what is large counts as so many."""
        with self._lock:
            _, before = self._known.pop(place, (None, 0))
            self._size += size - before
            self._known[place] = (new, size)
            while self._size > self._most and len(self._known) > 1:
                _, gone = self._known.pop(next(iter(self._known)))
                self._size -= gone
