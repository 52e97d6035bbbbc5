"""One running sandbox: its bank, its tokens, its faults, its day."""

import re
from collections import Counter
from datetime import UTC, date, datetime
from typing import Final

from starlette.requests import Request

from coffers.sandbox.bank import Bank
from coffers.sandbox.days import FIRST_TODAY, LAST_TODAY
from coffers.sandbox.faults import Fault, Rules
from coffers.sandbox.grants import Grants
from coffers.sandbox.refusals import Refused
from coffers.sandbox.seals import Seal

MAX_BODY: Final = 16_384
MAX_COUNTED_PATHS: Final = 1_000
#: Where the fault that strikes a request is found in its ASGI scope.
FAULT_KEY: Final = "coffers.sandbox.fault"


class Sandbox:
    """What the endpoints of one application share."""

    def __init__(self, seed: int, today: date | None, access_life_s: int) -> None:
        self.seed = seed
        self.seal = Seal(seed)
        self.bank = Bank(seed)
        self.grants = Grants(self.seal, access_life_s)
        self.rules = Rules()
        self.calls: Counter[str] = Counter()
        self.repeated: set[str] = set()
        self._today = None if today is None else checked_today(today)

    @property
    def today(self) -> date:
        """The day that was set; else the machine's in UTC, as far as the calendar goes."""
        if self._today is not None:
            return self._today
        return min(max(datetime.now(UTC).date(), FIRST_TODAY), LAST_TODAY)

    @today.setter
    def today(self, today: date) -> None:
        self._today = checked_today(today)

    def count(self, path: str) -> None:
        """Count a request; beyond the limit, new paths are not told apart."""
        is_new = path not in self.calls and len(self.calls) >= MAX_COUNTED_PATHS
        self.calls["(others)" if is_new else path] += 1


def sandbox_of(request: Request) -> Sandbox:
    """Answer the sandbox that serves the request."""
    sandbox: Sandbox = request.app.state.sandbox
    return sandbox


def fault_of(request: Request) -> Fault | None:
    """Answer the fault that the endpoint itself has to play."""
    fault: Fault | None = request.scope.get(FAULT_KEY)
    return fault


def checked_today(today: date) -> date:
    """Answer the day if the calendar has it; raises ValueError."""
    if not FIRST_TODAY <= today <= LAST_TODAY:
        raise ValueError(f"Today is between {FIRST_TODAY} and {LAST_TODAY}.")
    return today


def parse_day(text: str) -> date:
    """Read a date of the form YYYY-MM-DD; refuses anything else."""
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise Refused(400, "invalid_request", "Dates are written YYYY-MM-DD.")
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Refused(400, "invalid_request", "There is no such day.") from error


async def bounded_body(request: Request) -> bytes:
    """Read the body; refuses one that is too large."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise Refused(413, "request_too_large", f"At most {MAX_BODY} bytes.")
    return body
