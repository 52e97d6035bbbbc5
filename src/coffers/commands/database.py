"""`coffers migrate`, `backup` and `restore`: the database as a whole."""

from pathlib import Path
from typing import Annotated

import typer

from coffers import migrations
from coffers.commands.terminal import load_settings, out, refuse, run_async
from coffers.infrastructure.db.backups import (
    BackupRefused,
    back_up_postgres,
    back_up_sqlite,
    restore_postgres,
    restore_sqlite,
)
from coffers.local_secrets import FILE
from coffers.service_lock import ServiceRuns, database_file, only_service
from coffers.settings import Settings


def migrate() -> None:
    """Bring the database to the newest schema."""
    settings = load_settings()
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    run_async(migrations.upgrade(settings.database))
    out.print("The database has the newest schema.")


def back_up(file: Annotated[Path, typer.Argument(help="It must not exist yet.")]) -> None:
    """Copy the whole database to a file, while the service runs."""
    settings = load_settings()
    if file.exists():
        refuse(f"{file} exists already.")
    database = database_file(settings)
    try:
        if database is None:
            back_up_postgres(settings.database, file)
        else:
            back_up_sqlite(database, file)
    except BackupRefused as reason:
        refuse(str(reason))
    out.print(f"The database is in {file}.", highlight=False)
    out.print(_beside(settings), highlight=False)


def restore(file: Annotated[Path, typer.Argument(help="What `coffers backup` made.")]) -> None:
    """Put a copy in the place of the database; the service must not run."""
    settings = load_settings()
    database = database_file(settings)
    try:
        with only_service(settings):
            if database is None:
                run_async(restore_postgres(settings.database, file))
                former = None
            else:
                former = restore_sqlite(file, database)
    except (BackupRefused, ServiceRuns) as reason:
        refuse(str(reason))
    out.print("Restored.")
    if former is not None:
        out.print(f"The former database is kept as {former}.", highlight=False)


def _beside(settings: Settings) -> str:
    """What a copy is of no use without."""
    if settings.encryption_key is not None:
        return "Keep COFFERS_ENCRYPTION_KEY beside it: it opens the providers' credentials."
    kept = settings.home.absolute() / FILE
    return f"Keep {kept} beside it: its key opens the providers' credentials."
