"""docs/operations.md: its commands run as they stand there, its table is that of the settings."""

import re
import shlex
from pathlib import Path

import pytest
from pydantic import SecretStr

from coffers.settings import Settings
from tests.commands.conftest import Cli

PAGE = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    for line in block.strip().splitlines()
]


def test_the_commands_of_the_page_run_one_after_another_as_they_stand(
    run: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    for line in COMMANDS:
        program, *arguments = shlex.split(line)
        ran = run(*arguments)

        assert program == "coffers"
        assert ran.exit_code == 0, f"{line}: {ran.stdout} {ran.stderr}"
    assert len(COMMANDS) > 10


def test_every_setting_is_in_the_table_with_its_default_and_nothing_else_is() -> None:
    rows = re.findall(r"^\| `COFFERS_(\w+)` \| (\S+) \| \S", PAGE, re.MULTILINE)

    assert dict(rows) == {
        name.upper(): _written(field.get_default(call_default_factory=True))
        for name, field in Settings.model_fields.items()
    }
    assert len(rows) == len(dict(rows))


def _written(default: object) -> str:
    if default in (None, [], {}, "") or isinstance(default, SecretStr):
        return "–"
    return f"`{','.join(default) if isinstance(default, list) else default}`"
