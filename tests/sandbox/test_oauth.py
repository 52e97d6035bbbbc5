from base64 import b64encode

import pytest

from coffers.sandbox.bank import PERSONAS
from coffers.sandbox.oauth import MAX_REDIRECT_URI
from coffers.sandbox.sandbox import MAX_BODY
from tests.sandbox.running import (
    CLIENT,
    REDIRECT_URI,
    Visitor,
    authorization,
    error_of,
    running_sandbox,
    sent_back,
)


def test_the_login_page_lists_everybody_with_their_passwords(visitor: Visitor) -> None:
    answer = visitor.http.get("/oauth/authorize", params=authorization())

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    for persona in PERSONAS.values():
        assert persona.user_name in answer.text
        assert persona.password in answer.text


def test_the_form_of_the_page_carries_the_request_escaped(visitor: Visitor) -> None:
    answer = visitor.http.get("/oauth/authorize", params=authorization(state='"><script>'))

    assert 'value="&quot;&gt;&lt;script&gt;"' in answer.text
    assert "<script>" not in answer.text


def test_the_posted_form_alone_signs_in(visitor: Visitor) -> None:
    form = authorization() | {"username": "retiree", "password": "four-currencies"}

    answer = visitor.http.post("/oauth/authorize", data=form)

    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{REDIRECT_URI}?code=")
    assert sent_back(answer)["state"] == "a state"


def test_the_query_of_the_program_is_kept(visitor: Visitor) -> None:
    answer = visitor.ask_for_code("retiree", redirect_uri=f"{REDIRECT_URI}?step=2")

    assert sent_back(answer)["step"] == "2"
    assert sent_back(answer)["code"]


def test_whoever_denies_is_sent_back_without_a_code(visitor: Visitor) -> None:
    answer = visitor.http.post("/oauth/authorize", params=authorization(), data={"action": "deny"})

    assert answer.status_code == 303
    assert sent_back(answer) == {"error": "access_denied", "state": "a state"}


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"username": "retiree"},
        {"username": "retiree", "password": "coffee-twice"},
        {"username": "nobody", "password": "coffee-twice"},
        {"username": "rentière", "password": "écu"},
    ],
)
def test_a_wrong_password_shows_the_page_again(visitor: Visitor, form: dict[str, str]) -> None:
    answer = visitor.http.post("/oauth/authorize", params=authorization(), data=form)

    assert answer.status_code == 401
    assert "password is wrong" in answer.text


@pytest.mark.parametrize(
    "change",
    [
        {"client_id": "somebody"},
        {"client_id": None},
        {"redirect_uri": None},
        {"redirect_uri": "/callback"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": "http://[::1/callback"},
        {"redirect_uri": f"{REDIRECT_URI}#fragment"},
        {"redirect_uri": f"{REDIRECT_URI}\r\nX-Injected: 1"},
        {"redirect_uri": f"{REDIRECT_URI}?{'x' * (MAX_REDIRECT_URI - len(REDIRECT_URI))}"},
    ],
)
def test_nobody_is_sent_to_an_unknown_program_or_a_bad_address(
    visitor: Visitor, change: dict[str, str | None]
) -> None:
    shown = visitor.http.get("/oauth/authorize", params=authorization(**change))
    posted = visitor.ask_for_code("retiree", **change)

    assert (shown.status_code, posted.status_code) == (400, 400)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "x" * 42}, "invalid_request"),
        ({"code_challenge": "x" * 129}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"state": None}, "invalid_request"),
        ({"state": "s" * 501}, "invalid_request"),
    ],
)
def test_a_request_without_pkce_or_state_is_sent_back(
    visitor: Visitor, change: dict[str, str | None], error: str
) -> None:
    answer = visitor.ask_for_code("retiree", **change)

    assert answer.status_code == 303
    assert sent_back(answer)["error"] == error


def test_a_code_becomes_tokens_that_open_the_accounts(visitor: Visitor) -> None:
    answer = visitor.redeem(visitor.code("retiree"))

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    tokens = answer.json()
    assert (tokens["token_type"], tokens["expires_in"], tokens["scope"]) == ("Bearer", 300, "read")
    accounts = visitor.get("/v1/accounts", token=tokens["access_token"]).json()["accounts"]
    assert {account["currency"] for account in accounts} == {"USD", "EUR", "GBP", "JPY"}


def test_the_client_may_name_itself_in_the_form(visitor: Visitor) -> None:
    form = {
        "grant_type": "refresh_token",
        "refresh_token": visitor.sign_in().tokens["refresh_token"],
        "client_id": CLIENT[0],
        "client_secret": CLIENT[1],
    }

    assert visitor.http.post("/oauth/token", data=form).status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        None,
        "Basic",
        "Basic ???",
        "Basic " + b64encode(b"coffers:wrong").decode(),
        "Basic " + b64encode(b"somebody:sandbox-secret").decode(),
        "Basic " + b64encode(b"\xff:\xff").decode(),
    ],
)
def test_an_unknown_client_gets_nothing(visitor: Visitor, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    form = {"grant_type": "authorization_code", "code": visitor.code()}

    for path in ("/oauth/token", "/oauth/revoke"):
        answer = visitor.http.post(path, data=form, headers=headers)

        assert answer.status_code == 401
        assert answer.json()["error"] == "invalid_client"
        assert answer.headers["www-authenticate"].startswith("Basic")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"code_verifier": "x" * 43}, "invalid_grant"),
        ({"redirect_uri": "http://127.0.0.1:9/other"}, "invalid_grant"),
        ({"code": "made.up"}, "invalid_grant"),
        ({"code": ""}, "invalid_request"),
        ({"code_verifier": ""}, "invalid_request"),
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_a_bad_exchange_is_refused(visitor: Visitor, change: dict[str, str], error: str) -> None:
    answer = visitor.redeem(visitor.code(), **change)

    assert answer.status_code == 400
    assert answer.json()["error"] == error


def test_a_code_that_is_replayed_ends_the_sign_in(visitor: Visitor) -> None:
    code = visitor.code()
    tokens = visitor.redeem(code).json()

    replayed = visitor.redeem(code)

    assert (replayed.status_code, replayed.json()["error"]) == (400, "invalid_grant")
    refused = visitor.get("/v1/accounts", token=tokens["access_token"])
    assert error_of(refused) == (401, "invalid_token")


def test_the_longest_address_can_be_returned_to(visitor: Visitor) -> None:
    uri = f"{REDIRECT_URI}?{'x' * (MAX_REDIRECT_URI - len(REDIRECT_URI) - 1)}"

    answer = visitor.redeem(visitor.code("retiree", redirect_uri=uri), redirect_uri=uri)

    assert len(uri) == MAX_REDIRECT_URI
    assert answer.status_code == 200


def test_a_refresh_rotates_and_the_old_token_is_dead(saver: Visitor) -> None:
    first = saver.tokens["refresh_token"]

    second = saver.refresh(first).json()

    assert second["refresh_token"] != first
    assert saver.refresh(first).json()["error"] == "invalid_grant"
    assert saver.get("/v1/accounts", token=second["access_token"]).status_code == 200


def test_a_revoked_sign_in_opens_nothing(saver: Visitor) -> None:
    assert saver.revoke(saver.tokens["refresh_token"]).status_code == 200
    assert saver.revoke("unknown").status_code == 200
    assert saver.http.post("/oauth/revoke", auth=CLIENT).status_code == 400

    assert error_of(saver.get("/v1/accounts")) == (401, "invalid_token")
    assert saver.refresh(saver.tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_an_access_token_that_ran_out_says_so() -> None:
    with running_sandbox(access_life_s=0) as url:
        visitor = Visitor(url).sign_in()
        answer = visitor.get("/v1/accounts")
        visitor.close()

    assert visitor.tokens["expires_in"] == 0
    assert error_of(answer) == (401, "token_expired")
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


def test_a_restarted_sandbox_honours_the_tokens_of_its_seed() -> None:
    with running_sandbox(seed=5) as url:
        before = Visitor(url).sign_in("retiree")
        before.close()

    with running_sandbox(seed=5) as url:
        after = Visitor(url)
        after.tokens = before.tokens
        opened = after.get("/v1/accounts")
        refreshed = after.refresh(before.tokens["refresh_token"])
        after.close()

    assert (opened.status_code, refreshed.status_code) == (200, 200)


def test_a_form_that_is_too_large_is_refused(visitor: Visitor) -> None:
    largest = visitor.http.post("/oauth/token", content=b"x" * MAX_BODY, auth=CLIENT)
    larger = visitor.http.post("/oauth/token", content=b"x" * (MAX_BODY + 1), auth=CLIENT)

    assert largest.status_code == 400
    assert error_of(larger) == (413, "request_too_large")
