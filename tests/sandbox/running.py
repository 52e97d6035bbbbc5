"""A sandbox that runs, and a visitor who talks to it as an adapter would."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from threading import Thread
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import uvicorn
from starlette.applications import Starlette

from coffers.sandbox.bank import PERSONAS
from coffers.sandbox.server import create_app
from tests.programs import HOST, NO_TLS, becomes_true, free_port

TODAY = date(2026, 6, 30)
CLIENT = ("coffers", "sandbox-secret")
REDIRECT_URI = "http://127.0.0.1:9/callback"
# RFC 7636, appendix B
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

# Any: the JSON of the sandbox, whose shape the tests are about.
Document = dict[str, Any]


@contextmanager
def running(app: Starlette) -> Iterator[str]:
    """Serve the application on loopback and answer its address."""
    port = free_port()
    config = uvicorn.Config(
        app,
        host=HOST,
        port=port,
        lifespan="off",
        ws="none",
        log_level="critical",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    assert becomes_true(lambda: server.started)
    try:
        yield f"http://{HOST}:{port}"
    finally:
        server.should_exit = True
        thread.join(10)
        assert not thread.is_alive()


@contextmanager
def running_sandbox(seed: int = 1, today: date | None = TODAY, **options: Any) -> Iterator[str]:
    """Serve a fresh sandbox; `options` are those of create_app."""
    with running(create_app(seed, today, **options)) as url:
        yield url


def authorization(**changes: str | None) -> dict[str, str]:
    """Answer the parameters of a good authorization request, changed; None leaves one out."""
    parameters: dict[str, str | None] = {
        "response_type": "code",
        "client_id": "coffers",
        "redirect_uri": REDIRECT_URI,
        "state": "a state",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    wished = parameters | changes
    return {name: value for name, value in wished.items() if value is not None}


class Visitor:
    """Somebody at the sandbox's address; signed in after `sign_in`."""

    def __init__(self, url: str) -> None:
        # Trust in certificates takes 20 ms to load and nothing here is encrypted.
        self.http = httpx.Client(base_url=url, timeout=20, trust_env=False, verify=NO_TLS)
        self.tokens: Document = {}

    def close(self) -> None:
        self.http.close()

    def ask_for_code(self, user_name: str, **changes: str | None) -> httpx.Response:
        """Post the login form as curl does."""
        form = {"username": user_name, "password": PERSONAS[user_name].password}
        return self.http.post("/oauth/authorize", params=authorization(**changes), data=form)

    def code(self, user_name: str = "young-saver", **changes: str | None) -> str:
        answer = self.ask_for_code(user_name, **changes)
        assert answer.status_code == 303
        return sent_back(answer)["code"]

    def redeem(self, code: str, /, **changes: str) -> httpx.Response:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT_URI,
            "code_verifier": VERIFIER,
        }
        return self.http.post("/oauth/token", data=form | changes, auth=CLIENT)

    def refresh(self, token: str) -> httpx.Response:
        form = {"grant_type": "refresh_token", "refresh_token": token}
        return self.http.post("/oauth/token", data=form, auth=CLIENT)

    def revoke(self, token: str) -> httpx.Response:
        return self.http.post("/oauth/revoke", data={"token": token}, auth=CLIENT)

    def sign_in(self, user_name: str = "young-saver") -> "Visitor":
        answer = self.redeem(self.code(user_name))
        assert answer.status_code == 200
        self.tokens = answer.json()
        return self

    def get(self, path: str, *, fault: str = "", token: str = "", **query: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token or self.tokens['access_token']}"}
        if fault:
            headers["X-Sandbox-Fault"] = fault
        return self.http.get(path, params=query, headers=headers)

    def pages(
        self,
        account_id: str,
        query: Mapping[str, str] = MappingProxyType({}),
        *,
        fault: str = "",
        limit: int = 100,
    ) -> list[Document]:
        """Walk through all pages of an account's transactions, at most `limit` of them."""
        path = f"/v1/accounts/{account_id}/transactions"
        pages = [self.get(path, fault=fault, **query).json()]
        while len(pages) < limit and (token := pages[-1]["next_page_token"]):
            pages.append(self.get(path, fault=fault, page_token=token, **query).json())
        return pages

    def rule(self, path: str, fault: str, times: int | None = None) -> Document:
        wish = {"path": path, "fault": fault, "times": times}
        answer = self.http.post("/admin/faults", json=wish)
        assert answer.status_code == 201
        rule: Document = answer.json()
        return rule

    def set_today(self, today: date) -> None:
        answer = self.http.post("/admin/clock", json={"today": today.isoformat()})
        assert answer.json() == {"today": today.isoformat()}


def sent_back(answer: httpx.Response) -> dict[str, str]:
    """Read the query with which the owner is sent back to the program."""
    parts = urlsplit(answer.headers["location"])
    return {name: values[0] for name, values in parse_qs(parts.query).items()}


def ids(pages: list[Document]) -> list[str]:
    """Answer the ids of the rows on all pages."""
    return [row["id"] for page in pages for row in page["transactions"]]


def error_of(answer: httpx.Response) -> tuple[int, str]:
    """Answer status and code of a refusal of the data API."""
    return answer.status_code, answer.json()["error"]["code"]
