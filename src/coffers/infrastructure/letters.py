"""The words of the letters."""

from typing import Final

from coffers.application.identity.verifications import Letters
from coffers.application.ports import Mail
from coffers.domain.identity.users import User
from coffers.domain.identity.verifications import Purpose

_VERIFICATION: Final = """Welcome to Coffers.

To confirm this address, send the token below to POST {url}/api/v1/email-verifications
as {{"token": "..."}} within a day:

{token}

If you did not register, ignore this letter: nothing happens.
"""
_RESET: Final = """Somebody, probably you, asked to set a new password for this account.

Send the token below to POST {url}/api/v1/password-resets as
{{"token": "...", "new_password": "..."}} within an hour:

{token}

If it was not you, ignore this letter: the password stays as it is.
"""
_LETTERS: Final = {
    Purpose.EMAIL_VERIFICATION: ("Confirm your e-mail address", _VERIFICATION),
    Purpose.PASSWORD_RESET: ("Set a new password", _RESET),
}


class PlainLetters(Letters):
    """Plain-text letters that point to this installation."""

    def __init__(self, public_base_url: str) -> None:
        self._url = public_base_url.rstrip("/")

    def compose(self, user: User, purpose: Purpose, token: str) -> Mail:
        """As the port says."""
        subject, text = _LETTERS[purpose]
        return Mail(user.email, subject, text.format(url=self._url, token=token))
