"""`coffers routes` and `openapi`: what the API offers."""

import json
from typing import Final

import typer
from rich.table import Table

from coffers.commands.terminal import load_settings, out
from coffers.main import create_app
from coffers.presentation.routes import ROUTES

#: A line is one endpoint, however narrow the terminal.
WIDTH: Final = 160


def routes() -> None:
    """Print the registry: every endpoint, who may call it, and how often."""
    table = Table("Method", "Path", "Access", "Limit", "Operation", box=None)
    for route in ROUTES:
        limit = route.policy.name if route.policy else "–"
        table.add_row(
            route.method, route.full_path, route.access.name, limit, route.endpoint.__name__
        )
    out.print(table, width=WIDTH, crop=False, no_wrap=True)


def openapi() -> None:
    """Print the OpenAPI document, as JSON."""
    typer.echo(json.dumps(create_app(load_settings()).openapi(), indent=2, ensure_ascii=False))
