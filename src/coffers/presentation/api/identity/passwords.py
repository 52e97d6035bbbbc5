"""/users/me/password, /password-reset-tokens and /password-resets: changing a password."""

from pydantic import Field

from coffers.application.identity import passwords, verifications
from coffers.application.identity.passwords import PasswordReset
from coffers.application.identity.sessions import Viewer
from coffers.application.identity.verifications import LetterRequest
from coffers.domain.identity.verifications import Purpose
from coffers.presentation.api.identity.verifications import LetterWanted
from coffers.presentation.calls import Caller
from coffers.presentation.schemas import Body, PasswordIn, TokenIn


class PasswordChange(Body):
    """The password as it is, and as it shall be."""

    current_password: PasswordIn
    new_password: PasswordIn = Field(examples=["correct horse battery"])


class ResetWanted(Body):
    """The token out of the letter, and the password to set."""

    token: TokenIn
    new_password: PasswordIn = Field(examples=["correct horse battery"])


async def change_password(call: Caller, body: PasswordChange) -> None:
    """Set a new password; every other session ends."""
    services = call.services
    await passwords.change_password(
        call.uow,
        services.passwords,
        services.clock,
        asker=Viewer(call.principal.user_id, call.session_id),
        current_password=body.current_password,
        new_password=body.new_password,
    )


async def request_password_reset(call: Caller, body: LetterWanted) -> LetterRequest:
    """Ask for a letter with which to set a new password.

    The answer is the same whether the address is registered or not.
    """
    return await verifications.request_letter(
        call.uow, call.services.clock, email=body.email, purpose=Purpose.PASSWORD_RESET
    )


async def reset_password(call: Caller, body: ResetWanted) -> PasswordReset:
    """Set a new password with the token out of the letter; every session ends."""
    services = call.services
    return await passwords.reset_password(
        call.uow,
        services.passwords,
        services.clock,
        token=body.token,
        new_password=body.new_password,
    )
