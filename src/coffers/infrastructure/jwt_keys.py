"""The keys behind access tokens: one signs, all verify, and the public halves can be shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from jose import jwk

from coffers.domain.identity.sessions import TokenInvalid

MIN_SECRET_BYTES: Final = 32
MIN_RSA_BITS: Final = 2048
SYMMETRIC: Final = "HS256"
ALGORITHMS: Final = (SYMMETRIC, "RS256", "ES256")


class UnfitSigningKey(ValueError):
    """The installation is configured with a key that its algorithm cannot use safely."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    r"""A key of the ring.

    A secret of at least 32 bytes, or a private key in PEM, whose line ends may be written `\n`.
    `kid` names it in token headers.
    """

    kid: str
    secret: str


class KeyRing:
    """Keys of one algorithm, the signing one first. Raises UnfitSigningKey."""

    def __init__(self, keys: Sequence[SigningKey], *, algorithm: str) -> None:
        if algorithm not in ALGORITHMS:
            raise UnfitSigningKey(f"The algorithm must be one of {', '.join(ALGORITHMS)}.")
        self.algorithm = algorithm
        self.kid = keys[0].kid
        private = {key.kid: _prepared(key.secret, algorithm) for key in keys}
        self.signer: Any = private[self.kid]  # Any: a key of jose, which has no types
        self._public: dict[str, Any] = {  # Any: likewise
            kid: key if algorithm == SYMMETRIC else key.public_key() for kid, key in private.items()
        }

    def verifier(self, kid: str) -> Any:  # Any: a key of jose
        """The key of this name; raises TokenInvalid when the ring has none."""
        if kid not in self._public:
            raise TokenInvalid("The access token is not valid.")
        return self._public[kid]

    def public_keys(self) -> list[dict[str, str]]:
        """As JSON Web Keys (RFC 7517); a secret has no public half."""
        if self.algorithm == SYMMETRIC:
            return []
        return [
            {**_texts(key.to_dict()), "kid": kid, "use": "sig"} for kid, key in self._public.items()
        ]


def _prepared(secret: str, algorithm: str) -> Any:  # Any: a key of jose
    """Parsed once: a signature with a key still in PEM takes 44 ms."""
    if algorithm == SYMMETRIC:
        if len(secret.encode()) < MIN_SECRET_BYTES or "-----BEGIN" in secret:
            raise UnfitSigningKey(
                f"COFFERS_SECRET_KEY does not fit: {algorithm} needs a secret of"
                f" {MIN_SECRET_BYTES} bytes or more."
            )
        return jwk.construct(secret, algorithm)
    try:
        key = load_pem_private_key(secret.replace("\\n", "\n").encode(), None)
    except (ValueError, TypeError) as error:
        detail = f"COFFERS_SECRET_KEY does not fit: {algorithm} needs a private key in PEM."
        raise UnfitSigningKey(detail) from error
    if not _fits(key, algorithm):
        detail = f"COFFERS_SECRET_KEY does not fit: no private key for {algorithm}, or too short."
        raise UnfitSigningKey(detail)
    return jwk.construct(key, algorithm)


def _fits(key: object, algorithm: str) -> bool:
    if algorithm == "RS256":
        return isinstance(key, RSAPrivateKey) and key.key_size >= MIN_RSA_BITS
    return isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1)


def _texts(fields: dict[str, Any]) -> dict[str, str]:  # Any: jose's own types, bytes or text
    return {
        name: value.decode() if isinstance(value, bytes) else value
        for name, value in fields.items()
    }
