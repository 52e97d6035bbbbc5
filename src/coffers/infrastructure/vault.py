"""Secrets at rest under AES-256-GCM (NIST SP 800-38D), with a ring of keys."""

import base64
import binascii
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from coffers.application.ports import Vault, VaultRefused

KEY_BYTES: Final = 32
#: A ciphertext is its head (a byte of version, six of key id), the nonce, the sealed text, its tag.
_VERSION: Final = b"\x01"
_HEAD: Final = 1 + 6
_NONCE: Final = 12
_TAG: Final = 16
_REFUSED: Final = "A stored secret cannot be opened with the keys of this installation."


@dataclass(frozen=True, slots=True)
class VaultKey:
    """A key and its short name, twelve hexadecimal digits."""

    id: str
    key: bytes

    @classmethod
    def from_text(cls, key_id: str, text: str) -> Self:
        """From 32 bytes in base64; raises ValueError."""
        try:
            key = base64.b64decode(text, validate=True)
        except binascii.Error:
            key = b""
        if len(key) != KEY_BYTES:
            raise ValueError(f"COFFERS_ENCRYPTION_KEY is {KEY_BYTES} random bytes in base64.")
        return cls(key_id, key)


class AesGcmVault(Vault):
    """Seals under the first key of the ring and opens with any of them.

    Version, key id and the row's id are authenticated too, so a ciphertext that was moved to
    another row does not open.
    """

    def __init__(self, ring: Sequence[VaultKey]) -> None:
        self._ciphers = {bytes.fromhex(key.id): AESGCM(key.key) for key in ring}
        self._current = bytes.fromhex(ring[0].id)

    def seal(self, secret: bytes, *, bound_to: UUID) -> bytes:
        """As the port says."""
        head, nonce = _VERSION + self._current, os.urandom(_NONCE)
        sealed = self._ciphers[self._current].encrypt(nonce, secret, head + bound_to.bytes)
        return head + nonce + sealed

    def open(self, sealed: bytes, *, bound_to: UUID) -> bytes:
        """As the port says."""
        cipher = self._ciphers.get(_key_id(sealed))
        if cipher is None:
            raise VaultRefused(_REFUSED)
        nonce, body = sealed[_HEAD : _HEAD + _NONCE], sealed[_HEAD + _NONCE :]
        try:
            return cipher.decrypt(nonce, body, sealed[:_HEAD] + bound_to.bytes)
        except InvalidTag as error:
            raise VaultRefused(_REFUSED) from error

    def reseal(self, sealed: bytes, *, bound_to: UUID) -> bytes:
        """As the port says."""
        secret = self.open(sealed, bound_to=bound_to)
        if _key_id(sealed) == self._current:
            return sealed
        return self.seal(secret, bound_to=bound_to)


def _key_id(sealed: bytes) -> bytes:
    if len(sealed) < _HEAD + _NONCE + _TAG or not sealed.startswith(_VERSION):
        raise VaultRefused(_REFUSED)
    return sealed[len(_VERSION) : _HEAD]
