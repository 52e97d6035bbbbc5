from datetime import UTC, date, datetime

import pytest

from coffers.sandbox.bank import PERSONAS
from coffers.sandbox.faults import MAX_PATTERN, MAX_RULES, MAX_TIMES
from coffers.sandbox.sandbox import MAX_BODY, MAX_COUNTED_PATHS, Sandbox
from coffers.sandbox.server import create_app
from tests.sandbox.running import TODAY, Visitor, error_of, running_sandbox

ACCOUNTS = "/v1/accounts"


def statuses(visitor: Visitor, path: str, times: int) -> list[int]:
    return [visitor.get(path).status_code for _ in range(times)]


def test_a_rule_strikes_as_often_as_it_says(saver: Visitor) -> None:
    rule = saver.rule("/v1/accounts*", "rate_limited:3", times=2)

    assert rule == {
        "id": rule["id"],
        "path": "/v1/accounts*",
        "fault": "rate_limited:3",
        "times": 2,
    }
    assert statuses(saver, ACCOUNTS, 1) == [429]
    assert saver.http.get("/admin/faults").json() == {"faults": [rule | {"times": 1}]}
    assert statuses(saver, "/v1/accounts/ys-card/positions", 2) == [429, 200]
    assert saver.http.get("/admin/faults").json() == {"faults": []}


def test_a_rule_without_a_number_strikes_until_it_is_deleted(saver: Visitor) -> None:
    rule = saver.rule("/v1/accounts/ys-card/*", "gone")

    assert statuses(saver, "/v1/accounts/ys-card/positions", 3) == [410, 410, 410]
    assert statuses(saver, ACCOUNTS, 1) == [200]
    assert saver.http.delete(f"/admin/faults/{rule['id']}").status_code == 204
    assert statuses(saver, "/v1/accounts/ys-card/positions", 1) == [200]
    assert error_of(saver.http.delete(f"/admin/faults/{rule['id']}")) == (404, "not_found")


def test_the_oldest_rule_strikes_and_a_header_goes_before(saver: Visitor) -> None:
    saver.rule("*", "gone", times=1)
    saver.rule("*", "error", times=1)

    assert saver.get(ACCOUNTS, fault="unauthorized").status_code == 401
    assert statuses(saver, ACCOUNTS, 3) == [410, 500, 200]


def test_all_rules_can_be_cleared_and_admin_is_never_struck(saver: Visitor) -> None:
    saver.rule("*", "gone")

    assert saver.http.get("/health").json() == {"status": "ok", "today": "2026-06-30"}
    assert saver.http.delete("/admin/faults").status_code == 204
    assert statuses(saver, ACCOUNTS, 1) == [200]


def test_there_are_only_so_many_rules(visitor: Visitor) -> None:
    for _ in range(MAX_RULES):
        visitor.rule("/nowhere", "gone")

    answer = visitor.http.post("/admin/faults", json={"path": "/nowhere", "fault": "gone"})

    assert error_of(answer) == (409, "too_many_faults")


@pytest.mark.parametrize(
    "wish",
    [
        None,
        [],
        {"fault": "gone"},
        {"path": 1, "fault": "gone"},
        {"path": "", "fault": "gone"},
        {"path": "x" * (MAX_PATTERN + 1), "fault": "gone"},
        {"path": "*"},
        {"path": "*", "fault": "nothing"},
        {"path": "*", "fault": "gone", "times": 0},
        {"path": "*", "fault": "gone", "times": MAX_TIMES + 1},
        {"path": "*", "fault": "gone", "times": "2"},
        {"path": "*", "fault": "gone", "times": True},
        {"path": "*", "fault": "gone", "often": 2},
    ],
)
def test_a_rule_that_cannot_be_read_is_refused(visitor: Visitor, wish: object) -> None:
    answer = visitor.http.post("/admin/faults", json=wish)

    assert answer.status_code == 400
    assert visitor.http.get("/admin/faults").json() == {"faults": []}


def test_a_body_that_is_no_json_or_too_large_is_refused(visitor: Visitor) -> None:
    for body in (b"", b"{", b"\xff", b"[" * MAX_BODY):
        answer = visitor.http.post("/admin/clock", content=body)
        assert error_of(answer) == (400, "invalid_request")

    answer = visitor.http.post("/admin/clock", content=b" " * (MAX_BODY + 1))
    assert error_of(answer) == (413, "request_too_large")


def test_the_clock_can_be_set(saver: Visitor) -> None:
    before = saver.get(ACCOUNTS).json()["accounts"]

    saver.set_today(date(2026, 7, 1))

    after = saver.get(ACCOUNTS).json()["accounts"]
    assert {row["as_of"] for row in after} == {"2026-07-01"}
    assert before != after
    assert saver.http.get("/admin/clock").json() == {"today": "2026-07-01"}
    saver.set_today(TODAY)
    assert saver.get(ACCOUNTS).json()["accounts"] == before


@pytest.mark.parametrize(
    "today", ["2023-12-31", "2050-01-01", "2026-02-30", "today", 20260101, None]
)
def test_a_day_that_the_calendar_does_not_have_is_refused(visitor: Visitor, today: object) -> None:
    answer = visitor.http.post("/admin/clock", json={"today": today})

    assert error_of(answer) == (400, "invalid_request")
    assert visitor.http.get("/admin/clock").json() == {"today": "2026-06-30"}


def test_a_sandbox_begins_on_a_day_of_its_calendar() -> None:
    for today in (date(2023, 12, 31), date(2050, 1, 1)):
        with pytest.raises(ValueError, match="Today is between"):
            create_app(1, today)


def test_without_a_day_today_is_today() -> None:
    before = datetime.now(UTC).date()
    with running_sandbox(today=None) as url:
        visitor = Visitor(url)
        today = visitor.http.get("/health").json()["today"]
        visitor.close()

    assert before.isoformat() <= today <= datetime.now(UTC).date().isoformat()


def test_all_access_tokens_can_be_expired(saver: Visitor) -> None:
    assert saver.http.post("/admin/tokens/expire").status_code == 204

    assert error_of(saver.get(ACCOUNTS)) == (401, "token_expired")
    fresh = saver.refresh(saver.tokens["refresh_token"]).json()
    assert saver.get(ACCOUNTS, token=fresh["access_token"]).status_code == 200


def test_all_tokens_can_be_revoked(saver: Visitor) -> None:
    assert saver.http.post("/admin/tokens/revoke").status_code == 204

    assert error_of(saver.get(ACCOUNTS)) == (401, "invalid_token")
    assert saver.refresh(saver.tokens["refresh_token"]).json()["error"] == "invalid_grant"
    assert saver.sign_in().get(ACCOUNTS).status_code == 200


def test_calls_are_counted_per_path_and_grants_exactly(saver: Visitor) -> None:
    saver.get(ACCOUNTS)
    saver.get(ACCOUNTS, fault="gone")
    saver.refresh(saver.tokens["refresh_token"])
    saver.refresh(saver.tokens["refresh_token"])

    assert saver.http.get("/admin/calls").json() == {
        "calls": {"/oauth/authorize": 1, "/oauth/token": 3, ACCOUNTS: 2},
        "code_grants": 1,
        "refresh_attempts": 2,
        "refresh_grants": 1,
    }
    assert saver.http.delete("/admin/calls").status_code == 204
    assert saver.http.get("/admin/calls").json() == {
        "calls": {},
        "code_grants": 0,
        "refresh_attempts": 0,
        "refresh_grants": 0,
    }


def test_paths_beyond_the_limit_are_counted_together() -> None:
    sandbox = Sandbox(1, TODAY, 300)
    for number in range(MAX_COUNTED_PATHS + 2):
        sandbox.count(f"/{number}")
    sandbox.count("/0")

    assert (sandbox.calls["/0"], sandbox.calls["(others)"]) == (2, 2)


def test_everybody_has_a_password_of_their_own() -> None:
    assert len({persona.password for persona in PERSONAS.values()}) == len(PERSONAS) == 3
