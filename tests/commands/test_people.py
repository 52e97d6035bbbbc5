"""Accounts, from the machine that the installation runs on."""

import re
import sqlite3
from pathlib import Path

import pytest
from typer.testing import Result

from tests.commands.conftest import Cli, served
from tests.people import sign_in


def printed_password(result: Result) -> str:
    found = re.search(r"^Password: (\S+)$", result.stdout, re.MULTILINE)
    assert found, result.stdout
    return found[1]


async def test_whoever_is_added_can_sign_in_with_the_password_that_is_printed(
    run: Cli, home: Path
) -> None:
    added = run("user", "add", "grace@example.com", "--role", "admin", "--role", "user")

    async with served(home) as client:
        grace = await sign_in(client, "grace@example.com", printed_password(added))
        profile = (await grace.get("/users/me")).json()

    assert added.exit_code == 0
    assert profile["roles"] == ["admin", "user"]
    assert profile["is_verified"] is True


def test_the_list_shows_everybody(run: Cli) -> None:
    long = "x" * 59
    for number in range(3):
        run("user", "add", f"user{number}{long}@example.com")

    listed = run("user", "list").stdout

    assert [line.split()[0] for line in listed.splitlines()[1:]] == [
        f"user2{long}@example.com",
        f"user1{long}@example.com",
        f"user0{long}@example.com",
    ]


async def test_accounts_are_verified_closed_and_opened_by_command(run: Cli, home: Path) -> None:
    newcomer = {"email": "ada@example.com", "password": "correct horse battery"}
    async with served(home) as client:
        await client.post("/users", json=newcomer)
        unverified = await client.post("/sessions", json=newcomer)
        run("user", "verify", "ada@example.com")
        verified = await client.post("/sessions", json=newcomer)
        run("user", "deactivate", "ada@example.com")
        closed = await client.post("/sessions", json=newcomer)
        run("user", "activate", "ADA@example.com")
        opened = await client.post("/sessions", json=newcomer)

    answers = [unverified, verified, closed, opened]
    assert [answer.status_code for answer in answers] == [403, 201, 403, 201]


async def test_a_new_password_replaces_the_old_one(run: Cli, home: Path) -> None:
    run("user", "add", "ada@example.com", "--password", "correct horse battery")

    changed = run(
        "user", "password", "ada@example.com", "--password", "-", input="quite another one\n" * 2
    )

    async with served(home) as client:
        old = {"email": "ada@example.com", "password": "correct horse battery"}
        assert (await client.post("/sessions", json=old)).status_code == 401
        await sign_in(client, "ada@example.com", "quite another one")
    assert changed.exit_code == 0
    assert "quite another" not in changed.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("user", "verify", "nobody@example.com"), "Nobody here is called nobody@example.com"),
        (("user", "add", "no address"), "Not an e-mail address"),
        (("user", "add", "a@example.com", "--password", "short"), "At least 12 characters"),
        (("restore", "missing.sqlite3"), "There is no file missing.sqlite3"),
    ],
)
def test_a_refusal_is_plain_words_and_exit_code_1(
    run: Cli, arguments: tuple[str, ...], words: str
) -> None:
    refused = run(*arguments)

    assert refused.exit_code == 1
    assert words in refused.stderr
    assert "Traceback" not in refused.stderr


def test_the_last_administrator_cannot_be_closed_out(run: Cli) -> None:
    run("user", "add", "root@example.com", "--role", "admin")

    refused = run("user", "deactivate", "root@example.com")

    assert refused.exit_code == 1
    assert "Somebody must remain who administers" in refused.stderr


async def test_the_audit_log_is_verified_by_command(run: Cli, home: Path) -> None:
    run("user", "add", "ada@example.com")
    intact = run("audit", "verify")

    with sqlite3.connect(home / "coffers.sqlite3") as database:
        database.execute("UPDATE events SET name = 'Nothing' WHERE name = 'RegistrationSucceeded'")
    broken = run("audit", "verify")

    assert (intact.exit_code, broken.exit_code) == (0, 1)
    assert intact.stdout.startswith("Intact: ")
    assert "Chain " in broken.stderr
