from coffers.domain.linking.providers import KeyProvider, OAuthProvider, Provider
from coffers.infrastructure.providers.catalogue import Registration, build_catalogue
from coffers.infrastructure.providers.http import HttpClient
from tests.provider_conformance import StillClock


async def test_a_provider_that_needs_a_registration_is_left_out_without_one() -> None:
    async with HttpClient(StillClock()) as http:
        catalogue = build_catalogue(http, StillClock())

    assert sorted(catalogue) == ["alpaca", "file", "simplefin"]


async def test_every_source_stands_under_its_own_slug() -> None:
    registration = Registration("coffers", "secret", "https://sandbox.example")
    async with HttpClient(StillClock()) as http:
        catalogue = build_catalogue(
            http, StillClock(), sandbox=registration, schwab=Registration("key", "secret")
        )

    assert {slug: source.profile.slug for slug, source in catalogue.items()} == {
        slug: slug for slug in ["alpaca", "file", "sandbox", "schwab", "simplefin"]
    }
    assert isinstance(catalogue["schwab"], OAuthProvider)
    assert isinstance(catalogue["sandbox"], OAuthProvider)
    assert isinstance(catalogue["alpaca"], KeyProvider)
    assert isinstance(catalogue["simplefin"], KeyProvider)
    assert not isinstance(catalogue["file"], Provider)


def test_a_registration_keeps_its_secret_to_itself() -> None:
    assert "hidden" not in repr(Registration("coffers", "hidden"))
