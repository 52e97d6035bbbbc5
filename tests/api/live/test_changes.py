"""The durable feed: /changes."""

import httpx
import pytest

from tests.people import Person, sign_up


async def rename(person: Person, *names: str) -> None:
    for name in names:
        assert (await person.patch("/users/me", {"display_name": name})).status_code == 200


async def test_the_feed_tells_everything_from_the_beginning_oldest_first(
    client: httpx.AsyncClient,
) -> None:
    ada = await sign_up(client, "ada")
    await rename(ada, "Ada")

    page = (await ada.get("/changes")).json()

    names = [change["name"] for change in page["changes"]]
    assert names[0] == "RegistrationAttempted"
    assert names[-1] == "ProfileChanged"
    assert [change["sequence"] for change in page["changes"]] == list(range(1, len(names) + 1))
    assert page["total_count"] == len(names)
    assert page["has_more"] is False


async def test_the_feed_is_read_page_by_page_without_gap_or_repetition(ada: Person) -> None:
    await rename(ada, "One", "Two", "Three")
    seen: list[int] = []
    path = "/changes?limit=2"
    while True:
        answer = await ada.get(path)
        page = answer.json()
        seen += [change["sequence"] for change in page["changes"]]
        if not page["has_more"]:
            break
        path = answer.links["next"]["url"].partition("/api/v1")[2]

    assert seen == list(range(1, page["total_count"] + 1))
    assert "link" not in answer.headers


async def test_the_last_cursor_goes_on_whenever_there_is_more(ada: Person) -> None:
    end = (await ada.get("/changes?limit=100")).json()["next_cursor"]

    quiet = (await ada.get("/changes", params={"cursor": end})).json()
    await rename(ada, "Ada")
    later = (await ada.get("/changes", params={"cursor": quiet["next_cursor"]})).json()

    assert quiet["changes"] == []
    assert [change["name"] for change in later["changes"]] == ["ProfileChanged"]


async def test_a_cursor_is_of_no_use_to_somebody_else(
    client: httpx.AsyncClient, ada: Person
) -> None:
    eve = await sign_up(client, "eve")
    cursor = (await ada.get("/changes")).json()["next_cursor"]

    answer = await eve.get("/changes", params={"cursor": cursor})

    assert answer.status_code == 422
    assert "not made for this list" in answer.json()["detail"]


@pytest.mark.parametrize("limit", ["0", "101", "x"])
async def test_a_page_has_between_1_and_100_changes(ada: Person, limit: str) -> None:
    assert (await ada.get("/changes", params={"limit": limit})).status_code == 422


async def test_an_empty_cursor_is_no_cursor_of_ours(ada: Person) -> None:
    assert (await ada.get("/changes", params={"cursor": ""})).status_code == 422
