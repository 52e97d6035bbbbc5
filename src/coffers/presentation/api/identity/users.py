"""/users: registration and profile."""

from typing import Annotated

from pydantic import Field, StringConstraints

from coffers.application.identity import users
from coffers.application.identity.users import RegisteredUser, UserProfile
from coffers.application.views import Versioned
from coffers.presentation.answers import Answer
from coffers.presentation.calls import Caller
from coffers.presentation.schemas import Body, EmailIn, NameIn, PasswordIn


class Registration(Body):
    """A new account."""

    email: EmailIn = Field(examples=["ada@example.com"])
    password: PasswordIn = Field(examples=["correct horse battery"])


class ProfileChanges(Body):
    """The fields to change; the others stay. Null empties `username` and `display_name`."""

    username: Annotated[str, StringConstraints(max_length=30)] | None = None
    display_name: NameIn | None = None
    base_currency: Annotated[str, StringConstraints(min_length=3, max_length=3)] | None = None
    time_zone: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None


async def register_user(call: Caller, body: Registration) -> Answer[RegisteredUser]:
    """Create an account; a verification letter is sent to its address."""
    services = call.services
    user = await users.register(
        call.uow,
        services.passwords,
        services.clock,
        services.post,
        email=body.email,
        password=body.password,
    )
    return Answer(user, {"Location": "/api/v1/users/me"})


async def get_profile(call: Caller) -> Versioned[UserProfile]:
    """The caller's profile."""
    return await users.get_profile(call.services.profiles, call.principal)


async def edit_profile(call: Caller, body: ProfileChanges) -> Versioned[UserProfile]:
    """Change username, display name, base currency or time zone."""
    changes = body.model_dump(exclude_unset=True)
    return await users.edit_profile(
        call.uow, call.services.clock, call.principal, changes, call.expected_version
    )
