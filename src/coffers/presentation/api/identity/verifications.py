"""/email-verifications and /email-verification-tokens: proving that an address is one's own."""

from pydantic import Field

from coffers.application.identity import verifications
from coffers.application.identity.verifications import LetterRequest, VerifiedEmail
from coffers.domain.identity.verifications import Purpose
from coffers.presentation.calls import Caller
from coffers.presentation.schemas import Body, EmailIn, TokenIn


class Verification(Body):
    """The token out of the letter."""

    token: TokenIn


class LetterWanted(Body):
    """Where to write to."""

    email: EmailIn = Field(examples=["ada@example.com"])


async def verify_email(call: Caller, body: Verification) -> VerifiedEmail:
    """Confirm an e-mail address."""
    return await verifications.verify_email(call.uow, call.services.clock, token=body.token)


async def request_verification(call: Caller, body: LetterWanted) -> LetterRequest:
    """Ask for another verification letter.

    The answer is the same whether the address is registered or not.
    """
    return await verifications.request_letter(
        call.uow, call.services.clock, email=body.email, purpose=Purpose.EMAIL_VERIFICATION
    )
