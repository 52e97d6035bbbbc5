"""What the description is for: clients that nobody wrote, compiled, and one of them at work."""

import os
import sys
from pathlib import Path

import pytest

from tests.clients.conftest import ROOT, run
from tests.nursery import ForkedService

IMPORT_ALL = """
import importlib, pkgutil, coffers_client
found = [each.name for each in pkgutil.walk_packages(coffers_client.__path__, "coffers_client.")]
assert len(found) > 100
for name in found:
    importlib.import_module(name)
"""
#: It copies the whole description for each operation: without this, Python looks through all of it.
GENERATE = "import gc; gc.disable(); from openapi_python_client.cli import app; app()"
#: Both programs are over before what V8 would make of them is worth its making.
NODE = ["node", "--no-opt"]
STRICT = "--noEmit --strict --skipLibCheck --target es2022 --lib es2022,dom,dom.iterable"


@pytest.fixture(scope="module")
def python_client(
    document: Path, python_tools: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The folder in which the package `coffers_client` lies."""
    folder = tmp_path_factory.mktemp("python")
    (folder / "config.yaml").write_text("post_hooks: []\n")
    said = run(
        [
            *(python_tools / "python", "-c", GENERATE, "generate", "--path", document),
            *("--output-path", folder / "coffers_client", "--meta", "none"),
            *("--config", folder / "config.yaml", "--fail-on-warning"),
        ],
        cwd=folder,
    )
    assert "Warning" not in said, said
    return folder


def test_every_module_of_the_generated_python_client_is_whole(
    python_client: Path, python_tools: Path
) -> None:
    run([python_tools / "python", "-c", IMPORT_ALL], cwd=python_client)


@pytest.mark.torture
@pytest.mark.skipif("TORTURE" not in os.environ, reason="a quarter of a minute: make torture")
def test_the_types_of_the_generated_python_client_are_sound(python_client: Path) -> None:
    mypy = [sys.executable, "-m", "mypy", "--ignore-missing-imports", "--cache-dir", "mypy-cache"]

    run([*mypy, "coffers_client"], cwd=python_client)


def test_a_new_user_s_tour_through_the_generated_python_client(
    python_client: Path, python_tools: Path, tmp_path: Path
) -> None:
    tour = ROOT / "tests" / "clients" / "tour.py"
    with ForkedService(tmp_path) as service:
        said = run(
            [python_tools / "python", tour, service.origin, tmp_path / "mail"],
            cwd=tmp_path,
            PYTHONPATH=str(python_client),
        )

    assert not said


def test_the_generated_typescript_client_compiles(
    document: Path, typescript_tools: Path, tmp_path: Path
) -> None:
    made = tmp_path / "client"
    generator = typescript_tools / "@hey-api" / "openapi-ts" / "dist" / "run.mjs"
    compiler = typescript_tools / "typescript" / "bin" / "tsc"
    options = [*STRICT.split(), "--module", "esnext", "--moduleResolution", "bundler"]

    run([*NODE, generator, "--silent", "-i", document, "-o", made], cwd=typescript_tools.parent)
    run([*NODE, compiler, *options, made / "index.ts"], cwd=tmp_path)

    assert "export const getProfile" in (made / "sdk.gen.ts").read_text()
