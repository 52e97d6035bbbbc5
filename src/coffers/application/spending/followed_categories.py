"""Categories that were deleted since a plan was made: their rows name what those moved to."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from uuid import UUID

from coffers.application.spending.edit_plan_rows import unpacked
from coffers.domain.ledger.annotations import Annotation
from coffers.domain.ledger.entries import Entry
from coffers.domain.spending.edit_plans import PlannedRow
from coffers.domain.spending.rewrites import Rewrite


class Followed:
    """What there is of categories now, and where those went that are gone."""

    def __init__(self, known: Collection[UUID], moves: Mapping[UUID, UUID | None]) -> None:
        self._known = known
        self._moves = moves

    def unpacked(self, chunk: bytes) -> list[PlannedRow]:
        """The rows of a chunk, as if they had named what is there now in the first place."""
        rows = unpacked(chunk)
        return rows if not self._moves else [self._row(row) for row in rows]

    def _row(self, row: PlannedRow) -> PlannedRow:
        before, after = self._annotation(row.before), self._annotation(row.after)
        rewrite = row.rewrite
        if rewrite is not None:
            rewrite = Rewrite(self._entry(rewrite.before), self._entry(rewrite.after))
        return replace(row, before=before, after=after, rewrite=rewrite)

    def _entry(self, entry: Entry | None) -> Entry | None:
        if entry is None:
            return None
        return replace(entry, annotation=self._annotation(entry.annotation))

    def _annotation(self, said: Annotation) -> Annotation:
        parts = [replace(part, category_id=self._now(part.category_id)) for part in said.splits]
        return replace(said, category_id=self._now(said.category_id), splits=tuple(parts))

    def _now(self, category_id: UUID | None) -> UUID | None:
        """None for one that nothing named when it was deleted."""
        while category_id is not None and category_id not in self._known:
            category_id = self._moves.get(category_id)
        return category_id
