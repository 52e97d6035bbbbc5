"""/sessions and /tokens: signing in, staying signed in, signing out."""

from pydantic import Field

from coffers.application import sessions
from coffers.application.sessions import TokenPair
from coffers.presentation.calls import Caller
from coffers.presentation.schemas import Body, EmailIn, PasswordIn, TokenIn


class SignIn(Body):
    """An e-mail address (or a username in its place) and the password."""

    email: EmailIn = Field(examples=["ada@example.com"])
    password: PasswordIn


class Refresh(Body):
    """The refresh token of the last pair."""

    refresh_token: TokenIn


async def create_session(call: Caller, body: SignIn) -> TokenPair:
    """Sign in."""
    await call.charge(f"account:{body.email.lower()}")
    services = call.services
    return await sessions.sign_in(
        call.uow,
        services.passwords,
        services.access_tokens,
        services.clock,
        call.origin,
        name=body.email,
        password=body.password,
    )


async def refresh_tokens(call: Caller, body: Refresh) -> TokenPair:
    """Trade the refresh token for a new pair; each works once."""
    services = call.services
    session_id = await sessions.session_of(services.session_lists, body.refresh_token)
    await call.charge(session_id or f"ip:{call.origin.ip_address}")
    return await sessions.refresh(
        call.uow, services.access_tokens, services.clock, refresh_token=body.refresh_token
    )


async def end_current_session(call: Caller) -> None:
    """Sign out here."""
    await sessions.sign_out(
        call.uow,
        call.services.clock,
        user_id=call.principal.user_id,
        session_id=call.session_id,
    )
