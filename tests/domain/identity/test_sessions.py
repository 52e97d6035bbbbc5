from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from coffers.domain.identity.sessions import Session, device_of
from coffers.domain.ids import SessionId, UserId, new_id

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
SESSION = Session(
    id=SessionId(new_id()),
    user_id=UserId(new_id()),
    ip_address="127.0.0.1",
    user_agent=None,
    device_info=None,
    created_at=NOON,
    last_activity_at=NOON,
    expires_at=NOON + timedelta(days=30),
)


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        (None, None),
        ("", None),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko Firefox/140.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140 Safari/537 Edg/140", "Edg on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19) Version/19 Safari/604", "Safari on iPhone"),
        ("curl/8.5.0", "curl"),
        ("portfolio-script/1", "portfolio-script/1"),
        ("x" * 10_000, "x" * 40),
        ("'; DROP TABLE sessions; --", "'; DROP TABLE sessions; --"),
    ],
)
def test_a_device_is_recognised_by_a_few_words(user_agent: str | None, device: str | None) -> None:
    assert device_of(user_agent) == device


def test_every_change_of_a_session_makes_another_version() -> None:
    refreshed = replace(SESSION, last_activity_at=NOON + timedelta(microseconds=1))
    ended = replace(refreshed, revoked_at=NOON + timedelta(microseconds=2))
    states = (SESSION, refreshed, ended)

    versions = [state.version(is_current=current) for state in states for current in (False, True)]

    assert versions == sorted(set(versions))
