"""Nothing secret reaches the log, whoever tries."""

import io
import json
import logging
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import structlog

from coffers.infrastructure import logs
from coffers.settings import Settings
from tests.conftest import running
from tests.people import Person, sign_up

SECRET = "hunter2-hunter2-hunter2"
NAMES = (
    "password new_password passwd Authorization access_token refreshToken client_secret cookie"
    " set-cookie api_key apikey credentials body query_string headers encryption_key"
    " code_verifier signature"
)


class Stdout(io.StringIO):
    """Standard output whose bytes can be read."""

    def __init__(self) -> None:
        super().__init__()
        self.written = io.BytesIO()

    @property
    def buffer(self) -> io.BytesIO:
        return self.written

    @property
    def lines(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.written.getvalue().splitlines()]

    @property
    def text(self) -> str:
        return self.written.getvalue().decode()


@pytest.fixture
def stdout(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stdout]:
    """What the service would write; the log is as before afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    before = structlog.get_config()
    caught = Stdout()
    monkeypatch.setattr("sys.stdout", caught)
    logs.configure()
    structlog.configure(cache_logger_on_first_use=False)
    yield caught
    structlog.configure(**before)
    root.handlers, root.level = handlers, level


@pytest.mark.parametrize("name", NAMES.split())
def test_a_name_that_smells_of_secrets_is_dropped(stdout: Stdout, name: str) -> None:
    structlog.get_logger("t").info("said", **{name: SECRET}, kept="yes")

    (line,) = stdout.lines
    assert line["kept"] == "yes"
    assert SECRET not in stdout.text


@pytest.mark.parametrize(
    "text",
    [
        f"Bearer {SECRET}",
        f"authorization: basic {SECRET}",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
        "postgresql+asyncpg://coffers:hunter2@db/coffers",
        "redis://:hunter2@cache:6379/0",
        "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g",
        "GET /callback?code=hunter2&state=hunter2",
        "-----BEGIN RSA PRIVATE KEY-----\nhunter2\n-----END RSA PRIVATE KEY-----",
        "cof_abcdefghijklmnopqrstuvwxyz",
        "refresh_token=hunter2",
    ],
)
def test_a_secret_within_a_text_is_masked(stdout: Stdout, text: str) -> None:
    log = structlog.get_logger("t")
    log.info("it was", detail=text)
    log.info(text)
    log.info("it was", nested={"deep": [text]})
    log.error("it broke", exc_info=RuntimeError(text))
    logging.getLogger("some.library").error("it said %s", text)

    for secret in ("hunter2", "eyJhbG", "c2FsdHNhbHQ", "abcdefghij"):
        assert secret not in stdout.text
    assert len(stdout.lines) == 5


def test_what_no_encoder_takes_is_logged_all_the_same(stdout: Stdout) -> None:
    structlog.get_logger("t").info("odd", text="\ud800", thing=object(), line="a\nb")

    (line,) = stdout.lines
    assert line["line"] == "a\nb"


def test_a_text_without_end_is_cut(stdout: Stdout) -> None:
    structlog.get_logger("t").info("long", text="word " * logs.MAX_TEXT)

    assert len(str(stdout.lines[0]["text"])) == logs.MAX_TEXT


async def test_a_request_is_one_line_without_query_body_or_secrets(
    settings: Settings, stdout: Stdout
) -> None:
    async with running(settings) as client:
        ada = await sign_up(client, "ada")
        before = len(stdout.lines)

        await ada.get(f"/users/me?password={SECRET}")

    (line,) = [line for line in stdout.lines[before:] if line["event"] == "request"]
    assert line["route"] == "/api/v1/users/me"
    assert line["status"] == 422
    assert line["user_id"] == ada.id
    assert_silent(stdout, ada)


async def test_hostile_input_leaves_no_secret_in_logs_or_problems(
    settings: Settings, stdout: Stdout
) -> None:
    async with running(settings) as client:
        ada = await sign_up(client, "ada")
        answers = [answer async for answer in hostile(client, ada)]

    assert all(answer.status_code >= 400 for answer in answers)
    for answer in answers:
        for secret in (SECRET, ada.access_token, ada.refresh_token):
            assert secret not in answer.text
    assert_silent(stdout, ada)


async def hostile(client: httpx.AsyncClient, ada: Person) -> AsyncIterator[httpx.Response]:
    json_type = {"Content-Type": "application/json"}
    yield await client.post("/sessions", json={"email": SECRET, "password": SECRET, "x": SECRET})
    yield await client.post("/sessions", content=f'{{"password": "{SECRET}', headers=json_type)
    yield await client.post(f"/sessions?token={SECRET}", json={})
    yield await client.post("/tokens", json={"refresh_token": SECRET})
    yield await client.post("/tokens", json={"refresh_token": [ada.refresh_token]})
    yield await client.get("/users/me", headers={"Authorization": f"Bearer {SECRET}"})
    yield await client.get("/users/me", headers={"Authorization": f"Basic {ada.access_token}"})
    yield await client.get("/users/me", headers={"X-Trace-Id": f"Bearer {SECRET}"})
    yield await client.get("/users/me", headers={"X-Forwarded-For": SECRET, "Cookie": SECRET})
    yield await client.get(f"/nowhere?access_token={ada.access_token}")
    yield await client.request("DELETE", "/users", headers={"User-Agent": SECRET})
    yield await ada.patch("/users/me", {"display_name": ["x", SECRET]})
    yield await ada.patch("/users/me", {"surprise": SECRET})
    yield await ada.patch("/users/me", {"username": f"a {SECRET}"})
    yield await ada.post("/users", {"email": ada.email, "password": SECRET})


def assert_silent(stdout: Stdout, ada: Person) -> None:
    for secret in (SECRET, ada.access_token, ada.refresh_token, "correct horse"):
        assert secret not in stdout.text
