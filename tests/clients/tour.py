"""The tour of a new user through the generated Python client; not a test, but run by one.

    python tour.py ADDRESS FOLDER-OF-LETTERS

It stands alone: the generated package `coffers_client` and what that needs are all it imports.
"""

import re
import sys
import time
from http import HTTPStatus
from pathlib import Path

from coffers_client import AuthenticatedClient, Client  # type: ignore[import-not-found]  # generated
from coffers_client.api.email_verifications import verify_email  # type: ignore[import-not-found]
from coffers_client.api.sessions import (  # type: ignore[import-not-found]
    create_session,
    end_current_session,
)
from coffers_client.api.tokens import refresh_tokens  # type: ignore[import-not-found]
from coffers_client.api.users import (  # type: ignore[import-not-found]
    edit_profile,
    get_profile,
    register_user,
)
from coffers_client.models import (  # type: ignore[import-not-found]
    Problem,
    ProfileChanges,
    Refresh,
    Registration,
    SignIn,
    Verification,
)

PATIENCE_S = 20
EMAIL, PASSWORD = "ada@example.com", "correct horse battery"


def main(address: str, letters: Path) -> None:
    """Register, verify, sign in, read, edit, refresh, sign out, and be nobody."""
    nobody = Client(base_url=address)
    account = Registration(email=EMAIL, password=PASSWORD)
    made = register_user.sync(client=nobody, body=account)
    again = register_user.sync(client=nobody, body=account)
    assert made.email == EMAIL, made
    assert isinstance(again, Problem), again
    assert again.status == HTTPStatus.CONFLICT, again

    verify_email.sync(client=nobody, body=Verification(token=token_in(letters)))
    pair = create_session.sync(client=nobody, body=SignIn(email=EMAIL, password=PASSWORD))
    ada = AuthenticatedClient(base_url=address, token=pair.access_token)
    me = get_profile.sync(client=ada)
    assert (me.id, me.is_verified) == (made.id, True), me
    changed = edit_profile.sync(client=ada, body=ProfileChanges(display_name="Ada"))
    assert changed.display_name == "Ada", changed

    fresh = refresh_tokens.sync(client=nobody, body=Refresh(refresh_token=pair.refresh_token))
    ada = AuthenticatedClient(base_url=address, token=fresh.access_token)
    assert get_profile.sync(client=ada).display_name == "Ada"
    assert end_current_session.sync_detailed(client=ada).status_code == HTTPStatus.NO_CONTENT
    refusal = get_profile.sync_detailed(client=ada)
    assert refusal.status_code == HTTPStatus.UNAUTHORIZED, refusal
    assert refusal.parsed.type_.endswith("/errors/invalid_token"), refusal


def token_in(letters: Path) -> str:
    """The token of the one letter that comes."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        for letter in letters.glob("*.txt"):
            found = re.search(r"[\w-]{43}", letter.read_text())
            if found:
                return found[0]
        time.sleep(0.05)
    raise TimeoutError("No letter came.")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
