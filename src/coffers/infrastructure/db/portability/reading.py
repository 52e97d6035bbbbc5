"""An export read back: every row is looked at before any of them is stored."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby, islice
from operator import itemgetter
from typing import Any, BinaryIO, Final
from uuid import UUID
from zoneinfo import available_timezones

from coffers.application.portability.restorations import ExportReader, RestorationsBusy
from coffers.application.ports import Vault
from coffers.domain.currencies import is_currency
from coffers.domain.portability.restorations import (
    ExportBook,
    ExportedProfile,
    ExportPage,
)
from coffers.infrastructure.db.portability.catalogue import BY_NAME, EXPORTED, MAX_ROWS
from coffers.infrastructure.db.portability.columns import text_of
from coffers.infrastructure.db.portability.exports import FORMAT, VERSION
from coffers.infrastructure.db.portability.json_parts import JsonUnreadable, Part, parts
from coffers.infrastructure.db.portability.rows import (
    Renaming,
    Values,
    check_references,
    read_row,
    refusal,
)
from coffers.infrastructure.db.portability.tables import Exported

#: Rows that are stored together: others have their turn in between.
ROWS_AT_ONCE: Final = 100
#: Files that are looked at at once.
MAX_AT_ONCE: Final = 1
MAX_DISPLAY_NAME: Final = 100
_HEAD: Final = frozenset({"format", "version", "exported_at", "schema", "profile", "counts"})
#: Tables whose rows others speak of.
_SPOKEN_OF: Final = frozenset(
    target
    for exported in EXPORTED
    for targets in (*exported.refers.values(), *(each.targets for each in exported.mentions))
    for target in targets
)


class FileExportReader(ExportReader):
    """Reads exports beside the event loop, with a page of rows at hand and the ids of all."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._slots = asyncio.Semaphore(MAX_AT_ONCE)

    async def read(self, file: BinaryIO) -> ExportBook:
        """As the port says."""
        if self._slots.locked():
            raise RestorationsBusy("Another file is being read; try again.", retry_after_s=5)
        async with self._slots:
            book = _Book(file, self._vault)
            await asyncio.to_thread(_unreadable, book.look)
            return book


@dataclass(slots=True)
class _Book(ExportBook):
    """An export file, and what the first look through it found."""

    file: BinaryIO
    vault: Vault
    head: dict[str, Any] = field(default_factory=dict)  # Any: JSON
    counts: dict[str, int] = field(default_factory=dict)
    ids: dict[str, set[int]] = field(default_factory=dict)
    renaming: Renaming | None = None

    @property
    def profile(self) -> ExportedProfile:
        """As the port says."""
        return ExportedProfile(**self.head["profile"])

    def ids_of(self, table: str) -> list[UUID]:
        """As the port says."""
        return [UUID(int=each) for each in self.ids.get(table, ())]

    def rename(self, names: Mapping[UUID, UUID]) -> None:
        """As the port says."""
        self.renaming = Renaming(names) if names else None

    def look(self) -> None:
        """Read every row, keep what others may speak of; raises ExportUnreadable."""
        self.file.seek(0)
        for key, row, value in parts(self.file):
            if key in BY_NAME and row:
                self._count(BY_NAME[key])
                self._note(BY_NAME[key], read_row(BY_NAME[key], row, value))
            elif key in _HEAD and not row:
                self.head[key] = value
            elif key not in BY_NAME or not row:
                raise refusal("It has parts that are not known here.", code="part_unknown")
        _check_head(self.head)
        if self.head["counts"] != _all(self.counts):
            raise refusal("Rows are missing, or too many.", code="counts_differ")

    async def pages(self) -> AsyncGenerator[ExportPage, None]:
        """As the port says."""
        self.file.seek(0)
        pages = self._pages()
        while (page := await asyncio.to_thread(next, pages, None)) is not None:
            yield page

    def _pages(self) -> Iterator[ExportPage]:
        for key, found in groupby(parts(self.file), key=itemgetter(0)):
            if key in BY_NAME:
                while rows := list(islice(found, ROWS_AT_ONCE)):
                    yield self._page(BY_NAME[key], rows)

    def _page(self, exported: Exported, found: list[Part]) -> ExportPage:
        rows = []
        for _, row, value in found:
            values = read_row(exported, row, value)
            check_references(exported, row, values, self.ids)
            if self.renaming is not None:
                values = self.renaming.of(values)
            rows.append(self._completed(exported, values))
        return ExportPage(exported.name, found[0][1], rows)

    def _completed(self, exported: Exported, values: Values) -> Values:
        for name in exported.sealed:
            if values[name] is not None:
                values[name] = self.vault.seal(values[name].encode(), bound_to=values["id"])
        derived = {name: derive(values) for name, derive in exported.derived.items()}
        return {**values, **derived, **exported.fixed}

    def _count(self, exported: Exported) -> None:
        count = self.counts[exported.name] = self.counts.get(exported.name, 0) + 1
        if count > exported.most:
            raise refusal(f"At most {exported.most} {exported.name}.", code="too_many_rows")
        if sum(self.counts.values()) > MAX_ROWS:
            raise refusal(f"At most {MAX_ROWS} rows.", code="too_many_rows")

    def _note(self, exported: Exported, values: Values) -> None:
        if exported.name in _SPOKEN_OF:
            self.ids.setdefault(exported.name, set()).add(values["id"].int)


def _unreadable(look: Callable[[], None]) -> None:
    try:
        look()
    except JsonUnreadable as error:
        raise refusal(str(error), code="malformed") from error


def _all(counts: dict[str, int]) -> dict[str, int]:
    return {exported.name: counts.get(exported.name, 0) for exported in EXPORTED}


def _check_head(head: dict[str, Any]) -> None:  # Any: JSON
    if head.get("format") != FORMAT or head.get("version") != VERSION:
        raise refusal(f"Not an export of Coffers, version {VERSION}.", code="format_unknown")
    if "counts" not in head:
        raise refusal("Its end is missing: it was cut off.", code="cut_off")
    profile = head.get("profile")
    if not isinstance(profile, dict) or profile.keys() != {*ExportedProfile.__dataclass_fields__}:
        raise refusal("Its profile is missing or of another kind.", code="profile_invalid")
    name = profile["display_name"]
    try:
        is_named = name is None or bool(text_of(MAX_DISPLAY_NAME)(name))
    except ValueError:
        is_named = False
    is_placed = profile["time_zone"] in available_timezones()
    if not (is_named and is_placed and is_currency(str(profile["base_currency"]))):
        raise refusal("Its profile is not valid.", code="profile_invalid")
