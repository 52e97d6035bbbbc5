"""The secrets of an installation that was given none.

Made once, kept in one file that only its owner can read.
"""

import base64
import hashlib
import json
import os
import secrets as random
from pathlib import Path
from typing import Final

from coffers.settings import Settings

FILE: Final = "secrets.json"


def kept_secrets(home: Path) -> dict[str, str]:
    """The secrets in the home folder, made now if there are none.

    The file has mode 0600 from its first moment.
    """
    path = home / FILE
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = {
        "secret_key": random.token_urlsafe(48),
        "encryption_key": base64.b64encode(random.token_bytes(32)).decode(),
    }
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        kept: dict[str, str] = json.loads(path.read_text())
        return kept
    with os.fdopen(descriptor, "w") as file:
        json.dump(made, file, indent=2)
    return made


def key_id(secret: str) -> str:
    """A short name for a key, from its hash, so that a rotated ring needs no numbering."""
    return hashlib.sha256(b"kid:" + secret.encode()).hexdigest()[:12]


def secret_keys(settings: Settings) -> list[str]:
    """The signing secrets, the current one first."""
    current = settings.secret_key and settings.secret_key.get_secret_value()
    current = current or kept_secrets(settings.home)["secret_key"]
    return [current, *(key.get_secret_value() for key in settings.previous_secret_keys)]


def encryption_keys(settings: Settings) -> list[str]:
    """The encryption keys in base64, the current one first."""
    current = settings.encryption_key and settings.encryption_key.get_secret_value()
    current = current or kept_secrets(settings.home)["encryption_key"]
    return [current, *(key.get_secret_value() for key in settings.previous_encryption_keys)]
