"""`coffers audit`: whether the log is what it was."""

import typer

from coffers.application.live.audit_log import AuditVerification, verify_audit_log
from coffers.commands.terminal import out, refuse, with_services
from coffers.services import Services
from coffers.settings import Settings

app = typer.Typer(help="The hash-chained audit log.", no_args_is_help=True)


@app.callback()
def _audit() -> None:
    """The hash-chained audit log."""


@app.command()
def verify() -> None:
    """Follow every chain from its first event to its head; exit code 1 when one does not hold."""
    found = with_services(_verify)
    if found.first_break is not None:
        flaw = found.first_break
        refuse(f"Chain {flaw.user_id}, event {flaw.sequence}: {flaw.reason}")
    out.print(
        f"Intact: {found.events_checked} events in {found.chains_checked} chains, "
        f"{found.chains_erased} chains erased."
    )


async def _verify(services: Services, _settings: Settings) -> AuditVerification:
    return await verify_audit_log(services.audit_logs, services.clock)
