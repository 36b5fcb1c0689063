"""The mailer against a real mail server: what arrives, what is refused, what its errors say."""

import asyncio
import logging
import time
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import default
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from libs.common.clock import FrozenClock
from libs.common.mail import (
    AddressRefused,
    Enclosure,
    Letter,
    Mailer,
    MailFailed,
    MailRefused,
    one_line,
    with_enclosures,
    written,
)
from libs.common.settings import MailSettings
from libs.common.testing.plugin import NOON
from tests.common.letterbox import SENDER, certificate, running_letterbox

TO = "truc-ban@so-tttt.example"
LOGIN = ("lantoa", "mat-khau-thu-2026")
SUBJECT = "Khẩn: bài “Điều chỉnh lộ trình xe buýt số 32 đoạn Trần Quốc Hoàn – Phạm Văn Đồng” đã đến giờ mà chưa thấy"
TEXT = "Kính gửi trực ban,\n\n.Dòng bắt đầu bằng dấu chấm.\n" + "Nội dung rất dài. " * 100


def letter(**more: Any) -> Letter:
    return Letter(**{"to": TO, "subject": SUBJECT, "text": TEXT, "key": UUID(int=7), **more})


async def test_a_letter_arrives_as_it_was_written(clock: FrozenClock) -> None:
    async with running_letterbox() as box:
        await Mailer(box.settings(sender_name="Thành phố Hà Nội"), clock).send(letter())
    [(to, got)] = box.letters
    assert (to, str(got["To"])) == (TO, TO)
    assert got["Subject"] == SUBJECT
    assert got["From"].addresses[0].display_name == "Thành phố Hà Nội"
    assert got["From"].addresses[0].addr_spec == SENDER
    assert got["Message-ID"] == f"<{UUID(int=7)}@thanhpho.example>"
    assert got["Date"].datetime == clock.now()
    assert got["Auto-Submitted"] == "auto-generated"
    assert got.get_content_type() == "text/plain"
    assert got.get_content().replace("\r\n", "\n") == TEXT + "\n"
    assert max(len(line) for line in box.raw[0].split(b"\r\n")) <= 78
    assert box.raw[0].isascii()


async def test_over_starttls_and_over_tls_with_a_password(clock: FrozenClock, tmp_path: Path) -> None:
    context, authority = certificate(tmp_path)
    for implicit, security in ((False, "starttls"), (True, "tls")):
        async with running_letterbox(tls=context, implicit=implicit, login=LOGIN) as box:
            told = {"security": security, "ca_file": authority, "username": LOGIN[0]}
            await Mailer(box.settings(password=SecretStr(LOGIN[1]), **told), clock).send(letter())
            assert box.subjects == [SUBJECT]
            with pytest.raises(MailFailed, match=r"does not let us in \(535\)"):
                await Mailer(box.settings(password=SecretStr("another"), **told), clock).send(letter())


async def test_a_server_that_nobody_vouches_for_gets_nothing(clock: FrozenClock, tmp_path: Path) -> None:
    context, _ = certificate(tmp_path)
    for implicit, security in ((False, "starttls"), (True, "tls")):
        async with running_letterbox(tls=context, implicit=implicit) as box:
            with pytest.raises(MailFailed, match="no trustworthy TLS"):
                await Mailer(box.settings(security=security), clock).send(letter())
            assert box.letters == []


async def test_without_the_tls_that_was_asked_for_nothing_is_sent(clock: FrozenClock) -> None:
    async with running_letterbox() as box:
        with pytest.raises(MailFailed, match="offers no TLS"):
            await Mailer(box.settings(security="starttls"), clock).send(letter())
    assert box.letters == []


@pytest.mark.parametrize(
    ("answers", "data", "error", "said"),
    [
        ({TO: f"550 No such user {TO}"}, None, AddressRefused, "refuses the address (550)"),
        ({TO: f"450 {TO} try later"}, None, MailFailed, "does not take the address now (450)"),
        ({}, f"554 {SUBJECT} looks like spam to {TO}", MailRefused, "refuses the letter (554)"),
        ({}, "451 later", MailFailed, "does not take the letter now (451)"),
    ],
)
async def test_what_a_server_refuses_is_told_without_its_words(
    clock: FrozenClock, answers: dict[str, str], data: str | None, error: type[MailFailed], said: str
) -> None:
    async with running_letterbox() as box:
        box.answers, box.data = answers, data and data.encode("ascii", "replace").decode()
        with pytest.raises(MailFailed) as raised:
            await Mailer(box.settings(), clock).send(letter())
    assert type(raised.value) is error
    assert said in str(raised.value)
    assert raised.value.__cause__ is None
    assert TO not in repr(raised.value) + repr(letter())


async def test_a_file_arrives_byte_by_byte_and_the_server_says_that_it_took_it(clock: FrozenClock) -> None:
    file = Enclosure("BC-05.pdf", "application/pdf", bytes(range(256)) * 40)
    async with running_letterbox() as box:
        settings = box.settings()
        whole = with_enclosures(letter(), [file], settings, clock, {"X-Lantoa": "mot"})
        answer = await Mailer(settings, clock).hand_over(whole, SENDER, TO)
    assert answer == "250 OK"
    [(_, arrived)] = box.letters
    [attached] = arrived.iter_attachments()
    assert (attached.get_filename(), attached.get_content_type()) == (file.name, file.media_type)
    assert attached.get_content() == file.data
    assert (arrived["Subject"], arrived["X-Lantoa"]) == (SUBJECT, "mot")


async def test_a_server_that_keeps_silent_holds_up_nobody(clock: FrozenClock) -> None:
    released = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        released.set()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    settings = MailSettings(host="127.0.0.1", port=port, security="none", sender=SENDER, timeout_seconds=0.3)
    began = time.monotonic()
    with pytest.raises(MailFailed, match="in time"):
        await Mailer(settings, clock).send(letter())
    assert time.monotonic() - began < 3
    await asyncio.wait_for(released.wait(), 5)
    server.close()


async def test_a_server_that_is_away_and_one_that_is_not_set(
    clock: FrozenClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with running_letterbox() as box:
        gone = box.settings()
    with pytest.raises(MailFailed, match="could not be reached"):
        await Mailer(gone, clock).send(letter())
    off = Mailer(MailSettings(), clock)
    with pytest.raises(MailFailed, match="no mail server is set"):
        await off.send(letter())
    with caplog.at_level(logging.WARNING):
        off.say_if_off()
        Mailer(gone, clock).say_if_off()
    assert [record.getMessage() for record in caplog.records] == [
        "no mail server is set (LANTOA_MAIL__HOST): nobody is told by mail"
    ]


# --- nothing can begin a header ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "a@b.vn\r\nBcc: x@y.vn",
        "a@b.vn,c@d.vn",
        "A <a@b.vn>",
        "a b@c.vn",
        "@b.vn",
        "a@",
        "",
        "a@b.vn\n",
        '"a"@b.vn',
        "a@b..vn ",
    ],
)
async def test_what_is_no_address_never_reaches_the_server(clock: FrozenClock, address: str) -> None:
    async with running_letterbox() as box:
        with pytest.raises(MailRefused):
            await Mailer(box.settings(), clock).send(letter(to=address))
    assert box.raw == []


def parsed(message: Message) -> EmailMessage:
    return message_from_bytes(message.as_bytes(), policy=default)


SETTINGS = MailSettings(host="127.0.0.1", sender=SENDER)


@given(st.text(max_size=400), st.text(max_size=60), st.text(max_size=200))
def test_no_words_make_a_header_and_all_come_back(subject: str, name: str, text: str) -> None:
    settings = SETTINGS.model_copy(update={"sender_name": name})
    read = parsed(written(letter(subject=subject, text=text), settings, FrozenClock(NOON)))
    assert sorted(read.keys()) == sorted(
        "From To Subject Date Message-ID Auto-Submitted Content-Type MIME-Version Content-Transfer-Encoding".split()
    )
    assert read["To"].addresses[0].addr_spec == TO
    assert len(read["To"].addresses) == len(read["From"].addresses) == 1
    assert read["Subject"] == one_line(subject)[:300].strip()


def test_a_key_is_the_name_of_a_letter() -> None:
    clock, key = FrozenClock(NOON), uuid4()
    one, two = (written(letter(key=key), SETTINGS, clock) for _ in range(2))
    assert one["Message-ID"] == two["Message-ID"]


# --- settings ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ({"sender": ""}, "mail.sender"),
        ({"sender": "Lan Tỏa <a@b.vn>"}, "mail.sender"),
        ({"username": "lantoa"}, "go together"),
        ({"password": SecretStr("x")}, "go together"),
        ({"security": "none", "username": "lantoa", "password": SecretStr("x")}, "in the open"),
        ({"username": "lantoa", "password": SecretStr("mật khẩu")}, "ASCII"),
        ({"security": "ssl"}, "security"),
    ],
)
def test_settings_that_could_not_work_or_would_leak_are_refused(told: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why) as raised:
        MailSettings(**{"host": "thu.example", "sender": SENDER, **told})
    assert "mật khẩu" not in str(raised.value)


def test_without_a_host_nothing_is_asked_for() -> None:
    assert MailSettings().host == ""
