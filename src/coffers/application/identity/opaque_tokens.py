"""Opaque random tokens: shown once, kept as their hash."""

import hashlib
import secrets


def new_token() -> str:
    """256 random bits, in URL-safe text."""
    return secrets.token_urlsafe(32)


def hash_token(token: str) -> str:
    """What is kept of it: its SHA-256. It has 256 bits of its own, so no salt is needed."""
    return hashlib.sha256(token.encode()).hexdigest()
