import ssl
from pathlib import Path
from uuid import UUID

import pytest

from coffers.application.ports import Mail, MailUndeliverable
from coffers.infrastructure import mail_smtp
from coffers.infrastructure.clock import SystemClock
from coffers.infrastructure.mail_smtp import SmtpMailer, SmtpServer
from tests.infrastructure.smtp_server import FakeSmtp, certificate, smtp_server

LETTER = Mail("ada@example.com", "Bestätigen", "Grüße\n\nT0ken-with_underscores\n")
ID = UUID("018f0000-0000-7000-8000-000000000001")


def mailer(url: str, trust: ssl.SSLContext | None = None) -> SmtpMailer:
    return SmtpMailer(
        SmtpServer.from_url(url),
        sender="Coffers <no-reply@c.test>",
        clock=SystemClock(),
        trust=trust,
    )


async def refusal(fake: FakeSmtp) -> MailUndeliverable:
    with pytest.raises(MailUndeliverable) as refused:
        await mailer(fake.url).send(LETTER, letter_id=ID)
    return refused.value


async def test_a_letter_arrives_with_its_words_and_its_id() -> None:
    async with smtp_server() as fake:
        await mailer(fake.url).send(LETTER, letter_id=ID)

    (letter,) = fake.letters
    assert letter["To"] == "ada@example.com"
    assert letter["From"] == "Coffers <no-reply@c.test>"
    assert letter["Subject"] == "Bestätigen"
    assert letter["Message-ID"] == f"<{ID}@c.test>"
    assert letter["Date"]
    assert letter.get_content().replace("\r\n", "\n") == LETTER.text


async def test_the_same_letter_sent_again_has_the_same_message_id() -> None:
    async with smtp_server() as fake:
        await mailer(fake.url).send(LETTER, letter_id=ID)
        await mailer(fake.url).send(LETTER, letter_id=ID)

    assert len({letter["Message-ID"] for letter in fake.letters}) == 1


async def test_with_starttls_the_password_travels_only_after_encryption(tmp_path: Path) -> None:
    server_tls, trust = certificate(tmp_path)
    async with smtp_server(tls=server_tls) as fake:
        url = f"smtp://us%40er:pa%3Ass@localhost:{fake.port}?starttls=1"
        await mailer(url, trust).send(LETTER, letter_id=ID)

    assert fake.verbs.index("STARTTLS") < fake.verbs.index("AUTH")
    assert fake.log_ins == ["\0us@er\0pa:ss"]
    assert len(fake.letters) == 1


async def test_without_the_starttls_that_was_asked_for_nothing_is_sent() -> None:
    async with smtp_server() as fake:
        with pytest.raises(MailUndeliverable):
            await mailer(f"smtp://u:p@localhost:{fake.port}?starttls=1").send(LETTER, letter_id=ID)

    assert "AUTH" not in fake.verbs
    assert not fake.letters


async def test_a_certificate_that_nobody_vouches_for_is_not_trusted(tmp_path: Path) -> None:
    server_tls, _ = certificate(tmp_path)
    async with smtp_server(tls=server_tls) as fake:
        with pytest.raises(MailUndeliverable) as refused:
            await mailer(f"smtp://localhost:{fake.port}?starttls=1").send(LETTER, letter_id=ID)

    assert not refused.value.is_final
    assert not fake.letters


async def test_an_unknown_recipient_is_final() -> None:
    async with smtp_server({"RCPT": "550 no such mailbox"}) as fake:
        refused = await refusal(fake)

    assert refused.is_final
    assert "550" in refused.detail


@pytest.mark.parametrize(
    "answers",
    [
        {"RCPT": "450 try later"},
        {"ACCEPTED": "451 try later"},
        {"AUTH": "535 who are you"},
        {"MAIL": "550 not from you"},
        {"EHLO": "500 what", "HELO": "500 what"},
    ],
)
async def test_what_may_pass_is_not_final(answers: dict[str, str]) -> None:
    async with smtp_server(answers) as fake:
        url = f"smtp://u:p@127.0.0.1:{fake.port}"
        with pytest.raises(MailUndeliverable) as refused:
            await mailer(url).send(LETTER, letter_id=ID)

    assert not refused.value.is_final


async def test_a_letter_that_was_accepted_is_not_failed_by_a_bad_farewell() -> None:
    async with smtp_server({"QUIT": "421 too busy to say goodbye"}) as fake:
        await mailer(fake.url).send(LETTER, letter_id=ID)

    assert len(fake.letters) == 1


async def test_a_refusal_never_repeats_the_letter_or_the_servers_words() -> None:
    async with smtp_server({"ACCEPTED": "554 rejected: T0ken-with_underscores"}) as fake:
        refused = await refusal(fake)

    assert refused.is_final
    assert "T0ken" not in refused.detail


async def test_a_silent_server_is_given_up_after_the_time_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mail_smtp, "EXCHANGE_TIMEOUT_S", 0.2)
    async with smtp_server({"MAIL": "silence"}) as fake:
        refused = await refusal(fake)

    assert not refused.is_final


async def test_no_server_at_all_is_not_final() -> None:
    async with smtp_server() as fake:
        pass

    assert not (await refusal(fake)).is_final


async def test_a_header_cannot_be_smuggled_in_through_the_subject() -> None:
    async with smtp_server() as fake:
        forged = Mail("ada@example.com", "Hello\r\nBcc: eve@example.com", "…")
        with pytest.raises(MailUndeliverable) as refused:
            await mailer(fake.url).send(forged, letter_id=ID)

    assert refused.value.is_final
    assert not fake.letters


@pytest.mark.parametrize(
    "url", ["", "http://mail.test", "smtp://", "smtp://mail.test?tls=1", "mail.test:25"]
)
def test_an_smtp_url_that_makes_no_sense_is_refused_in_plain_words(url: str) -> None:
    with pytest.raises(ValueError, match="COFFERS_SMTP_URL looks like"):
        SmtpServer.from_url(url)


def test_smtps_means_tls_from_the_first_byte() -> None:
    server = SmtpServer.from_url("smtps://u:p@mail.test")

    assert (server.port, server.is_tls, server.is_starttls) == (465, True, False)
