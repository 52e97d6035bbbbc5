"""One key, one effect: what a repetition of a request gets, on both engines."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest
import pytest_asyncio
from sqlalchemy import func, select, update

from coffers.application.views import Instant
from coffers.domain.errors import Conflict, NotFound, UpstreamFailed
from coffers.domain.ids import new_id
from coffers.domain.live.events import Event
from coffers.infrastructure.clock import SystemClock
from coffers.infrastructure.db import idempotency
from coffers.infrastructure.db.engines import open_engines
from coffers.infrastructure.db.idempotency import CLAIM_LIFE, LIFE, idempotency_keys
from coffers.infrastructure.db.live.events import events
from coffers.presentation.access import PUBLIC, USER
from coffers.presentation.answers import Answer
from coffers.presentation.calls import Call, Caller
from coffers.presentation.limits import API_READ, API_WRITE
from coffers.presentation.route import JSON, Route
from coffers.presentation.routes import ROUTES
from coffers.presentation.schemas import Body
from tests.conftest import running, settings_for
from tests.people import PASSWORD, Person
from tests.promises import description
from tests.route_cases import somebody

pytestmark = pytest.mark.asyncio(loop_scope="module")

KEY = {"Idempotency-Key": "once"}
NOTE = {"text": "remember the milk"}


class Note(Body):
    """Something to remember."""

    text: str


class NoteView(msgspec.Struct):
    """Something remembered."""

    id: str
    text: str
    written_at: Instant


class NoteRefused(NotFound):
    """There is nothing to note this on."""


class NoteTaken(Conflict):
    """Somebody else holds the pencil."""


class Pencil:
    """What the endpoints below do on their way; each test sets its own."""

    def __init__(self) -> None:
        self.uses = 0
        self.in_use = asyncio.Event()
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()
        self.breaks_with: Exception | None = None

    async def write(self) -> None:
        self.uses += 1
        self.in_use.set()
        await self.may_go_on.wait()
        if self.breaks_with is not None:
            raise self.breaks_with


async def _noted(call: Call, body: Note, name: str) -> Answer[NoteView]:
    view = NoteView(str(new_id()), body.text, call.services.clock.now())
    async with call.uow as uow:
        uow.record(Event(name, call.principal.user_id))
        await call.request.app.state.pencil.write()
        await uow.commit()
    return Answer(view, {"Location": f"/api/v1/notes/{view.id}"}, version=7)


async def write_note(call: Caller, body: Note) -> Answer[NoteView]:
    """One transaction."""
    return await _noted(call, body, "NoteWritten")


async def write_public_note(call: Caller, body: Note) -> Answer[NoteView]:
    """One transaction, for anybody."""
    return await _noted(call, body, "NoteWritten")


async def read_notes(call: Caller) -> NoteView:
    """Reading."""
    return NoteView("", "", call.services.clock.now())


async def send_note(call: Caller, body: Note) -> Answer[NoteView]:
    """The claim, a call to the network, the outcome."""
    async with call.uow as uow:
        uow.record(Event("NoteAttempted", call.principal.user_id))
        await uow.commit_claim()
    await call.request.app.state.pencil.write()
    async with call.uow as uow:
        uow.record(Event("NoteWritten", call.principal.user_id))
        await uow.commit()
    return Answer(NoteView("sent", body.text, call.services.clock.now()))


async def regret_note(call: Caller, body: Note) -> NoteView:
    """A refusal that leaves something behind."""
    async with call.uow as uow:
        uow.record(Event("NoteWritten", call.principal.user_id))
        await uow.commit()
    await call.request.app.state.pencil.write()
    raise NoteRefused("Written, and refused.")


MORE_ROUTES = (
    Route("POST", "/notes", write_note, USER, API_WRITE, [], body=JSON),
    Route("GET", "/notes", read_notes, USER, API_READ, []),
    Route("POST", "/public-notes", write_public_note, PUBLIC, API_WRITE, [], body=JSON),
    Route("POST", "/letters", send_note, USER, API_WRITE, [], body=JSON, deadline_s=5),
    Route("POST", "/hasty-letters", send_note, USER, API_WRITE, [], body=JSON, deadline_s=0.2),
    Route("POST", "/regrets", regret_note, USER, API_WRITE, [], body=JSON),
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def app_client(
    module_database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[httpx.AsyncClient]:
    settings = settings_for(module_database_url, tmp_path_factory.mktemp("home"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("coffers.main.ROUTES", (*ROUTES, *MORE_ROUTES))
        async with running(settings) as client:
            yield client


@pytest.fixture
def pencil(app_client: httpx.AsyncClient) -> Pencil:
    pencil = app_client.app.state.pencil = Pencil()  # type: ignore[attr-defined]  # by `running`
    return pencil


@pytest_asyncio.fixture(loop_scope="module")
async def writer(app_client: httpx.AsyncClient, pencil: Pencil) -> Person:
    return await somebody(app_client)


async def written(person: Person) -> int:
    mine = (events.c.name == "NoteWritten") & (events.c.user_id == UUID(person.id))
    (row,) = await asked(person.client, select(func.count()).where(mine))
    return int(row[0])


async def keys(person: Person) -> list[Any]:
    mine = idempotency_keys.c.scope == person.id
    return await asked(person.client, select(idempotency_keys).where(mine))


async def asked(client: httpx.AsyncClient, statement: Any) -> list[Any]:
    url = client.app.state.settings.database  # type: ignore[attr-defined]  # set by `running`
    async with open_engines(url) as engines, engines.read.connect() as connection:
        return list(await connection.execute(statement))


async def age_keys(person: Person, by: timedelta) -> None:
    mine = idempotency_keys.c.scope == person.id
    past = SystemClock().now() - by
    await asked(
        person.client,
        update(idempotency_keys).where(mine).values(created_at=past).returning(mine),
    )


async def test_twenty_requests_with_one_key_have_one_effect(
    writer: Person,
) -> None:
    answers = await asyncio.gather(
        *(writer.post("/notes", NOTE, headers=KEY) for _ in range(20)),
    )

    done = [answer for answer in answers if answer.status_code == 201]
    refused = [answer for answer in answers if answer.status_code != 201]
    assert await written(writer) == 1
    assert len({answer.content for answer in done}) == 1
    assert sum("idempotency-replayed" not in answer.headers for answer in done) == 1
    # A machine that is too busy for all of them may say so.
    assert {answer.json()["type"].rpartition("/")[2] for answer in refused} <= {
        *("request_still_running", "unavailable"),
    }


async def test_a_repetition_gets_the_first_outcome_with_its_headers(
    writer: Person, pencil: Pencil
) -> None:
    first = await writer.post("/notes", NOTE, headers=KEY)

    again = await writer.post("/notes", NOTE, headers=KEY)

    assert pencil.uses == 1
    assert (again.status_code, again.content) == (201, first.content)
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    for name in ("location", "etag", "content-type"):
        assert again.headers[name] == first.headers[name]


async def test_a_key_that_comes_with_another_body_is_refused(
    writer: Person, pencil: Pencil
) -> None:
    await writer.post("/notes", NOTE, headers=KEY)

    for path, body in (("/notes", {"text": "the cow"}), ("/regrets", NOTE), ("/notes?x=", NOTE)):
        answer = await writer.post(path, body, headers=KEY)
        assert answer.status_code == 422
    other = await writer.post("/notes", {"text": "the cow"}, headers=KEY)
    assert other.json()["type"].endswith("/errors/idempotency_key_reused")
    assert pencil.uses == 1


async def test_a_key_belongs_to_its_user(
    writer: Person,
    app_client: httpx.AsyncClient,
) -> None:
    other = await somebody(app_client)
    await writer.post("/notes", NOTE, headers=KEY)

    answer = await other.post("/notes", {"text": "something else"}, headers=KEY)

    assert answer.status_code == 201
    assert await written(other) == 1


async def test_on_a_public_route_a_key_belongs_to_the_route(
    writer: Person, app_client: httpx.AsyncClient
) -> None:
    account = {"email": f"new-{writer.email}", "password": PASSWORD}
    key = {"Idempotency-Key": writer.id}

    note = await app_client.post("/public-notes", json=NOTE, headers=key)
    made = await app_client.post("/users", json=account, headers=key)
    again = await app_client.post("/users", json=account, headers=key)

    assert [note.status_code, made.status_code, again.status_code] == [201, 201, 201]
    assert again.content == made.content
    assert "idempotency-replayed" not in note.headers


@pytest.mark.parametrize("key", ["", "x" * 256, "two words", "é", "tab\there"])
async def test_a_key_is_up_to_255_printable_characters(writer: Person, key: str) -> None:
    headers = {"Idempotency-Key": key.encode("latin-1")}

    answer = await writer.post("/notes", NOTE, headers=headers)

    assert answer.status_code == 400
    assert answer.json()["type"].endswith("/errors/idempotency_key_invalid")
    assert (
        await writer.post("/notes", NOTE, headers={"Idempotency-Key": "x" * 255})
    ).status_code == 201


async def test_what_fails_before_its_answer_is_stored_never_happened(
    writer: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def lost(*_: object) -> None:
        raise RuntimeError("the process dies here")

    with monkeypatch.context() as broken:
        broken.setattr(idempotency, "answer", lost)
        failed = await writer.post("/notes", NOTE, headers=KEY)
    assert failed.status_code == 500
    assert await written(writer) == 0
    assert await keys(writer) == []

    again = await writer.post("/notes", NOTE, headers=KEY)

    assert again.status_code == 201
    assert await written(writer) == 1


async def test_an_answer_that_cannot_be_written_undoes_its_effect(
    writer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("not encodable")

    with monkeypatch.context() as patched:
        patched.setattr("coffers.presentation.router.encode", broken)
        failed = await writer.post("/notes", NOTE, headers=KEY)

    assert failed.status_code == 500
    assert await written(writer) == 0
    assert (await writer.post("/notes", NOTE, headers=KEY)).status_code == 201


async def test_a_refusal_is_remembered_with_what_it_left_behind(
    writer: Person,
    pencil: Pencil,
) -> None:
    first = await writer.post("/regrets", NOTE, headers=KEY)

    again = await writer.post("/regrets", NOTE, headers=KEY)

    assert first.status_code == again.status_code == 404
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["content-type"] == "application/problem+json"
    assert pencil.uses == 1
    assert await written(writer) == 1


@pytest.mark.parametrize("refusal", [NoteTaken("Later."), UpstreamFailed("Nonsense.")])
async def test_a_refusal_that_may_pass_is_forgotten(
    writer: Person, pencil: Pencil, refusal: Exception
) -> None:
    pencil.breaks_with = refusal
    refused = await writer.post("/notes", NOTE, headers=KEY)
    pencil.breaks_with = None

    again = await writer.post("/notes", NOTE, headers=KEY)

    assert refused.status_code in {409, 502}
    assert again.status_code == 201
    assert await written(writer) == 1


async def test_an_answer_is_remembered_for_a_day(
    writer: Person,
) -> None:
    await writer.post("/notes", NOTE, headers=KEY)
    await age_keys(writer, LIFE - timedelta(minutes=1))
    remembered = await writer.post("/notes", NOTE, headers=KEY)

    await age_keys(writer, LIFE + timedelta(seconds=1))
    forgotten = await writer.post("/notes", NOTE, headers=KEY)

    assert "idempotency-replayed" in remembered.headers
    assert "idempotency-replayed" not in forgotten.headers
    assert await written(writer) == 2


async def test_reading_takes_no_notice_of_a_key(writer: Person) -> None:
    first = await writer.get("/notes", headers=KEY)
    again = await writer.get("/notes", headers=KEY)

    assert first.status_code == 200
    assert first.content != again.content
    assert await keys(writer) == []


async def test_an_answer_with_a_secret_is_never_stored(writer: Person) -> None:
    credentials = {"email": writer.email, "password": PASSWORD}

    first = await writer.client.post("/sessions", json=credentials, headers=KEY)
    again = await writer.client.post("/sessions", json=credentials, headers=KEY)

    assert first.json()["refresh_token"] != again.json()["refresh_token"]
    assert await keys(writer) == []


async def test_the_description_offers_the_key_exactly_where_it_counts() -> None:
    paths = description()["paths"]

    for route in ROUTES:
        parameters = paths[route.full_path][route.method.lower()]["parameters"]
        offered = "Idempotency-Key" in {parameter["name"] for parameter in parameters}
        assert offered is (route.method == "POST" and not route.is_secret)


async def test_nothing_stored_gives_away_what_a_request_said(
    app_client: httpx.AsyncClient,
) -> None:
    account = {"email": "secretive@example.com", "password": PASSWORD}
    headers = {"Idempotency-Key": "secretive"}

    request = app_client.build_request("POST", "/users", json=account, headers=headers)
    await app_client.send(request)

    mine = idempotency_keys.c.key == "secretive"
    (row,) = await asked(app_client, select(idempotency_keys).where(mine))
    line = b"POST /api/v1/users?\n"
    assert row.fingerprint != hashlib.sha256(line + request.content).hexdigest()
    assert PASSWORD not in repr(row)


async def test_a_claim_before_a_call_to_the_network_is_seen_by_others(
    writer: Person,
    pencil: Pencil,
) -> None:
    pencil.may_go_on.clear()
    running_one = asyncio.ensure_future(writer.post("/letters", NOTE, headers=KEY))
    await pencil.in_use.wait()

    meanwhile = await writer.post("/letters", NOTE, headers=KEY)
    other_body = await writer.post("/letters", {"text": "other"}, headers=KEY)
    pencil.may_go_on.set()
    first = await running_one
    again = await writer.post("/letters", NOTE, headers=KEY)

    assert meanwhile.status_code == 409
    assert meanwhile.json()["type"].endswith("/errors/request_still_running")
    assert other_body.status_code == 422
    assert first.status_code == 201
    assert again.content == first.content
    assert pencil.uses == 1
    assert await written(writer) == 1


async def test_a_claim_is_let_go_when_the_call_to_the_network_fails(
    writer: Person, pencil: Pencil
) -> None:
    pencil.breaks_with = UpstreamFailed("The provider hung up.")
    failed = await writer.post("/letters", NOTE, headers=KEY)
    pencil.breaks_with = None

    again = await writer.post("/letters", NOTE, headers=KEY)

    assert failed.status_code == 502
    assert again.status_code == 201


async def test_a_request_out_of_time_lets_go_of_its_key(
    writer: Person,
    pencil: Pencil,
) -> None:
    pencil.may_go_on.clear()

    late = await writer.post("/hasty-letters", NOTE, headers=KEY)

    assert late.status_code == 504
    assert late.json()["type"].endswith("/errors/deadline_exceeded")
    assert await written(writer) == 0
    assert await keys(writer) == []
    pencil.may_go_on.set()
    assert (await writer.post("/hasty-letters", NOTE, headers=KEY)).status_code == 201


async def test_a_claim_whose_process_died_is_taken_over_after_five_minutes(
    writer: Person, pencil: Pencil, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def dead(*_: object) -> None:
        raise RuntimeError("the process dies here")

    pencil.breaks_with = RuntimeError("the process dies here")
    with monkeypatch.context() as broken:
        broken.setattr(idempotency, "release", dead)
        await writer.post("/letters", NOTE, headers=KEY)
    pencil.breaks_with = None
    await age_keys(writer, CLAIM_LIFE - timedelta(seconds=10))
    early = await writer.post("/letters", NOTE, headers=KEY)

    await age_keys(writer, CLAIM_LIFE + timedelta(seconds=1))
    late = await writer.post("/letters", NOTE, headers=KEY)

    assert early.status_code == 409
    assert late.status_code == 201
