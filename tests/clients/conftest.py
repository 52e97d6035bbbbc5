"""Clients generated from the description, by tools that are installed once and kept in .cache."""

import fcntl
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.promises import description

ROOT: Final = Path(__file__).resolve().parents[2]
CACHE: Final = ROOT / ".cache" / "clients"
PYTHON_TOOL: Final = "openapi-python-client==0.29.1"
TYPESCRIPT_TOOLS: Final = {"@hey-api/openapi-ts": "0.95.0", "typescript": "5.9.3"}
INSTALL_LIMIT_S: Final = 180
RUN_LIMIT_S: Final = 120


@pytest.fixture(scope="session")
def document(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The description as a file."""
    path = tmp_path_factory.mktemp("description") / "openapi.json"
    path.write_text(json.dumps(description()))
    return path


@pytest.fixture(scope="session")
def python_tools() -> Path:
    """Where openapi-python-client is installed, with what its clients need."""
    with kept("python", PYTHON_TOOL) as (folder, is_new):
        if is_new:
            uv = Path(sys.executable).with_name("uv")
            made = folder / "bin" / "python"
            install(uv, "venv", "--quiet", "--clear", "--python", sys.executable, folder)
            install(uv, "pip", "install", "--quiet", "--python", made, PYTHON_TOOL)
    return folder / "bin"


@pytest.fixture(scope="session")
def typescript_tools() -> Path:
    """Where openapi-ts and tsc are installed."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("There is no npm here to install the TypeScript tools with.")
    with kept("typescript", json.dumps(TYPESCRIPT_TOOLS)) as (folder, is_new):
        if is_new:
            wanted = {"private": True, "dependencies": TYPESCRIPT_TOOLS}
            (folder / "package.json").write_text(json.dumps(wanted))
            install(npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", folder)
    return folder / "node_modules"


@contextmanager
def kept(name: str, contents: str) -> Iterator[tuple[Path, bool]]:
    """The folder of this name, and whether it still has to be filled; one process at a time."""
    folder, mark = CACHE / name, CACHE / f"{name}.contents"
    folder.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        is_new = not mark.exists() or mark.read_text() != contents
        yield folder, is_new
        mark.write_text(contents)


def install(*command: str | Path) -> None:
    """Run an installer; the tests are skipped where its registry cannot be reached."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=INSTALL_LIMIT_S
        )
    except subprocess.TimeoutExpired:
        pytest.skip(f"{Path(command[0]).name} got no answer from its registry.")
    if done.returncode != 0:
        pytest.skip(f"{Path(command[0]).name} cannot install: {done.stderr[-300:]}")


def run(command: Sequence[str | Path], cwd: Path, **env: str) -> str:
    """What the command printed; fails the test with it if the command fails."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=env or None,
        capture_output=True,
        text=True,
        check=False,
        timeout=RUN_LIMIT_S,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr
