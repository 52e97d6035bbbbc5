"""The real time."""

from datetime import UTC, datetime

from coffers.application.ports import Clock


class SystemClock(Clock):
    """The machine's clock."""

    def now(self) -> datetime:
        """As the port says."""
        return datetime.now(UTC)
