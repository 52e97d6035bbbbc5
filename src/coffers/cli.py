"""The command line: `coffers --help` lists what it can do."""

import logging
import os

import typer

from coffers.commands import (
    add,
    audit,
    budget,
    database,
    doctor,
    export,
    imports,
    keys,
    people,
    portfolio,
    rates,
    registry,
    sandbox,
    service,
    spending,
)
from coffers.infrastructure import logs

app = typer.Typer(
    help="Coffers: everything a person owns, behind one API.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

app.command("serve")(service.serve)
app.command("worker")(service.work)
app.command("demo")(service.demo)
app.command("sandbox")(sandbox.sandbox)
app.command("migrate")(database.migrate)
app.command("backup")(database.back_up)
app.command("restore")(database.restore)
app.command("import")(imports.import_file)
app.command("add")(add.add)
app.command("spending")(spending.spending)
app.command("budget")(budget.budget)
app.command("portfolio")(portfolio.portfolio)
app.command("export")(export.export)
app.command("restore-export")(export.restore_export)
app.command("doctor")(doctor.examine)
app.command("routes")(registry.routes)
app.command("openapi")(registry.openapi)
app.add_typer(people.app, name="user")
app.add_typer(audit.app, name="audit")
app.add_typer(keys.app, name="keys")
app.add_typer(rates.app, name="rates")


@app.callback()
def _quietly() -> None:
    """Coffers: everything a person owns, behind one API."""
    os.umask(0o077)  # whatever is written here is its owner's
    logs.configure(is_console=True, level=logging.WARNING)


if __name__ == "__main__":
    app()
