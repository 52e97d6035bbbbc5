"""Access tokens as the service meets them: what is not right is 401, and so is what is over."""

import time
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
import time_machine
from jose import jwt

from coffers.local_secrets import key_id, secret_keys
from tests.conftest import running
from tests.forgeries import Mint, forgeries
from tests.people import Person, sign_in, sign_up
from tests.rows import set_user


def mint_of(person: Person, **changes: object) -> Mint:
    """The service's own key, over this person's claims."""
    settings = person.client.app.state.settings  # type: ignore[attr-defined]  # set by `running`
    (secret,) = secret_keys(settings)
    claims = jwt.get_unverified_claims(person.access_token) | changes
    return Mint(secret.encode(), key_id(secret), claims)


async def status(client: httpx.AsyncClient, token: str) -> int:
    header = (b"authorization", b"Bearer " + token.encode(errors="surrogatepass"))
    answer = await client.get("/users/me", headers=[header])
    if answer.status_code == 401:
        assert answer.headers["www-authenticate"] == "Bearer"
    return answer.status_code


async def test_no_forged_or_abused_token_opens_anything(
    client: httpx.AsyncClient, ada: Person
) -> None:
    mint = mint_of(ada)
    corpus = forgeries(mint, int(time.time()))

    statuses = {name: await status(client, token) for name, token in corpus.items()}

    assert len(corpus) >= 60
    assert {name for name, code in statuses.items() if code != 401} == set()
    assert await status(client, mint.token()) == 200


async def test_a_session_opens_only_for_the_one_whose_it_is(
    client: httpx.AsyncClient, ada: Person
) -> None:
    eve = await sign_up(client, "eve")
    hers = jwt.get_unverified_claims(ada.access_token)["sid"]

    for changes in ({"sid": hers}, {"sid": str(uuid4())}, {"sub": ada.id}, {"sub": str(uuid4())}):
        assert await status(client, mint_of(eve, **changes).token()) == 401


@pytest.mark.parametrize("end", ["current", "others", "reset", "deactivation"])
async def test_a_token_ends_with_its_session_at_once(
    client: httpx.AsyncClient, ada: Person, end: str
) -> None:
    other = await sign_in(client, ada.email)
    root = await sign_up(client, "root", "admin")
    assert await status(client, other.access_token) == 200

    if end == "current":
        await other.delete("/sessions/current")
    elif end == "others":
        await ada.delete("/sessions")
    elif end == "reset":
        body = {"current_password": "correct horse battery", "new_password": "another battery"}
        await ada.put("/users/me/password", body)
    else:
        await root.patch(f"/users/{ada.id}", {"is_active": False})

    assert await status(client, other.access_token) == 401
    assert await status(client, mint_of(other, jti=str(uuid4())).token()) == 401


async def test_an_ended_session_stays_ended_after_a_restart(client: httpx.AsyncClient) -> None:
    ada = await sign_up(client, "ada")
    await ada.delete("/sessions/current")
    settings = client.app.state.settings  # type: ignore[attr-defined]  # set by `running`

    async with running(settings) as restarted:
        assert await status(restarted, ada.access_token) == 401


async def test_a_token_ends_after_a_quarter_of_an_hour(client: httpx.AsyncClient) -> None:
    with time_machine.travel("2026-03-01T12:00:00Z", tick=True) as clock:
        ada = await sign_up(client, "ada")
        clock.shift(timedelta(minutes=14, seconds=50))
        in_time = await status(client, ada.access_token)
        clock.shift(timedelta(seconds=11))

        too_late = await status(client, ada.access_token)

    assert (in_time, too_late) == (200, 401)


async def test_a_refresh_token_opens_nothing(client: httpx.AsyncClient, ada: Person) -> None:
    assert await status(client, ada.refresh_token) == 401


async def test_roles_are_those_of_the_sign_in_until_they_change(
    client: httpx.AsyncClient, ada: Person
) -> None:
    root = await sign_up(client, "root", "admin")

    await root.patch(f"/users/{ada.id}", {"roles": ["admin"]})

    refreshed = await client.post("/tokens", json={"refresh_token": ada.refresh_token})
    assert refreshed.status_code == 401
    assert (await (await sign_in(client, ada.email)).get("/users")).status_code == 200


async def test_a_refreshed_token_has_the_roles_of_that_moment(
    client: httpx.AsyncClient, ada: Person
) -> None:
    await set_user(client, ada.email, roles=frozenset({"admin"}))

    pair = (await client.post("/tokens", json={"refresh_token": ada.refresh_token})).json()

    assert jwt.get_unverified_claims(pair["access_token"])["roles"] == ["admin"]


@pytest.mark.parametrize(
    "header",
    [b"", b"Bearer", b"Bearer ", b"Basic %s", b"%s", b"Bearer: %s", b"Token %s", b"Bearer  %s",
     b"Bearer %s ", b"Bearer %s,%s", b'Bearer "%s"', b"Bearer\t%s", b"Bearer \xff%s"],
)  # fmt: skip
async def test_a_header_that_is_not_a_bearer_token_is_nobody(
    client: httpx.AsyncClient, ada: Person, header: bytes
) -> None:
    value = header.replace(b"%s", ada.access_token.encode())

    answer = await client.get("/users/me", headers=[(b"authorization", value)])

    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_scheme_is_written_in_any_case_of_letters(
    client: httpx.AsyncClient, ada: Person
) -> None:
    for scheme in ("bearer", "BEARER"):
        headers = {"Authorization": f"{scheme} {ada.access_token}"}
        assert (await client.get("/users/me", headers=headers)).status_code == 200
