import base64
import os
from uuid import UUID, uuid4

import pytest

from coffers.application.ports import VaultRefused
from coffers.infrastructure.vault import AesGcmVault, VaultKey

SECRET = b'{"access_token": "abc"}'
ROW = UUID("018f0000-0000-7000-8000-000000000001")


def key(key_id: str) -> VaultKey:
    return VaultKey(key_id, os.urandom(32))


OLD, NEW = key("aaaaaaaaaaaa"), key("bbbbbbbbbbbb")


def test_a_sealed_secret_opens_with_the_id_of_its_row() -> None:
    vault = AesGcmVault([NEW])

    sealed = vault.seal(SECRET, bound_to=ROW)

    assert SECRET not in sealed
    assert vault.open(sealed, bound_to=ROW) == SECRET


def test_the_same_secret_never_seals_to_the_same_ciphertext() -> None:
    vault = AesGcmVault([NEW])

    assert vault.seal(SECRET, bound_to=ROW) != vault.seal(SECRET, bound_to=ROW)


def test_a_ciphertext_moved_to_another_row_does_not_open() -> None:
    vault = AesGcmVault([NEW])
    sealed = vault.seal(SECRET, bound_to=ROW)

    with pytest.raises(VaultRefused):
        vault.open(sealed, bound_to=uuid4())


def test_a_ciphertext_with_any_bit_flipped_does_not_open() -> None:
    vault = AesGcmVault([NEW, OLD])
    sealed = vault.seal(SECRET, bound_to=ROW)

    for bit in range(len(sealed) * 8):
        bent = bytearray(sealed)
        bent[bit // 8] ^= 1 << bit % 8
        with pytest.raises(VaultRefused):
            vault.open(bytes(bent), bound_to=ROW)


def test_a_ciphertext_cut_anywhere_does_not_open() -> None:
    vault = AesGcmVault([NEW])
    sealed = vault.seal(b"", bound_to=ROW)

    for length in range(len(sealed)):
        with pytest.raises(VaultRefused):
            vault.open(sealed[:length], bound_to=ROW)


def test_a_key_that_is_gone_is_a_refusal_without_the_secret_in_it() -> None:
    sealed = AesGcmVault([OLD]).seal(SECRET, bound_to=ROW)

    with pytest.raises(VaultRefused) as refusal:
        AesGcmVault([NEW]).open(sealed, bound_to=ROW)

    assert "abc" not in str(refusal.value)


def test_two_keys_under_one_name_do_not_open_each_others_ciphertexts() -> None:
    sealed = AesGcmVault([key("cccccccccccc")]).seal(SECRET, bound_to=ROW)

    with pytest.raises(VaultRefused):
        AesGcmVault([key("cccccccccccc")]).open(sealed, bound_to=ROW)


def test_after_rotation_old_ciphertexts_open_and_resealing_frees_them_of_the_old_key() -> None:
    sealed = AesGcmVault([OLD]).seal(SECRET, bound_to=ROW)
    rotated = AesGcmVault([NEW, OLD])

    resealed = rotated.reseal(sealed, bound_to=ROW)

    assert rotated.open(sealed, bound_to=ROW) == SECRET
    assert AesGcmVault([NEW]).open(resealed, bound_to=ROW) == SECRET
    assert rotated.reseal(resealed, bound_to=ROW) == resealed


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_an_encryption_key_is_exactly_32_bytes(size: int) -> None:
    text = base64.b64encode(os.urandom(size)).decode()

    with pytest.raises(ValueError, match="32 random bytes in base64"):
        VaultKey.from_text("aaaaaaaaaaaa", text)


def test_an_encryption_key_that_is_not_base64_is_refused() -> None:
    with pytest.raises(ValueError, match="32 random bytes in base64"):
        VaultKey.from_text("aaaaaaaaaaaa", "not base64 at all, but long enough!!")
