"""Words that only this sandbox can have written: JSON, signed with a key made from the seed."""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Final

Claims = dict[str, str | int]

MAX_SEALED: Final = 2_000


class Seal:
    """Signs and opens for one seed; what was sealed for one purpose does not open for another."""

    def __init__(self, seed: int) -> None:
        self._key = sha256(f"coffers sandbox {seed}".encode()).digest()

    def close(self, purpose: str, claims: Mapping[str, str | int]) -> str:
        """Write the claims as one opaque word; the same claims give the same word."""
        body = urlsafe_b64encode(json.dumps(claims, sort_keys=True).encode()).decode().rstrip("=")
        return f"{body}.{self._mark(purpose, body)}"

    def open(self, purpose: str, word: str) -> Claims | None:
        """Read the claims; None when the word is not ours or was sealed for another purpose."""
        body, _, mark = word.partition(".")
        if len(word) > MAX_SEALED or not word.isascii():
            return None
        if not hmac.compare_digest(mark, self._mark(purpose, body)):
            return None
        claims: Claims = json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return claims

    def _mark(self, purpose: str, body: str) -> str:
        return hmac.new(self._key, f"{purpose}:{body}".encode(), sha256).hexdigest()
