"""Which day it is: where the caller lives, not where the service runs."""

from datetime import date
from zoneinfo import ZoneInfo

from coffers.presentation.calls import Call


async def day_of(call: Call) -> date:
    """The caller's today."""
    services = call.services
    profile = (await services.profiles.profile(call.principal.user_id)).view
    return services.clock.now().astimezone(ZoneInfo(profile.time_zone)).date()
