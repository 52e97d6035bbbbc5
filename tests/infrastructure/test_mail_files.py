import stat
from pathlib import Path
from uuid import UUID

import pytest

from coffers.application.ports import Mail
from coffers.domain.ids import new_id
from coffers.infrastructure import mail_files
from coffers.infrastructure.mail_files import OutboxFileMailer

LETTER = Mail("ada@example.com", "Confirm your e-mail address", "Your token:\n\nabc-123\n")


def the_letter(folder: Path) -> Path:
    (letter,) = folder.iterdir()
    return letter


def names(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.iterdir())


async def test_a_letter_becomes_a_file_that_a_person_can_read(tmp_path: Path) -> None:
    letter_id = new_id()

    await OutboxFileMailer(tmp_path / "mail").send(LETTER, letter_id=letter_id)

    text = (tmp_path / "mail" / f"{letter_id}.txt").read_text()
    assert text == (
        "To: ada@example.com\nSubject: Confirm your e-mail address\n\nYour token:\n\nabc-123\n"
    )


async def test_only_the_owner_may_look_into_the_outbox(tmp_path: Path) -> None:
    await OutboxFileMailer(tmp_path / "mail").send(LETTER, letter_id=new_id())

    letter = the_letter(tmp_path / "mail")
    assert stat.S_IMODE(letter.stat().st_mode) == 0o600
    assert stat.S_IMODE(letter.parent.stat().st_mode) == 0o700


async def test_the_same_letter_again_leaves_the_first_one_alone(tmp_path: Path) -> None:
    mailer, letter_id = OutboxFileMailer(tmp_path), new_id()
    await mailer.send(LETTER, letter_id=letter_id)

    await mailer.send(Mail("ada@example.com", "Another", "text"), letter_id=letter_id)

    assert "abc-123" in the_letter(tmp_path).read_text()


async def test_the_console_says_that_a_letter_arrived_and_where_but_not_its_token(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    letter_id = new_id()

    await OutboxFileMailer(tmp_path).send(LETTER, letter_id=letter_id)

    said = capsys.readouterr().out
    assert f"{letter_id}.txt" in said
    assert "abc-123" not in said


async def test_beyond_the_limit_the_oldest_letters_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_files, "MAX_LETTERS", 3)
    ids = [UUID(int=number) for number in range(1, 5)]

    for letter_id in ids:
        await OutboxFileMailer(tmp_path).send(LETTER, letter_id=letter_id)

    assert names(tmp_path) == [str(each) for each in ids[1:]]
