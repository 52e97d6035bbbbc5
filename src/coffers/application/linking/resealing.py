"""Resealing: every secret at rest under the present key, so that former keys may go."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from coffers.application.ports import Vault, VaultRefused
from coffers.application.unit_of_work import UnitOfWork
from coffers.domain.linking.sealed_secrets import SealedSecret, SecretKind
from coffers.domain.live.events import Event

#: Secrets of one transaction.
BATCH: Final = 500


@dataclass(slots=True)
class Resealed:
    """How many were sealed anew, and how many no key that is here opens."""

    changed: int = 0
    lost: int = 0


async def reseal_secrets(uow: UnitOfWork, vault: Vault) -> Resealed:
    """Seal under the present key what a former one has sealed; the rest stays as it is."""
    told = Resealed()
    for kind in SecretKind:
        after = None
        while True:
            async with uow:
                page = await uow.sealed_secrets.page(kind, after, BATCH)
                changed = _resealed(vault, page, told)
                for secret in changed:
                    await uow.sealed_secrets.put(kind, secret)
                if changed:
                    details = {"kind": kind.value, "count": len(changed)}
                    uow.record(Event("SecretsResealed", details=details))
                await uow.commit()
            if len(page) < BATCH:
                break
            after = page[-1].id
    return told


def _resealed(vault: Vault, page: Sequence[SealedSecret], told: Resealed) -> list[SealedSecret]:
    changed = []
    for secret in page:
        try:
            sealed = vault.reseal(secret.sealed, bound_to=secret.id)
        except VaultRefused:
            told.lost += 1
            continue
        if sealed != secret.sealed:
            changed.append(secret._replace(sealed=sealed))
    told.changed += len(changed)
    return changed
