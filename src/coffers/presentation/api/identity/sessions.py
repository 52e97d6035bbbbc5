"""/sessions and /tokens: signing in, staying signed in, signing out."""

from pydantic import Field

from coffers.application.identity import sessions, sign_ins, tokens
from coffers.application.identity.sessions import EndedSessions, SessionList, SessionView, Viewer
from coffers.application.identity.sign_ins import Credentials
from coffers.application.identity.tokens import TokenPair
from coffers.application.views import Versioned
from coffers.domain.ids import SessionId
from coffers.domain.paging import DEFAULT_LIMIT
from coffers.presentation.answers import Answer
from coffers.presentation.calls import Call, Caller
from coffers.presentation.paging import CursorIn, LimitIn, next_link
from coffers.presentation.schemas import Body, EmailIn, PasswordIn, TokenIn


class SignIn(Body):
    """An e-mail address (or a username in its place) and the password."""

    email: EmailIn = Field(examples=["ada@example.com"])
    password: PasswordIn


class Refresh(Body):
    """The refresh token of the last pair."""

    refresh_token: TokenIn


async def create_session(call: Caller, body: SignIn) -> Answer[TokenPair]:
    """Sign in."""
    await call.charge(f"account:{body.email.lower()}")
    services = call.services
    pair = await sign_ins.sign_in(
        call.uow,
        services.passwords,
        services.access_tokens,
        services.clock,
        call.origin,
        Credentials(body.email, body.password),
    )
    begun = services.access_tokens.verify(pair.access_token, now=services.clock.now())
    return Answer(pair, {"Location": f"/api/v1/sessions/{begun.session_id}"})


async def refresh_tokens(call: Caller, body: Refresh) -> TokenPair:
    """Trade the refresh token for a new pair; each works once."""
    services = call.services
    session_id = await tokens.session_of(services.refresh_token_lookups, body.refresh_token)
    await call.charge(session_id or f"ip:{call.origin.ip_address}")
    return await tokens.refresh(
        call.uow, services.access_tokens, services.clock, refresh_token=body.refresh_token
    )


async def list_sessions(
    call: Caller, limit: LimitIn = DEFAULT_LIMIT, cursor: CursorIn = None
) -> Answer[SessionList]:
    """Where the caller is and was signed in, newest first."""
    services = call.services
    page = await sessions.list_sessions(
        services.session_lists, services.cursors, _viewer(call), limit=limit, cursor=cursor
    )
    return Answer(page, next_link(call.request, page.next_cursor))


async def get_session(call: Caller, session_id: SessionId) -> Versioned[SessionView]:
    """One of the caller's sign-ins."""
    return await sessions.get_session(call.services.session_lists, _viewer(call), session_id)


async def end_current_session(call: Caller) -> None:
    """Sign out here."""
    await _end(call, call.session_id)


async def end_session(call: Caller, session_id: SessionId) -> None:
    """Sign out there."""
    await _end(call, session_id)


async def end_other_sessions(call: Caller) -> EndedSessions:
    """Sign out everywhere else."""
    return await sessions.end_other_sessions(call.uow, call.services.clock, _viewer(call))


async def _end(call: Call, session_id: SessionId) -> None:
    await sessions.end_session(
        call.uow, call.services.clock, _viewer(call), session_id, call.expected_version
    )


def _viewer(call: Call) -> Viewer:
    return Viewer(call.principal.user_id, call.session_id)
