"""`coffers keys`: new keys for an installation that keeps its own."""

from enum import StrEnum
from typing import Annotated

import typer

from coffers.application.linking.resealing import Resealed, reseal_secrets
from coffers.commands.terminal import load_settings, out, refuse, with_services
from coffers.domain.live.events import Origin
from coffers.local_secrets import FILE, new_encryption_key, new_secret_key, rotated
from coffers.service_lock import serving_since
from coffers.services import Services
from coffers.settings import Settings

app = typer.Typer(help="The keys of this installation.", no_args_is_help=True)


class Key(StrEnum):
    """Which key."""

    SIGNING = "signing"
    ENCRYPTION = "encryption"


_FRESH = {
    Key.SIGNING: ("secret_key", new_secret_key),
    Key.ENCRYPTION: ("encryption_key", new_encryption_key),
}


@app.callback()
def _keys() -> None:
    """The keys of this installation."""


@app.command()
def rotate(
    key: Annotated[
        Key, typer.Argument(help="Tokens are signed, providers' credentials encrypted.")
    ],
) -> None:
    """Make a new key; the former one stays good for what it signed or encrypted."""
    settings = load_settings()
    name, fresh = _FRESH[key]
    if getattr(settings, name) is None:
        rotated(settings.home, name, fresh())
        out.print("Done. Restart the service: from then on it uses the new key.")
        return
    variable = f"COFFERS_{name.upper()}"
    out.print(f"{variable} is given by the environment. Put its value in front of those in")
    out.print(f"COFFERS_PREVIOUS_{name.upper()}S, set {variable} to the line below, restart.")
    typer.echo(fresh())


@app.command()
def reseal() -> None:
    """Encrypt with the present key what former ones have encrypted; then those may go."""
    _refuse_beside_former_keys(load_settings())
    told = with_services(_reseal)
    out.print(f"{told.changed} secrets are sealed with the present key now.")
    if told.lost:
        refuse(f"{told.lost} secrets open with none of the keys that are here: they are left.")


def _refuse_beside_former_keys(settings: Settings) -> None:
    """What is sealed anew would not open to a service that read the keys of before."""
    since = serving_since(settings)
    if since is None or settings.encryption_key is not None:
        return
    if (settings.home / FILE).stat().st_mtime > since:
        refuse(f"The service began before {FILE} last changed: restart it first.")


async def _reseal(services: Services, _settings: Settings) -> Resealed:
    return await reseal_secrets(services.unit_of_work(Origin(), None), services.vault)
