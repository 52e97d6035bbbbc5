"""Passwords: which ones are good enough."""

from typing import Final

from coffers.domain.errors import Forbidden, Invalid
from coffers.domain.identity.weak_passwords import WEAK_PASSWORDS

MIN_PASSWORD: Final = 8
LONG_PASSWORD: Final = 12
MAX_PASSWORD: Final = 128


class PasswordTooWeak(Invalid):
    """The password does not meet the rules."""

    slug = "password_too_weak"


class WrongPassword(Forbidden):
    """The current password, asked for once more before something final, is not this one."""

    slug = "wrong_password"


def check_password(password: str, *, field: str = "password") -> str:
    """The password, if it is long (12+) or mixed (8+: lower, upper, digit), and not a common one.

    Raises PasswordTooWeak.
    """
    if len(password) > MAX_PASSWORD:
        raise PasswordTooWeak(f"At most {MAX_PASSWORD} characters.", field=field)
    if len(password) < LONG_PASSWORD and not _is_mixed(password):
        detail = "At least 12 characters, or 8 with lower case, upper case and digits."
        raise PasswordTooWeak(detail, field=field)
    if password.lower() in WEAK_PASSWORDS:
        raise PasswordTooWeak("This is one of the most common passwords.", field=field)
    return password


def _is_mixed(password: str) -> bool:
    kinds = (str.islower, str.isupper, str.isdigit)
    return len(password) >= MIN_PASSWORD and all(any(map(kind, password)) for kind in kinds)
