"""The mailbox that citizens write to, against a real IMAP server: each letter once, and answers that never loop."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError
from sqlalchemy import text

from libs.common import models as m
from libs.common.jobs import JobContext
from services.ingest.mailbox.imap import Mailbox, MailboxAway
from services.ingest.mailbox.jobs import read_mailbox
from services.ingest.mailbox.reading import Unwanted, own_words, read_letter
from services.ingest.mailbox.replies import MOST, DailyReplies
from services.ingest.mailbox.service import Reader
from services.ingest.mailbox.settings import MailboxSettings
from services.ingest.resources import Resources, open_resources
from services.ingest.settings import FeedbackSettings
from tests.common.letterbox import SENDER, Letterbox, running_letterbox
from tests.ingest.conftest import DeskWith
from tests.ingest.desk import Desk
from tests.ingest.imap_server import Post, running_post

WHO, ADDRESS = "Nguyễn Thị Bí Mật", "bimat.nguyen@thu.example"


def letter(subject: str = "Ngập nước", body: str = "Đường ngập, gọi tôi 0912 345 678.", **headers: str) -> EmailMessage:
    made = EmailMessage()
    told = {
        "From": f"{WHO} <{ADDRESS}>",
        "To": SENDER,
        "Subject": subject,
        "Message-ID": f"<{subject.encode().hex()}@x.vn>",
    }
    for header, value in (told | {key.replace("_", "-"): value for key, value in headers.items()}).items():
        made[header] = value
    made.set_content(body)
    return made


# --- one letter ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"Auto_Submitted": "auto-replied"}, Unwanted.AUTOMATIC),
        ({"Auto_Submitted": "auto-generated; owner-email=a@b.vn"}, Unwanted.AUTOMATIC),
        ({"X_Autoreply": "yes"}, Unwanted.AUTOMATIC),
        ({"Return_Path": "<>"}, Unwanted.BOUNCE),
        ({"From": "MAILER-DAEMON@thu.example"}, Unwanted.BOUNCE),
        ({"X_Spam_Flag": "YES"}, Unwanted.SPAM),
        ({"X_Spam_Status": "Yes, score=9.1"}, Unwanted.SPAM),
        ({"List_Id": "<tin.example>"}, Unwanted.LIST),
        ({"Precedence": "bulk"}, Unwanted.LIST),
        ({"From": f"Lan Tỏa <{SENDER}>"}, Unwanted.OWN),
        ({"Auto_Submitted": "no"}, None),
        ({"X_Spam_Status": "No, score=0.1"}, None),
    ],
)
def test_what_no_person_wrote_to_us_reports_nothing(headers: dict[str, str], why: Unwanted | None) -> None:
    told = read_letter(bytes(letter(**headers)), SENDER)
    assert told.unwanted == why
    assert bool(told.text or told.address) is (why is None)


def test_a_letter_reports_its_own_words_and_its_sender_apart() -> None:
    answered = "Đã ba ngày rồi.\n\nVào 24 thg 11, 2026 lúc 08:00 Lan Tỏa <x@y.vn> đã viết:\n> Đã nhận\n> phản ánh\n"
    told = read_letter(bytes(letter("Re: Fwd: Ngập nước", answered)))
    assert (told.subject, told.text, told.name, told.address) == ("Ngập nước", "Đã ba ngày rồi.", WHO, ADDRESS)
    assert WHO not in repr(told)
    assert ADDRESS not in repr(told)


@pytest.mark.parametrize(
    ("body", "own"),
    [
        ("Một\n> hai\nBa", "Một\nBa"),
        ("Một\n-- \nNguyễn Văn A\n0912", "Một"),
        ("Một\n-----Original Message-----\nTừ: x", "Một"),
        ("Một\n________________________________\nFrom: x", "Một"),
        ("Một\nFrom: A <a@b.vn>\nSent: Monday\nCũ", "Một"),
        ("Từ: bến xe Mỹ Đình\nđến cầu Giấy bị tắc", "Từ: bến xe Mỹ Đình\nđến cầu Giấy bị tắc"),
        ("On Monday you wrote:\n> chỉ có trích dẫn", "On Monday you wrote:\n> chỉ có trích dẫn"),
    ],
)
def test_quotes_and_signatures_are_left_out_where_words_remain(body: str, own: str) -> None:
    assert own_words(body) == own


def test_html_is_read_as_text_and_attachments_not_at_all() -> None:
    made = letter()
    made.set_content("<p>Cây <b>đổ</b></p><script>alert(1)</script>", subtype="html")
    made.add_attachment("Tệp đính kèm", filename="a.txt")
    assert read_letter(bytes(made)).text == "Cây đổ"


def test_a_letter_of_before_unicode_is_read() -> None:
    head = b"From: a@b.vn\r\nSubject: x\r\nContent-Type: text/plain; charset=windows-1258\r\n\r\n"
    body = "Cây đô\u0309 ngang đươ\u0300ng\r\n".encode("cp1258")
    assert read_letter(head + body).text == "Cây đổ ngang đường"


def nested(depth: int) -> bytes:
    head = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(depth))
    return b"From: a@b.vn\r\nSubject: x\r\n" + head + b"Content-Type: text/plain\r\n\r\nsau\r\n"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff" * 1000,
        nested(300),
        b"From: " + b"a" * 60_000 + b"\r\n\r\nx",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 2_000,
        b"Subject: =?utf-8?b?" + b"4buH" * 5000 + b"?=\r\n\r\n",
        b"Content-Type: text/plain; charset=rot13\r\n\r\nx",
        b"Content-Transfer-Encoding: base64\r\n\r\n!!!!",
    ],
    ids=["empty", "junk", "deep", "endless header", "many parts", "long word", "odd charset", "no base64"],
)
def test_no_letter_is_more_than_unreadable(data: bytes) -> None:
    assert len(read_letter(data).text) <= 20_000


HEADS = [b"", b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n", b"Subject: "]


@examples(max_examples=40, deadline=None)
@given(st.binary(max_size=600), st.sampled_from(HEADS))
def test_any_bytes_are_a_letter_or_none(data: bytes, head: bytes) -> None:
    told = read_letter(head + data)
    assert "\x00" not in told.text + told.subject


def test_one_answer_a_day_and_not_without_end() -> None:
    replies = DailyReplies()
    today = date(2026, 11, 24)
    assert [replies.allow(who, today) for who in ("a@b.vn", "A@B.vn", "c@b.vn")] == [True, False, True]
    assert replies.allow("a@b.vn", today + timedelta(days=1))
    assert "a@b" not in repr(replies)
    assert sum(replies.allow(f"{n}@b.vn", today) for n in range(MOST + 10)) == MOST


@pytest.mark.parametrize(
    "told",
    [
        {"host": "thu.example"},
        {"host": "thu.example", "username": "u", "password": ""},
        {"host": "thu.example", "username": "u", "password": "é"},
        {"host": "thu.example", "username": "u", "password": "p", "security": "none"},
        {"host": "", "folder": 'a"b'},
    ],
)
def test_a_mailbox_is_set_whole_or_not_at_all(told: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        MailboxSettings(**told)


# --- the mailbox --------------------------------------------------------------------------------------------


@dataclass
class Office:
    desk: Desk
    post: Post
    outbox: Letterbox
    held: Resources

    async def read(self) -> int:
        context = JobContext(self.desk.worker_db, self.desk.clock, self.held, asyncio.Event())
        done = 0
        while letters := await read_mailbox(context):
            done += letters
        return done

    async def subjects(self) -> list[str]:
        return [case.subject for case in await self.desk.cases()]


@pytest.fixture
async def post(tmp_path: Path) -> AsyncIterator[Post]:
    async with running_post(tmp_path) as post:
        yield post


@pytest.fixture
async def office(post: Post, desk_with: DeskWith) -> AsyncIterator[Office]:
    async with running_letterbox() as outbox:
        desk = await desk_with(
            mailbox=post.settings(folder="Phan-anh"),
            mail=outbox.settings(),
            feedback=FeedbackSettings(key=SecretStr("k" * 40)),
        )
        async with open_resources(desk.settings, desk.worker_db, desk.clock) as held:
            yield Office(desk, post, outbox, held)


@pytest.mark.mission("D04", "M10", "M37")
async def test_letters_become_cases_once_and_their_senders_are_answered_once_a_day(office: Office) -> None:
    await office.post.put(letter("Ngập nước"), letter("Vắng nhà", Auto_Submitted="auto-replied"))
    assert await office.read() == 2
    await office.post.put(letter("Cây đổ"), letter("Thư rác", X_Spam_Flag="YES"))
    assert await office.read() == 2
    assert await office.read() == 0
    cases = await office.desk.cases()
    assert [(case.channel, case.subject) for case in cases] == [("mail", "Ngập nước"), ("mail", "Cây đổ")]
    assert cases[0].body == "Đường ngập, gọi tôi [số điện thoại]."
    assert await office.post.seen() == [True] * 4
    assert office.outbox.to == [ADDRESS]
    assert cases[0].reference in office.outbox.text()
    assert "ngập" not in office.outbox.text().lower()
    assert str(office.outbox.letters[0][1]["Auto-Submitted"]) == "auto-generated"
    assert await office.desk.count(m.CaseContact) == 2
    held = await everything(office)
    assert not any(planted in held for planted in (WHO, ADDRESS, "0912 345 678"))


async def everything(office: Office) -> str:
    async with office.desk.db.transaction() as session:
        tables = [table.name for table in m.Base.metadata.sorted_tables]
        found = [list(await session.scalars(text(f'SELECT t::text FROM "{name}" t'))) for name in tables]
    return "\n".join(row for rows in found for row in rows)


@pytest.mark.slow
async def test_a_letter_whose_case_was_not_kept_is_read_again(office: Office) -> None:
    await office.read()
    await office.post.put(letter("Một"), letter("Hai"))
    async with office.desk.db.transaction() as session:
        rule = "ALTER TABLE feedback_cases ADD CONSTRAINT later CHECK (subject <> 'Hai') NOT VALID"
        await session.execute(text(rule))
    with pytest.raises(Exception, match="later"):
        await office.read()
    assert await office.subjects() == ["Một"]
    async with office.desk.db.transaction() as session:
        await session.execute(text("ALTER TABLE feedback_cases DROP CONSTRAINT later"))
    assert await office.read() == 1
    assert await office.subjects() == ["Một", "Hai"]


@pytest.mark.slow
async def test_a_mailbox_that_counts_anew_brings_nothing_twice(office: Office) -> None:
    await office.post.put(letter("Một"))
    assert await office.read() == 1
    await office.post.folder_again()
    await office.post.put(letter("Một"), letter("Hai"))
    await office.read()
    assert await office.subjects() == ["Một", "Hai"]


@pytest.mark.slow
async def test_two_readers_of_one_mailbox_take_each_letter_once(office: Office) -> None:
    await office.read()
    await office.post.put(*(letter(f"Thư {n}") for n in range(6)))
    reader = Reader(office.desk.worker_db, office.desk.clock, office.held)
    await asyncio.gather(reader.read(), reader.read())
    assert sorted(await office.subjects()) == [f"Thư {n}" for n in range(6)]


async def test_a_server_that_is_not_the_one_it_should_be_is_told_nothing(post: Post, desk: Desk) -> None:
    for wrong in ({"ca_file": None}, {"password": SecretStr("khac")}, {"port": 1}, {"folder": "Khong-co"}):
        with pytest.raises(MailboxAway) as away:
            async with Mailbox(post.settings(**({"folder": "Phan-anh"} | wrong))):
                pass
        assert "khac" not in str(away.value)
    async with open_resources(desk.settings, desk.worker_db, desk.clock) as held:
        assert await read_mailbox(JobContext(desk.worker_db, desk.clock, held, asyncio.Event())) == 0
