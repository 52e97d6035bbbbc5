"""Who is asking, once it is proven."""

from dataclasses import dataclass
from uuid import UUID

from coffers.domain.errors import Forbidden
from coffers.domain.identity.users import Role
from coffers.domain.ids import SessionId, UserId


@dataclass(frozen=True, slots=True)
class Principal:
    """A verified caller.

    By a session's access token, or by an API key with `scopes` (None: all that the roles allow).
    """

    user_id: UserId
    roles: frozenset[Role]
    session_id: SessionId | None = None
    api_key_id: UUID | None = None
    scopes: frozenset[str] | None = None

    @property
    def is_admin(self) -> bool:
        """Whether this is an administrator."""
        return Role.ADMIN in self.roles

    @property
    def may_write(self) -> bool:
        """Whether the roles allow more than reading."""
        return Role.ADMIN in self.roles or Role.USER in self.roles


class NotYours(Forbidden):
    """The thing exists and is someone else's."""


class NotAllowed(Forbidden):
    """The roles or the key's scopes do not cover this."""
