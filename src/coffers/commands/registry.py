"""`coffers routes` and `openapi`: what the API offers."""

import json

import typer

from coffers.commands.terminal import load_settings
from coffers.main import create_app
from coffers.presentation.route import Route
from coffers.presentation.routes import ROUTES


def routes() -> None:
    """Print the registry: every endpoint on a line, who may call it, and how often."""
    rows = [_row(route) for route in ROUTES]
    lines = [("Method", "Path", "Access", "Limit", "Operation"), *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        typer.echo("  ".join(cells).rstrip())


def _row(route: Route) -> tuple[str, str, str, str, str]:
    limit = route.policy.name if route.policy else "-"
    return route.method, route.full_path, route.access.name, limit, route.endpoint.__name__


def openapi() -> None:
    """Print the OpenAPI document, as JSON."""
    typer.echo(json.dumps(create_app(load_settings()).openapi(), indent=2, ensure_ascii=False))
