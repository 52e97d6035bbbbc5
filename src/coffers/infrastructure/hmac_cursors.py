"""Cursors signed by HMAC-SHA-256 (RFC 2104): opaque to callers, and of no use to anybody else."""

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Final

from coffers.domain.paging import CursorInvalid, Cursors

MAX_CURSOR: Final = 1_000
_MAC: Final = 16
_REFUSED: Final = "The cursor was not made for this list: begin again without one."


class HmacCursors(Cursors):
    """Signs with the first secret and accepts the signatures of all, so that rotation ends none."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._keys = [hashlib.sha256(b"cursors:" + secret.encode()).digest() for secret in secrets]

    def seal(self, key: Sequence[str], binding: Sequence[object]) -> str:
        """As the port says."""
        text = json.dumps(list(key), separators=(",", ":")).encode()
        sealed = _mac(self._keys[0], text, binding) + text
        return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def open(self, cursor: str, binding: Sequence[object]) -> list[str]:
        """As the port says."""
        sealed = _decoded(cursor)
        mac, text = sealed[:_MAC], sealed[_MAC:]
        if not any(hmac.compare_digest(mac, _mac(key, text, binding)) for key in self._keys):
            raise CursorInvalid(_REFUSED, field="cursor")
        key: list[str] = json.loads(text)
        return key


def _mac(key: bytes, text: bytes, binding: Sequence[object]) -> bytes:
    bound = json.dumps([None if part is None else str(part) for part in binding]).encode()
    return hmac.digest(key, len(bound).to_bytes(4) + bound + text, "sha256")[:_MAC]


def _decoded(cursor: str) -> bytes:
    if len(cursor) > MAX_CURSOR:
        raise CursorInvalid(_REFUSED, field="cursor")
    try:
        return base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except ValueError as error:  # binascii.Error is one
        raise CursorInvalid(_REFUSED, field="cursor") from error
