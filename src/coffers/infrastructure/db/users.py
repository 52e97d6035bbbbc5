"""The users table and its repository."""

from dataclasses import replace
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    Column,
    Integer,
    Row,
    String,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    delete,
    insert,
    or_,
    select,
    update,
)

from coffers.application.users import Profiles, UserProfile
from coffers.application.views import Versioned
from coffers.domain.errors import PreconditionFailed
from coffers.domain.ids import UserId
from coffers.domain.users import EmailTaken, Role, User, UsernameTaken, UserNotFound, Users
from coffers.infrastructure.db.events import open_chain
from coffers.infrastructure.db.metadata import METADATA
from coffers.infrastructure.db.reader import Reader
from coffers.infrastructure.db.refusals import REFUSALS
from coffers.infrastructure.db.transaction import Transaction
from coffers.infrastructure.db.types import Id, UTCDateTime, Words

users: Final = Table(
    "users",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("email", String(254), nullable=False),
    Column("email_key", String(254), nullable=False),
    Column("username", String(30)),
    Column("username_key", String(30)),
    Column("display_name", String(100)),
    Column("password_hash", Text, nullable=False),
    Column("roles", Words, nullable=False),
    Column("is_verified", Boolean, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("base_currency", String(3), nullable=False),
    Column("time_zone", String(64), nullable=False),
    Column("failed_sign_ins", Integer, nullable=False),
    Column("locked_until", UTCDateTime),
    Column("tokens_valid_from", UTCDateTime),
    Column("version", Integer, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("updated_at", UTCDateTime, nullable=False),
    UniqueConstraint("email_key"),
    UniqueConstraint("username_key"),
)

REFUSALS["uq_users_email_key"] = EmailTaken("This e-mail address is registered already.")
REFUSALS["uq_users_username_key"] = UsernameTaken("This username is taken.")


class SqlUsers(Users):
    """Users in SQL."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, user: User) -> None:
        """As the port says."""
        await self._transaction.execute(insert(users).values(_row(user)))
        await open_chain(self._transaction, user.id)

    async def get(self, user_id: UserId) -> User:
        """As the port says; the row stays locked for this transaction."""
        statement = select(users).where(users.c.id == user_id).with_for_update()
        row = (await self._transaction.execute(statement)).one_or_none()
        if row is None:
            raise UserNotFound("User not found")
        return _user(row)

    async def find_by_sign_in_name(self, name: str) -> User | None:
        """As the port says; the row stays locked for this transaction."""
        key = name.lower()
        matches = or_(users.c.email_key == key, users.c.username_key == key)
        row = (
            await self._transaction.execute(select(users).where(matches).with_for_update())
        ).first()
        return None if row is None else _user(row)

    async def update(self, user: User, *, expected_version: int | None = None) -> User:
        """As the port says."""
        stored = replace(user, version=user.version + 1)
        matches = users.c.id == user.id
        matches &= users.c.version == (
            user.version if expected_version is None else expected_version
        )
        statement = update(users).where(matches).values(_row(stored))
        if (await self._transaction.execute(statement)).rowcount != 1:
            raise PreconditionFailed("The profile was changed in the meantime: read it again.")
        return stored

    async def erase(self, user_id: UserId) -> None:
        """As the port says: every table with a user's rows cascades from here or is named here."""
        for table in reversed(METADATA.sorted_tables):
            if "user_id" in table.c:
                await self._transaction.execute(delete(table).where(table.c.user_id == user_id))
        await self._transaction.execute(delete(users).where(users.c.id == user_id))


def _row(user: User) -> dict[str, object]:
    keys = {
        "email_key": user.email.lower(),
        "username_key": user.username and user.username.lower(),
    }
    return {name: getattr(user, name) for name in User.__dataclass_fields__} | keys


def _user(row: Row[Any]) -> User:  # Any: a row of the whole table
    fields = {name: getattr(row, name) for name in User.__dataclass_fields__}
    fields["roles"] = frozenset(map(Role, fields["roles"]))
    return User(**fields)


class SqlProfiles(Profiles):
    """Profiles to read, in SQL."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def profile(self, user_id: UserId) -> Versioned[UserProfile]:
        """As the port says."""
        rows = await self._reader.rows(_PROFILE, {"user_id": user_id})
        if not rows:
            raise UserNotFound("User not found")
        fields = dict(rows[0]._mapping)  # noqa: SLF001 - SQLAlchemy's documented way to a mapping
        version = fields.pop("version")
        return Versioned(UserProfile(**fields | {"roles": sorted(fields["roles"])}), version)


_PROFILE: Final = select(
    *(users.c[name] for name in UserProfile.__struct_fields__), users.c.version
).where(users.c.id == bindparam("user_id"))
