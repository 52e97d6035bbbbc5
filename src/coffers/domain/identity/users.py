"""People: who they are and what they may do."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol
from zoneinfo import available_timezones

from coffers.domain.currencies import is_currency
from coffers.domain.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from coffers.domain.ids import UserId

MAX_FAILED_SIGN_INS: Final = 5
LOCK_OUT: Final = timedelta(minutes=15)
MAX_EMAIL: Final = 254

_EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?=.{1,253}\Z)[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"
)
_USERNAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{2,29}")


class Role(StrEnum):
    """What a person may do: `admin` more than `user`, `user` more than `readonly`."""

    ADMIN = "admin"
    USER = "user"
    READONLY = "readonly"


@dataclass(frozen=True, slots=True)
class User:
    """A person. `email` and `username` are kept as typed and compared in lower case."""

    id: UserId
    email: str
    password_hash: str
    roles: frozenset[Role]
    is_verified: bool
    is_active: bool
    base_currency: str
    time_zone: str
    created_at: datetime
    updated_at: datetime
    username: str | None = None
    display_name: str | None = None
    failed_sign_ins: int = 0
    locked_until: datetime | None = None
    tokens_valid_from: datetime | None = None
    version: int = 1

    def is_locked(self, now: datetime) -> bool:
        """Whether too many wrong passwords keep the account shut at this instant."""
        return self.locked_until is not None and now < self.locked_until


class Users(Protocol):
    """Where people are kept. Whoever is fetched to be changed stays locked for the transaction."""

    async def add(self, user: User) -> None:
        """Raises EmailTaken or UsernameTaken."""
        ...

    async def get(self, user_id: UserId) -> User:
        """Raises UserNotFound."""
        ...

    async def find(self, user_id: UserId) -> User | None:
        """As `get`, with None for nobody."""
        ...

    async def find_by_sign_in_name(self, name: str) -> User | None:
        """Whoever has this e-mail address or username, in any case of letters; not locked."""
        ...

    async def lock_admins(self) -> list[UserId]:
        """The active administrators, who stay so until the end of the transaction."""
        ...

    async def update(self, user: User, *, expected_version: int | None = None) -> User:
        """The user as stored, its version one higher.

        Raises PreconditionFailed when it is no longer the expected one.
        """
        ...

    async def count_failed_sign_in(
        self, user_id: UserId, *, now: datetime, locked_until: datetime
    ) -> bool:
        """One more wrong password, exactly one; the fifth locks the account until then.

        Whether it did. Nothing is counted for nobody, nor while the account is locked; the version
        stays.
        """
        ...

    async def forget_failed_sign_ins(self, user_id: UserId) -> None:
        """Begin counting anew, unlocked; the version stays."""
        ...

    async def set_password(self, user_id: UserId, password_hash: str) -> None:
        """From now on this one; failed sign-ins are forgotten, the version stays."""
        ...

    async def void_tokens(self, user_id: UserId, *, issued_before: datetime) -> None:
        """Refresh tokens from before then work no more; the version stays."""
        ...


class UserNotFound(NotFound):
    """No such user."""


class EmailTaken(Conflict):
    """Somebody registered this address before."""

    slug = "email_taken"


class UsernameTaken(Conflict):
    """Somebody else has this username."""

    slug = "username_taken"


class LastAdmin(Conflict):
    """Without this administrator there would be none."""

    slug = "last_admin"


class ProfileInvalid(Invalid):
    """A profile field breaks a rule."""


class InvalidCredentials(Unauthenticated):
    """The name, the password or both are wrong: which of them is not told."""

    slug = "invalid_credentials"


class EmailNotVerified(Forbidden):
    """The password is right; the address was never confirmed."""

    slug = "email_not_verified"


class AccountLocked(Forbidden):
    """The password is right; too many wrong ones came before."""

    slug = "account_locked"


class AccountInactive(Forbidden):
    """The password is right; an administrator deactivated the account."""

    slug = "account_inactive"


def check_email(email: str) -> str:
    """The address, if it looks like one (the HTML rule with a dotted domain).

    Raises ProfileInvalid.
    """
    if len(email) > MAX_EMAIL or not _EMAIL.fullmatch(email):
        raise ProfileInvalid("Not an e-mail address.", field="email")
    return email


def check_username(username: str) -> str:
    """The username, if it is 3–30 ASCII letters, digits, `_`, `.` or `-`, a letter first.

    Raises ProfileInvalid.
    """
    if not _USERNAME.fullmatch(username):
        detail = "A username has 3 to 30 letters, digits, '_', '.' or '-' and begins with a letter."
        raise ProfileInvalid(detail, field="username")
    return username


def check_base_currency(code: str) -> str:
    """The code, if it is a current ISO 4217 currency; raises ProfileInvalid."""
    if not is_currency(code):
        raise ProfileInvalid("Not an ISO 4217 currency code.", field="base_currency")
    return code


def check_time_zone(name: str) -> str:
    """The name, if the IANA database has it; raises ProfileInvalid."""
    if name not in available_timezones():
        raise ProfileInvalid("Not an IANA time zone, such as Europe/Berlin.", field="time_zone")
    return name
