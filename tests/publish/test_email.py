"""The digest on its way: what an issue holds, to whom it goes, and what a mail server does to it."""

import asyncio
import base64
import logging
from datetime import timedelta
from typing import Any
from uuid import UUID

import dkim  # type: ignore[import-untyped]
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from sqlalchemy import text

from libs.common.models.enums import Role
from libs.common.testing.make import Make
from services.publish.adapters.base import Deleted, StillLive
from services.publish.readers import jobs, sending
from tests.publish.newsroom import API
from tests.publish.officers import Officers
from tests.publish.readers import DAY, Office
from tests.publish.test_corrections import correction, released
from tests.publish.test_urgent import approve, written

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
pytestmark = pytest.mark.mission("M36")


async def adapter_of(office: Office) -> Any:
    return office.room.resources.open(office.channel)


async def test_a_digest_goes_to_each_reader_at_its_time_and_once(office: Office) -> None:
    await office.subscribe("an@mot.example", "binh@hai.example")
    await office.published(title="Tuyến 32 đổi đường")
    await office.published(title="Cấp nước phường Láng")
    await office.send()
    assert office.box.to == [], "not before 17:00"
    office.room.clock.advance(5 * HOUR)
    await office.send()
    assert sorted(office.box.to) == ["an@mot.example", "binh@hai.example"]
    letter = office.box.letters[0][1]
    assert str(letter["Subject"]) == "[Bản tin hằng ngày] Tuyến 32 đổi đường và 1 tin khác"
    for part in (letter.get_body(("plain",)), letter.get_body(("html",))):
        assert part is not None
        assert "Cấp nước phường Láng" in part.get_content()
    assert await office.states() == ["handed_over", "handed_over"]
    await office.at_closing_time()
    assert len(office.box.letters) == 2, "nothing new, nothing sent"
    issues = (await office.seen("/issues"))["items"]
    assert [(one["number"], one["letters"]) for one in issues] == [(1, {"handed_over": 2})]
    assert issues[0]["finished_at"]


async def test_the_headers_that_the_big_providers_ask_for(office: Office, dkim_key: Any) -> None:
    await office.subscribe("an@mot.example")
    await office.published(title="Tuyến 32 đổi đường " + "rất dài " * 20)
    await office.at_closing_time()
    letter, raw = office.box.letters[0][1], office.box.raw[0]
    assert str(letter["From"]) == "Bản tin hằng ngày <tin@tin.example.vn>"
    assert "hang-ngay.tin.example.vn" in str(letter["List-Id"])
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert letter["List-Unsubscribe"].startswith("<https://tin.example.vn/nhan-tin/thoi/")
    assert (letter["Auto-Submitted"], letter["Precedence"]) == ("auto-generated", "bulk")
    assert letter["Feedback-ID"] == "1:hang-ngay:digest:lantoa"
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert raw.isascii()
    assert office.box.senders[0].startswith("b-")
    assert office.box.senders[0].endswith("@tra.tin.example.vn")
    assert dkim.verify(raw, dnsfunc=published_key(dkim_key))
    signed = str(letter["DKIM-Signature"]).replace(" ", "").replace("\n", "")
    assert "c=relaxed/relaxed" in signed
    assert "list-unsubscribe:list-unsubscribe-post" in signed
    forged = raw.replace(b"List-Unsubscribe-Post: List-Unsubscribe=One-Click", b"List-Unsubscribe-Post: no")
    assert forged != raw
    assert not dkim.verify(forged, dnsfunc=published_key(dkim_key))


def published_key(path: Any) -> Any:
    """What DNS answers for the selector, and for nothing else."""
    der = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    public = load_pem_private_key(path.read_bytes(), None).public_key().public_bytes(*der)
    record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)

    def answer(name: bytes, timeout: int = 5) -> bytes | None:
        return record if name.rstrip(b".") == b"s1._domainkey.example.vn" else None

    return answer


async def test_a_letter_is_the_same_letter_whoever_writes_it(office: Office) -> None:
    """Greylisted once: what is sent again has the same Message-ID, and one letter arrives."""
    await office.subscribe("an@mot.example")
    await office.published()
    office.box.data = "451 4.7.1 try later"
    await office.at_closing_time()
    assert (await office.states(), office.box.letters) == (["queued"], [])
    await office.send()
    assert office.box.letters == [], "not before its time"
    office.box.data = None
    office.room.clock.advance(16 * MINUTE)
    await office.send()
    assert await office.states() == ["handed_over"]
    rows = await office.rows("digest_sends")
    [(_, letter)] = office.box.letters
    assert str(letter["Message-ID"]).strip("<>").partition("@")[0] in rows


@pytest.mark.slow
async def test_after_three_days_of_later_it_is_over(office: Office) -> None:
    await office.subscribe("an@mot.example")
    await office.published()
    office.box.answers["an@mot.example"] = "450 4.2.0 busy"
    await office.at_closing_time()
    for _ in range(8):
        office.room.clock.advance(DAY / 2)
        await office.send()
    assert await office.states() == ["refused"]
    early, late = await office.tasks()
    assert "chưa giao được" in early.title
    assert "1 thư bị từ chối" in late.title
    assert (await office.seen())["readers"]["confirmed"] == 1, "a server that is busy says nothing about the mailbox"


async def test_an_answer_that_was_lost_is_never_sent_again(office: Office) -> None:
    await office.subscribe("an@mot.example", "binh@hai.example")
    await office.published()
    office.box.hangs_up = True
    await office.at_closing_time()
    assert len(office.box.letters) == 2, "both arrived, and nobody knows"
    assert await office.states() == ["unclear", "unclear"]
    office.box.hangs_up = False
    for _ in range(5):
        await office.at_closing_time()
    assert len(office.box.letters) == 2
    [task] = await office.tasks()
    assert "2 thư không rõ đã tới chưa" in task.title, "one task in total"
    assert (await office.finish(task, outcome="done")).status_code == 200


async def test_a_worker_that_dies_with_letters_in_hand_leaves_them_unclear(office: Office) -> None:
    await office.subscribe("an@mot.example")
    await office.published()
    office.room.clock.advance(DAY)
    while await jobs.close_issues(office.room.context):
        pass

    async def die(point: str) -> None:
        raise KeyboardInterrupt(point)

    object.__setattr__(office.room.resources, "checkpoint", die)
    with pytest.raises(KeyboardInterrupt):
        await jobs.send_letters(office.room.context)
    assert await office.states() == ["sending"]

    async def go_on(point: str) -> None:
        pass

    object.__setattr__(office.room.resources, "checkpoint", go_on)
    office.room.clock.advance(HOUR)
    await office.send()
    await office.at_closing_time()
    assert (await office.states(), office.box.letters) == (["unclear"], [])


async def test_workers_side_by_side_send_each_letter_once(office: Office) -> None:
    addresses = [f"b{n}@h{n}.example" for n in range(12)]
    office.room.resources.sender.settings.at_once = 1  # type: ignore[union-attr]
    await office.subscribe(*addresses)
    await office.published()
    office.room.clock.advance(DAY)
    context = office.room.context
    closed = await asyncio.gather(*(jobs.close_issues(context) for _ in range(3)))
    assert sum(closed) == 1
    await asyncio.gather(*(jobs.send_letters(context) for _ in range(4)))
    assert sorted(office.box.to) == sorted(addresses)


async def test_a_removal_waits_for_letters_that_are_being_taken(office: Office) -> None:
    """Whichever comes first: what is said to be in no letter is in none."""
    await office.subscribe("an@mot.example")
    await office.published(title="Tin sai")
    office.room.clock.advance(DAY)
    await jobs.close_issues(office.room.context)
    adapter, res = await adapter_of(office), office.room.resources
    [told] = await delivery_ids(office)
    assert res.sender is not None
    assert res.vault is not None
    async with office.room.worker_db.transaction() as session:
        claimed = await sending.claim_letters(session, res.sender, res.vault, office.room.clock.now())
        removal = asyncio.create_task(adapter.delete(told))
        await asyncio.sleep(0.2)
        assert not removal.done()
    assert [item["title"] for item in claimed[0].issue.items] == ["Tin sai"]
    assert isinstance(await removal, StillLive)


@pytest.mark.parametrize("no", ["550 5.1.1 no such mailbox", "550 5.2.1 closed"])
async def test_a_mailbox_that_is_not_there_is_erased_and_never_asked_again(office: Office, no: str) -> None:
    await office.subscribe("an@mot.example", "binh@hai.example")
    await office.published()
    office.box.answers["an@mot.example"] = no
    await office.at_closing_time()
    assert await office.states() == ["handed_over", "refused"]
    assert (await office.seen())["readers"] == {
        "pending": 0, "confirmed": 1, "unsubscribed": 0, "bounced": 1, "complained": 0
    }  # fmt: skip
    office.box.answers.clear()
    assert (await office.ask("AN@mot.example")).status_code == 200
    await office.asked()
    assert "an@mot.example" not in [to.lower() for to in office.box.to]


@pytest.mark.slow
async def test_what_is_refused_because_of_us_ends_nobody(office: Office) -> None:
    await office.subscribe("an@mot.example")
    for number in range(4):
        await office.published(title=f"Tin số {number}")
        office.box.data = "550 5.7.1 blocked by policy"
        await office.at_closing_time()
    assert await office.states() == ["refused"] * 4
    assert (await office.seen())["readers"]["confirmed"] == 1


@pytest.mark.slow
async def test_a_mailbox_that_stays_full_is_left_alone(office: Office) -> None:
    await office.subscribe("an@mot.example")
    for number in range(3):
        assert (await office.seen())["readers"]["confirmed"] == 1
        await office.published(title=f"Tin số {number}")
        office.box.answers["an@mot.example"] = "552 5.2.2 full"
        await office.at_closing_time()
    assert (await office.seen())["readers"]["bounced"] == 1
    assert await office.rows("mail_suppressions") == "", "not for ever"


@pytest.mark.slow
async def test_one_provider_gets_so_many_letters_a_minute(office: Office) -> None:
    office.room.resources.sender.settings.per_domain = 2  # type: ignore[union-attr]
    await office.subscribe(*(f"b{n}@lon.example" for n in range(5)), "an@nho.example")
    await office.published()
    await office.at_closing_time()
    assert sorted(to.partition("@")[2] for to in office.box.to) == ["lon.example", "lon.example", "nho.example"]
    for sent in (5, 6):
        office.room.clock.advance(61 * timedelta(seconds=1))
        await office.send()
        assert len(office.box.to) == sent
    assert len(set(office.box.to)) == 6


# --- what an issue says ---


async def test_urgent_news_does_not_wait(office: Office, officers: Officers, make: Make) -> None:
    await office.subscribe("an@mot.example")
    await office.published(title="Tin thường")
    author, other = await officers.on_duty(Role.EDITOR), await officers.on_duty(unit_id=(await make.unit()).id)
    channels = [str(office.room.bulletin.id), str(office.channel.id)]
    made = await written(office.room, author, title="Khẩn: vỡ đê", channel_ids=channels)
    for who in (author, other):
        assert (await approve(office.room, made, who)).status_code == 200
    await office.room.deliver()
    await office.send()
    assert office.box.subjects == ["[Bản tin hằng ngày] Khẩn: vỡ đê"]
    await office.at_closing_time()
    assert office.box.subjects[1:] == ["[Bản tin hằng ngày] Tin thường"]


@pytest.mark.mission("M30")
async def test_taken_back_in_time_nobody_reads_it(office: Office) -> None:
    await office.subscribe("an@mot.example")
    made = await office.published(title="Tin sai")
    await office.room.act("withdraw", made, office.room.speaker, reason="Sai thông tin")
    await office.room.take_down()
    assert {d["state"] for d in (await office.room.read(made))["deliveries"]} == {"withdrawn"}
    await office.at_closing_time()
    assert office.box.letters == []


@pytest.mark.mission("M30")
async def test_withdrawn_while_letters_go_out_the_rest_does_not_say_it(office: Office) -> None:
    """And what has gone is told truthfully: so many letters, a person's task, and a notice in the next issue."""
    office.room.resources.sender.settings.per_domain = 1  # type: ignore[union-attr]
    await office.subscribe("an@mot.example", "binh@mot.example")
    wrong = await office.published(title="Tin sai")
    await office.published(title="Tin đúng")
    await office.at_closing_time()
    assert len(office.box.letters) == 1
    await office.room.act("withdraw", wrong, office.room.speaker, reason="Sai thông tin")
    await office.room.take_down()
    states = {d["state"] for d in (await office.room.read(wrong))["deliveries"]}
    assert states == {"withdrawn", "withdrawing"}
    [task] = await office.tasks()
    assert "1 thư của số 1" in task.title
    office.room.clock.advance(2 * MINUTE)
    await office.send()
    assert [office.box.letters[n][1].get_body(("plain",)).get_content().count("Tin sai") for n in (0, 1)] == [1, 0]  # type: ignore[union-attr]
    office.room.clock.advance(DAY)
    await office.send()
    assert office.box.subjects[-1] == "[Bản tin hằng ngày] Tin đã rút: Tin sai"
    assert "xin đừng dùng" in office.box.letters[-1][1].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    gone = await office.room.client.get("/nhan-tin/hang-ngay")
    assert "Tin sai" in gone.text
    assert "Đã rút" in gone.text
    shown = "https://tin.example.vn/nhan-tin/hang-ngay"
    assert (await office.finish(task, outcome="removed", evidence_url=shown)).status_code == 200
    assert {d["state"] for d in (await office.room.read(wrong))["deliveries"]} == {"withdrawn"}


async def test_what_the_adapter_says_of_a_removal(office: Office) -> None:
    await office.subscribe("an@mot.example")
    await office.published(title="Tin một")
    adapter = await adapter_of(office)
    [sent] = await delivery_ids(office)
    await office.at_closing_time()
    told = await adapter.delete(sent)
    assert isinstance(told, StillLive)
    assert told.needs_person
    assert (await adapter.status(sent)).is_live is None, "nobody sees into mailboxes"
    [metric] = (await adapter.metrics([sent]))[sent]
    assert metric.value == 1
    nothing = await adapter.delete(str(UUID(int=1)))
    assert isinstance(nothing, Deleted)


async def delivery_ids(office: Office) -> list[str]:
    async with office.room.db.transaction() as session:
        query = text("SELECT delivery_id::text FROM digest_items WHERE kind = 'news' ORDER BY id")
        return list(await session.scalars(query))


async def test_a_correction_in_time_replaces_and_later_stands_beside(office: Office) -> None:
    await office.subscribe("an@mot.example")
    first = await office.published(title="Tuyến 32 nghỉ")
    await correct(office, first, "Tuyến 32 vẫn chạy")
    await office.at_closing_time()
    assert office.box.subjects == ["[Bản tin hằng ngày] Đính chính: Tuyến 32 vẫn chạy"]
    second = await office.published(title="Tuyến 33 nghỉ")
    await office.at_closing_time()
    await correct(office, second, "Tuyến 33 vẫn chạy")
    await office.at_closing_time()
    assert office.box.subjects[1:] == [
        "[Bản tin hằng ngày] Tuyến 33 nghỉ",
        "[Bản tin hằng ngày] Đính chính: Tuyến 33 vẫn chạy",
    ]


async def correct(office: Office, original: dict[str, Any], title: str) -> None:
    made = await correction(office.room, original, title=title)
    await released(office.room, made)
    await office.room.deliver()
    assert {d["state"] for d in (await office.room.read(made))["deliveries"]} == {"published"}


async def test_nothing_leaves_in_a_pause(office: Office) -> None:
    await office.subscribe("an@mot.example")
    await office.published(title="Tin đang chờ")
    paused = await office.room.client.post(
        f"{API}/pauses", json={"reason": "Có người chiếm tài khoản"}, headers=office.room.speaker
    )
    assert paused.status_code == 201, paused.text
    await office.at_closing_time()
    assert office.box.letters == []


@pytest.mark.slow
async def test_more_than_an_issue_holds_goes_in_the_next(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.publish.readers.rules.MOST_ITEMS", 2)
    await office.subscribe("an@mot.example")
    for number in range(3):
        await office.published(title=f"Tin số {number}")
    await office.at_closing_time()
    assert office.box.subjects == [
        "[Bản tin hằng ngày] Tin số 0 và 1 tin khác",
        "[Bản tin hằng ngày] Tin số 2",
    ]


async def test_the_preview_is_what_is_sent(office: Office) -> None:
    await office.subscribe("an@mot.example")
    await office.published(title="Tuyến 32 đổi đường")
    shown = await office.seen("/next")
    await office.at_closing_time()
    letter = office.box.letters[0][1]
    assert shown["subject"] == str(letter["Subject"])
    sent = letter.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    mine, theirs = shown["text"].splitlines(), sent.splitlines()
    assert [line for line in mine if "Thôi nhận" not in line and "số 1," not in line] == [
        line for line in theirs if "Thôi nhận" not in line and "số 1," not in line
    ]


async def test_without_a_key_that_signs_nothing_leaves(office: Office) -> None:
    await office.subscribe("an@mot.example")
    await office.published()
    object.__setattr__(office.room.resources.sender, "signer", None)
    await office.at_closing_time()
    assert office.box.letters == []
    assert "DKIM" in (await office.seen())["not_sending"]


@pytest.mark.mission("M37")
async def test_nothing_is_told_of_a_reader(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    await office.subscribe("an.nguyen@mot.example", "binh@hai.example")
    await office.published()
    office.box.answers = {"an.nguyen@mot.example": "550 5.1.1 <an.nguyen@mot.example> unknown"}
    await office.at_closing_time()
    tables = ("mail_subscriptions", "digest_sends", "tasks", "notifications", "outbox", "audit_log", "channels")
    rows = "\n".join([await office.rows(table) for table in tables])
    for word in ("an.nguyen", "binh@", "hai.example"):
        assert word not in rows
        assert not [one for one in caplog.records if not one.name.startswith("mail.log") and word in one.getMessage()]


async def test_only_staff_see_the_totals(office: Office) -> None:
    for path in ("", "/next", "/issues"):
        url = f"{API}/channels/{office.channel.id}/digest{path}"
        assert (await office.room.client.get(url)).status_code == 401
