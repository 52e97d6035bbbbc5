"""Every table: exported, in this order, or left out, and why."""

from collections.abc import Mapping, Sequence
from typing import Final

from coffers.infrastructure.db.identity.users import users
from coffers.infrastructure.db.portability.investing import INVESTING
from coffers.infrastructure.db.portability.ledger import LEDGER
from coffers.infrastructure.db.portability.spending import SPENDING
from coffers.infrastructure.db.portability.tables import Exported

#: Rows of all tables together: one restoration is one transaction.
MAX_ROWS: Final = 500_000

#: What is in an export. Rows are put back in this order.
EXPORTED: Final[Sequence[Exported]] = (*LEDGER, *SPENDING, *INVESTING)
BY_NAME: Final[Mapping[str, Exported]] = {each.name: each for each in EXPORTED}

#: What is not, and why. The profile of `users` has a place of its own in the file.
LEFT_OUT: Final[Mapping[str, str]] = {
    "api_keys": "a secret of this installation",
    "connection_credentials": "secrets of the provider: whoever restores signs in there again",
    "edit_plan_chunks": "what takes bulk edits back: images of rows of this installation",
    "edit_plans": "bulk edits that were planned or done; what they did stands on the rows",
    "event_chains": "the head of this installation's audit log",
    "events": "this installation's audit log, whose hashes hold here only",
    "idempotency_keys": "answers to requests of the last day",
    "jobs": "work that waits in this installation",
    "link_attempts": "links that were begun, with their secrets",
    "one_time_tokens": "secrets of letters under way",
    "price_marks": "what tells this installation's memory of prices that they changed",
    "reference_rates": "everybody's, not one user's",
    "portfolio_back_fills": "how far work of this installation is",
    "refresh_tokens": "secrets of sessions",
    "security_rotations": "this installation's own",
    "sessions": "who is signed in here",
    "users": "its display name, base currency and time zone are the file's profile",
}
PROFILE: Final = [users.c[name] for name in ("display_name", "base_currency", "time_zone")]
