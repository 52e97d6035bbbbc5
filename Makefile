# Coffers: everything a developer does, each with one word. It needs Python 3.11 or later and make.

PYTHON ?= python3
WORKERS ?= 3
UV_VERSION = 0.13.8
ZENSICAL_VERSION = 0.0.73

# The tests start Coffers a hundred times: compiling it anew each time would cost them most.
unexport PYTHONDONTWRITEBYTECODE

BIN = .venv/bin
READY = .venv/ready
LOCK = $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --python-version 3.11

.DEFAULT_GOAL := help
.PHONY: help run test check format migrate routes openapi lock bench torture docs clean

help:  ## List these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(READY)  ## Serve http://127.0.0.1:8000 on SQLite, with a demo user
	@$(BIN)/coffers demo

test: $(READY)  ## Run all tests, on SQLite and on a PostgreSQL and a Valkey of their own
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

check: $(READY)  ## Lint, check the format, the types and the direction of imports
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy --strict --cache-dir=/dev/null
	$(BIN)/lint-imports --no-cache

format: $(READY)  ## Format the code and mend what the linter can mend
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

migrate: $(READY)  ## Bring the configured database to the newest schema
	@$(BIN)/coffers migrate

routes: $(READY)  ## Print the registry of endpoints
	@$(BIN)/coffers routes

openapi: $(READY)  ## Write the API's description to openapi.json
	@$(BIN)/coffers openapi > openapi.json

lock: $(READY)  ## Lock the newest versions that pyproject.toml allows
	$(LOCK) --upgrade pyproject.toml -o requirements.lock
	$(LOCK) --upgrade --group dev -c requirements.lock pyproject.toml -o requirements-dev.lock

bench: $(READY)  ## Measure, as ratios to a floor of the same run
	@$(BIN)/python -m benchmarks $(ARGS)

torture: $(READY)  ## Run the long campaigns: kills, freezes, many rounds
	@TORTURE=1 $(BIN)/python -m pytest -m torture -n $(WORKERS) $(ARGS)

docs: $(BIN)/uv  ## Build the documentation into site/
	@$(BIN)/uv tool run zensical@$(ZENSICAL_VERSION) build --strict

clean:  ## Remove the environment and everything that was built, never .coffers
	rm -rf .venv dist site openapi.json .coverage .pytest_cache .mypy_cache .ruff_cache .hypothesis .schemathesis

$(READY): $(BIN)/uv pyproject.toml requirements-dev.lock
	$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements-dev.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e .
	@touch $@

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Coffers needs Python 3.11 or later, $(PYTHON) is not: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
