"""A long list in pages: where a walk stands, honest paging, and three dishonest ways."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256
from typing import Final

from coffers.sandbox.faults import Fault
from coffers.sandbox.seals import Claims, Seal
from coffers.sandbox.statement import Row

DEFAULT_PAGE: Final = 100
MAX_PAGE: Final = 500
#: Pages of which `repeated_page:twice` remembers that it showed them once.
MAX_REPEATED: Final = 1_000


@dataclass(frozen=True, slots=True)
class Walk:
    """Where a reader stands in a list that is seen as of the day on which the walk began."""

    account_id: str
    first: str
    last: str
    as_of: date
    size: int
    offset: int = 0
    page: int = 1

    def token(self, seal: Seal) -> str:
        """Write the walk as an opaque word."""
        place: Claims = {"as_of": self.as_of.isoformat(), "offset": self.offset, "page": self.page}
        return seal.close(self._purpose, place)

    def resumed(self, seal: Seal, token: str) -> "Walk | None":
        """Answer the walk of a token of the same list; None when it is not one."""
        place = seal.open(self._purpose, token)
        if place is None:
            return None
        as_of = date.fromisoformat(str(place["as_of"]))
        return replace(self, as_of=as_of, offset=int(place["offset"]), page=int(place["page"]))

    def onward(self, count: int) -> "Walk":
        """Answer the walk behind so many rows."""
        return replace(self, offset=self.offset + count, page=self.page + 1)

    @property
    def _purpose(self) -> str:
        return f"page:{self.account_id}:{self.first}:{self.last}"


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list, and where it goes on."""

    rows: Sequence[Row]
    onward: Walk | None
    total: int
    revision: str


def page_of(rows: Sequence[Row], walk: Walk, fault: Fault | None, repeated: set[str]) -> Page:
    """Cut a page out of a list; `repeated` remembers what `repeated_page:twice` has shown."""
    turn = _TURNS.get(str(fault))
    if turn is not None:
        return turn(rows, walk, repeated)
    return _cut(rows, walk, _revision(walk, ""))


def _cut(rows: Sequence[Row], walk: Walk, revision: str) -> Page:
    end = walk.offset + walk.size
    onward = walk.onward(walk.size) if end < len(rows) else None
    return Page(rows[walk.offset : end], onward, len(rows), revision)


def _mutate(rows: Sequence[Row], walk: Walk, _repeated: set[str]) -> Page:
    """Insert a row in front before every even page and remove it before every odd one."""
    if walk.page % 2 == 0 and rows:
        rows = [replace(rows[0], id="tx_inserted"), *rows]
    return _cut(rows, walk, _revision(walk, str(walk.page)))


def _repeat(rows: Sequence[Row], walk: Walk, _repeated: set[str]) -> Page:
    page = _cut(rows, walk, _revision(walk, ""))
    if walk.page > 1:
        return replace(page, onward=walk)
    return replace(page, onward=page.onward or walk.onward(0))


def _repeat_twice(rows: Sequence[Row], walk: Walk, repeated: set[str]) -> Page:
    key = repr(walk)
    if walk.page > 1 and key in repeated:
        repeated.discard(key)
        return _cut(rows, walk, _revision(walk, ""))
    if walk.page > 1:
        if len(repeated) >= MAX_REPEATED:
            repeated.clear()
        repeated.add(key)
    return _repeat(rows, walk, repeated)


def _go_round(rows: Sequence[Row], walk: Walk, _repeated: set[str]) -> Page:
    """Begin again at the end, with new ids."""
    places = range(walk.offset, walk.offset + walk.size) if rows else ()
    laps = [(rows[place % len(rows)], place // len(rows)) for place in places]
    shown = [replace(row, id=f"{row.id}-{lap}") if lap else row for row, lap in laps]
    return Page(shown, walk.onward(walk.size), len(rows), _revision(walk, ""))


def _run_dry(rows: Sequence[Row], walk: Walk, _repeated: set[str]) -> Page:
    """Show the first page, then empty ones."""
    shown = rows[: walk.size] if walk.page == 1 else ()
    return Page(shown, walk.onward(walk.size), len(rows), _revision(walk, ""))


def _revision(walk: Walk, change: str) -> str:
    name = f"{walk.account_id}:{walk.first}:{walk.last}:{walk.as_of}:{change}"
    return sha256(name.encode()).hexdigest()[:16]


_TURNS: Final[dict[str, Callable[[Sequence[Row], Walk, set[str]], Page]]] = {
    "mutation_while_paging": _mutate,
    "repeated_page": _repeat,
    "repeated_page:twice": _repeat_twice,
    "endless_cursor": _go_round,
    "endless_cursor:empty": _run_dry,
}
