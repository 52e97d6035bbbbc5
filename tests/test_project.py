"""What must hold for the repository as a whole: its files, its locks and its set-up."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # ships no types

from coffers.cli import app
from coffers.local_secrets import new_encryption_key, new_secret_key
from coffers.presentation.routes import ROUTES
from coffers.settings import Environment, Settings, unknown_variables

ROOT = Path(__file__).parents[1]
MAX_LINES = 300
#: The registry: a line for each endpoint, and what these lines name.
LISTS = {"routes.py"}
LOCKS = ("requirements.lock", "requirements-dev.lock")
SECRETS = ("POSTGRES_PASSWORD", "COFFERS_SECRET_KEY", "COFFERS_ENCRYPTION_KEY")

# A file that names a registry or an index installs from there and nowhere else.
REGISTRY = re.compile(
    r"\b(pypi|pythonhosted|npmjs|ghcr|quay|docker)\.(org|io|com)\b"
    r"|--(extra-)?index(-url)?[= ]|--find-links[= ]|\bindex-url\s*="
)
MACHINE_PATH = re.compile(r"(?<![\w.])/(root|home|work|Users)/\w")
PIN = re.compile(r"[a-z0-9-]+(\[[a-z,]+\])?==[\w.]+( ; [^\\]+)? \\")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}( \\)?")


def run(*command: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | env, capture_output=True, text=True, check=False
    )


def docker_composes() -> bool:
    return (
        shutil.which("docker") is not None and run("docker", "compose", "version").returncode == 0
    )


def tracked_files() -> list[Path]:
    names = run("git", "ls-files", "-z").stdout.split("\0")
    return [path for name in names if (path := ROOT / name).is_file()]


def offences(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in tracked_files()
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if pattern.search(line)
    ]


@pytest.fixture
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return loaded


@pytest.mark.parametrize(
    ("line", "is_refused"),
    [
        ("see https://pypi" + ".org/simple", True),
        ("uv pip install --index" + "-url https://mirror", True),
        ("FROM ghcr" + ".io/astral-sh/uv", True),
        ("a docker.compose file with an index of prices", False),
    ],
)
def test_a_line_that_names_a_registry_is_recognised(line: str, is_refused: bool) -> None:  # noqa: FBT001 - a parameter of the cases
    assert bool(REGISTRY.search(line)) is is_refused


def test_no_file_names_a_registry_or_an_index() -> None:
    assert tracked_files()
    assert offences(REGISTRY) == []


def test_no_file_names_a_path_of_somebody_s_machine() -> None:
    assert offences(MACHINE_PATH) == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_is_nothing_but_pinned_versions_with_hashes(lock: str) -> None:
    lines = (ROOT / lock).read_text().splitlines()

    pins = [number for number, line in enumerate(lines) if PIN.fullmatch(line)]

    assert [line for line in lines if not (PIN.fullmatch(line) or HASH.fullmatch(line))] == []
    assert all(HASH.fullmatch(lines[number + 1]) for number in pins)
    assert pins


def test_the_development_lock_contains_the_runtime_lock() -> None:
    runtime, development = (
        {line for line in (ROOT / lock).read_text().splitlines() if PIN.fullmatch(line)}
        for lock in LOCKS
    )

    assert runtime - development == set()


def test_no_source_file_is_longer_than_a_reader_s_patience() -> None:
    sources = [path for path in (ROOT / "src").rglob("*.py") if path.name not in LISTS]
    lengths = {path: len(path.read_text().splitlines()) for path in sources}

    assert [str(path) for path, length in lengths.items() if length > MAX_LINES] == []


def test_packages_are_empty_so_that_a_thing_is_imported_from_where_it_is_defined() -> None:
    packages = [path for path in tracked_files() if path.name == "__init__.py"]

    assert packages
    assert [str(path) for path in packages if path.read_bytes()] == []


def test_make_alone_explains_every_target() -> None:
    phony = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)

    explained = run("make", "--no-print-directory").stdout

    listed = {line.split()[1] for line in explained.splitlines()}
    assert phony is not None
    assert listed == set(phony[1].split())


def test_compose_has_the_services_of_the_production_set_up(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == {"api", "worker", "migrate", "postgres", "valkey"}


@pytest.mark.skipif(not docker_composes(), reason="no docker compose here")
def test_docker_accepts_the_compose_file() -> None:
    settings = dict.fromkeys([*SECRETS, "COFFERS_PUBLIC_BASE_URL"], "x" * 64)

    checked = run("docker", "compose", "config", "--quiet", **settings)

    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize("name", ["api", "worker"])
def test_a_service_that_is_scaled_waits_for_everything_and_claims_no_name(
    compose: dict[str, Any], name: str
) -> None:
    service = compose["services"][name]

    assert {need: how["condition"] for need, how in service["depends_on"].items()} == {
        "migrate": "service_completed_successfully",
        "postgres": "service_healthy",
        "valkey": "service_healthy",
    }
    assert "container_name" not in service


@pytest.mark.parametrize("name", ["postgres", "valkey"])
def test_what_others_wait_for_has_a_health_check(compose: dict[str, Any], name: str) -> None:
    assert compose["services"][name]["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("secret", SECRETS)
def test_compose_refuses_to_start_without_a_secret(secret: str) -> None:
    uses = re.findall(rf"\$\{{{secret}([^}}]*)\}}", (ROOT / "compose.yaml").read_text())

    assert uses
    assert all(use.startswith(":?") and len(use) > len(":?") for use in uses)


def test_the_image_holds_the_locked_runtime_and_runs_as_nobody_in_particular() -> None:
    instructions = (ROOT / "Dockerfile").read_text().splitlines()

    assert "RUN pip install --require-hashes -r requirements.lock" in instructions
    assert [line for line in instructions if line.startswith("USER")] == ["USER 10001"]
    assert any("/health/live" in line for line in instructions)
    assert instructions[-1] == 'CMD ["coffers", "serve"]'


def test_the_image_is_built_from_what_is_let_through() -> None:
    let_through = {
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }

    copied = {
        source
        for line in (ROOT / "Dockerfile").read_text().splitlines()
        if line.startswith("COPY") and "--from" not in line
        for source in line.split()[1:-1]
    }

    assert copied == let_through
    assert [name for name in copied if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("name", ["Dockerfile", "compose.yaml", "README.md", "Makefile"])
def test_every_variable_that_is_named_is_a_setting(name: str) -> None:
    named = re.findall(r"COFFERS_[A-Z0-9_]*[A-Z0-9]", (ROOT / name).read_text())

    assert unknown_variables(named) == {}


def test_every_page_of_the_documentation_names_settings_only() -> None:
    text = "".join(page.read_text() for page in (ROOT / "docs").rglob("*.md"))

    assert unknown_variables(re.findall(r"COFFERS_[A-Z0-9_]*[A-Z0-9]", text)) == {}


@pytest.mark.parametrize("name", ["api", "worker", "migrate"])
def test_what_compose_gives_a_service_is_a_whole_production_set_up(
    compose: dict[str, Any], name: str
) -> None:
    given = compose["services"][name]["environment"]
    secrets = {
        "COFFERS_SECRET_KEY": new_secret_key(),
        "COFFERS_ENCRYPTION_KEY": new_encryption_key(),
        "COFFERS_PUBLIC_BASE_URL": "https://coffers.example",
    }
    settings = Settings.model_validate(
        {
            key.removeprefix("COFFERS_").lower(): secrets.get(key, value)
            for key, value in given.items()
        }
    )

    assert settings.environment is Environment.PRODUCTION
    assert settings.redis_url is not None
    assert (settings.is_embedded, settings.runs_worker) == (False, False)


def test_compose_and_the_image_run_commands_that_there_are(compose: dict[str, Any]) -> None:
    known = {command.name for command in app.registered_commands}
    commands = [
        service["command"]
        for service in compose["services"].values()
        if service.get("image") == "coffers"
    ]
    last = (ROOT / "Dockerfile").read_text().splitlines()[-1]
    image = json.loads(last.removeprefix("CMD "))

    assert {program for program, _ in [image, *commands]} == {"coffers"}
    assert {word for _, word in [image, *commands]} <= known


def test_the_image_looks_for_its_health_where_the_service_answers() -> None:
    text = (ROOT / "Dockerfile").read_text()

    (path,) = re.findall(r"(/health/\w+)", text)

    assert path in {route.path for route in ROUTES if route.is_root}


@pytest.mark.parametrize("page", sorted((ROOT / "docs").rglob("*.md")), ids=lambda page: page.stem)
def test_every_module_that_a_page_names_is_there(page: Path) -> None:
    named = set(re.findall(r"`coffers((?:\.[a-z_]+)+)`", page.read_text()))

    places = [ROOT / "src" / "coffers" / name[1:].replace(".", "/") for name in named]

    assert [
        str(each) for each in places if not (each.is_dir() or each.with_suffix(".py").is_file())
    ] == []
