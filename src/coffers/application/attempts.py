"""What is attempted is told in threes: that it was attempted, and that it succeeded or failed."""

from dataclasses import dataclass
from uuid import UUID

from coffers.domain.ids import SYSTEM, UserId
from coffers.domain.live.events import Event


@dataclass(frozen=True, slots=True)
class Attempt:
    """The name that its three events begin with: `SignIn` makes `SignInAttempted`."""

    name: str

    def succeeded(
        self, user_id: UserId, subject_id: UUID | None = None, **details: object
    ) -> tuple[Event, Event]:
        """It was attempted, and succeeded."""
        return (
            Event(f"{self.name}Attempted", user_id, subject_id),
            Event(f"{self.name}Succeeded", user_id, subject_id, details),
        )

    def failed(
        self, user_id: UserId = SYSTEM, subject_id: UUID | None = None, **details: object
    ) -> tuple[Event, Event]:
        """It was attempted, and failed; SYSTEM when nobody knows whose attempt it was."""
        return (
            Event(f"{self.name}Attempted", user_id, subject_id),
            Event(f"{self.name}Failed", user_id, subject_id, details),
        )
