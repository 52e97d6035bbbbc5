"""/users/me/erasures: leaving."""

from coffers.application.identity import erasures
from coffers.domain.live.events import Origin
from coffers.presentation.calls import Caller
from coffers.presentation.schemas import Body, PasswordIn


class ErasureWanted(Body):
    """The password, to be sure that it is you."""

    password: PasswordIn


async def erase_current_user(call: Caller, body: ErasureWanted) -> None:
    """Erase the account and everything that belongs to it, at once and for good."""
    services, user_id = call.services, call.principal.user_id
    await erasures.consent_to_erasure(
        services.unit_of_work(call.origin, None),
        services.passwords,
        services.clock,
        user_id=user_id,
        password=body.password,
    )
    # What is logged from here on outlives the account: it must not tell whose it was.
    call.origin = Origin(trace_id=call.origin.trace_id)
    await erasures.erase_user(call.uow, services.clock, user_id=user_id)
