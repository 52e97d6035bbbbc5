"""The secrets of an installation that was given none.

Made once, kept in one file that only its owner can read.
"""

import base64
import hashlib
import json
import os
import secrets as random
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from coffers.settings import Settings

FILE: Final = "secrets.json"
#: Former keys of a kind that are kept: what they signed has expired by then. Those that encrypt are
#: kept for ever, since what they sealed may not have been sealed anew.
KEPT_KEYS: Final = {"secret_key": 5, "encryption_key": None}

Kept = dict[str, Any]  # Any: texts, and lists of former ones


def kept_secrets(home: Path) -> Kept:
    """The secrets in the home folder, made now if there are none.

    The file has mode 0600 from its first moment, and is whole from its first moment.
    """
    path = home / FILE
    if not path.exists():
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = {"secret_key": new_secret_key(), "encryption_key": new_encryption_key()}
        draft = _drafted(path, made)
        with suppress(FileExistsError):  # somebody was quicker: theirs count
            os.link(draft, path)
        draft.unlink()
    kept: Kept = json.loads(path.read_text())
    return kept


def rotated(home: Path, name: str, fresh: str) -> None:
    """A new `secret_key` or `encryption_key`; the former ones stay good for reading."""
    kept = kept_secrets(home)
    former = [kept[name], *kept.get(f"previous_{name}s", [])]
    _replace(home, kept | {name: fresh, f"previous_{name}s": former[: KEPT_KEYS[name]]})


def demo_password(home: Path) -> str:
    """The demo user's password, made now if there is none."""
    kept = kept_secrets(home)
    if "demo_password" not in kept:
        kept["demo_password"] = random.token_urlsafe(12)
        _replace(home, kept)
    return str(kept["demo_password"])


def new_secret_key() -> str:
    """A fresh signing secret."""
    return random.token_urlsafe(48)


def new_encryption_key() -> str:
    """A fresh encryption key, in base64."""
    return base64.b64encode(random.token_bytes(32)).decode()


def key_id(secret: str) -> str:
    """A short name for a key, from its hash, so that a rotated ring needs no numbering."""
    return hashlib.sha256(b"kid:" + secret.encode()).hexdigest()[:12]


def secret_keys(settings: Settings) -> list[str]:
    """The signing secrets, the current one first."""
    return _ring(settings, "secret_key")


def encryption_keys(settings: Settings) -> list[str]:
    """The encryption keys in base64, the current one first."""
    return _ring(settings, "encryption_key")


def _ring(settings: Settings, name: str) -> list[str]:
    given = getattr(settings, name)
    former = [key.get_secret_value() for key in getattr(settings, f"previous_{name}s")]
    if given is not None:
        return [given.get_secret_value(), *former]
    kept = kept_secrets(settings.home)
    return [kept[name], *kept.get(f"previous_{name}s", []), *former]


def _replace(home: Path, kept: Kept) -> None:
    _drafted(home / FILE, kept).replace(home / FILE)


def _drafted(path: Path, kept: Kept) -> Path:
    draft = path.with_suffix(f".{os.getpid()}")
    with suppress(FileNotFoundError):
        draft.unlink()
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(kept, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    return draft
