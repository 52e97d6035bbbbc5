"""The users table and its repository."""

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Integer,
    Row,
    ScalarSelect,
    String,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    case,
    cast,
    insert,
    literal,
    or_,
    select,
    update,
)

from coffers.application.identity.users import Profiles, UserProfile
from coffers.application.views import Versioned
from coffers.domain.errors import PreconditionFailed
from coffers.domain.identity.users import (
    MAX_FAILED_SIGN_INS,
    EmailTaken,
    Role,
    User,
    UsernameTaken,
    UserNotFound,
    Users,
)
from coffers.domain.ids import UserId
from coffers.infrastructure.db.live.events import open_chain
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
        await self._transaction.execute(insert(users), _row(user))
        await open_chain(self._transaction, user.id)

    async def get(self, user_id: UserId) -> User:
        """As the port says."""
        user = await self.find(user_id)
        if user is None:
            raise UserNotFound("User not found")
        return user

    async def find(self, user_id: UserId) -> User | None:
        """As the port says."""
        statement = select(users).where(users.c.id == user_id).with_for_update()
        row = (await self._transaction.execute(statement)).one_or_none()
        return None if row is None else _user(row)

    async def find_by_sign_in_name(self, name: str) -> User | None:
        """As the port says; usernames have no `@`, so nobody has another's address for one."""
        key = name.lower()
        matches = or_(users.c.email_key == key, users.c.username_key == key)
        row = (await self._transaction.execute(select(users).where(matches))).one_or_none()
        return None if row is None else _user(row)

    async def lock_admins(self) -> list[UserId]:
        """As the port says; in the order of their ids, so that two never wait in a circle."""
        admins = users.c.is_active & has_role(Role.ADMIN)
        statement = select(users.c.id).where(admins).order_by(users.c.id).with_for_update()
        return [row.id for row in await self._transaction.execute(statement)]

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

    async def count_failed_sign_in(
        self, user_id: UserId, *, now: datetime, locked_until: datetime
    ) -> bool:
        """As the port says: counted by SQL, so that no two attempts count as one."""
        columns = users.c
        is_last = columns.failed_sign_ins + 1 >= MAX_FAILED_SIGN_INS
        statement = (
            update(users)
            .where(columns.id == user_id)
            .where(or_(columns.locked_until.is_(None), columns.locked_until <= now))
            .values(
                failed_sign_ins=case((is_last, 0), else_=columns.failed_sign_ins + 1),
                locked_until=case((is_last, _instant(locked_until)), else_=columns.locked_until),
            )
            .returning(columns.locked_until)
        )
        row = (await self._transaction.execute(statement)).one_or_none()
        return row is not None and row.locked_until == locked_until

    async def forget_failed_sign_ins(self, user_id: UserId) -> None:
        """As the port says."""
        await self._set(user_id, failed_sign_ins=0, locked_until=None)

    async def set_password(self, user_id: UserId, password_hash: str) -> None:
        """As the port says."""
        await self._set(user_id, password_hash=password_hash, failed_sign_ins=0, locked_until=None)

    async def void_tokens(self, user_id: UserId, *, issued_before: datetime) -> None:
        """As the port says."""
        await self._set(user_id, tokens_valid_from=issued_before)

    async def _set(self, user_id: UserId, **values: object) -> None:
        await self._transaction.execute(update(users).where(users.c.id == user_id).values(values))


def has_role(role: Role) -> ColumnElement[bool]:
    """Whether the word is among the roles."""
    return (literal(" ") + cast(users.c.roles, Text) + " ").contains(f" {role.value} ")


async def lock_owner(transaction: Transaction, owner: ScalarSelect[Any]) -> None:  # Any: an id
    """Lock the user whose id a query answers.

    Whoever changes what is a user's takes the user's row first, so that no two wait in a circle.
    """
    statement = select(users.c.id).where(users.c.id == owner).with_for_update()
    await transaction.execute(statement)


def _instant(value: datetime) -> ColumnElement[datetime]:
    return literal(value, UTCDateTime())


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
