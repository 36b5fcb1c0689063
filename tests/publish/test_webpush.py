"""Web push: what browsers show, however their push services behave, and what a take-down may call done."""

import json
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings

from libs.common import models as m
from libs.common.models.enums import Role
from services.publish.adapters.base import Deleted, Draft, NotPostable, StillLive
from services.publish.push import jobs, queries, rules
from services.publish.push.encryption import MOST_PLAINTEXT
from tests.publish.conformance.drafts import drafts, unconnected
from tests.publish.newsroom import API
from tests.publish.officers import Officers
from tests.publish.pushing import TOPIC, PushRoom
from tests.publish.test_corrections import correction, released

MINUTE = timedelta(minutes=1)
URGENT = {"is_urgent": True, "urgent_reason": "Cầu có vết nứt, cần báo ngay cho người đi đường"}


async def test_a_notice_stands_on_every_screen_that_asked(pushroom: PushRoom) -> None:
    await pushroom.subscribed("dien-thoai", "may-tinh")
    await pushroom.published(title="Cầu Long Biên cấm xe từ 22 giờ")
    assert await pushroom.turn() == 2
    screens = await pushroom.screens("Cầu Long Biên")
    assert set(screens) == {"dien-thoai", "may-tinh"}
    assert screens["may-tinh"].startswith("Cầu Long Biên cấm xe từ 22 giờ\n\n")
    [notice] = await pushroom.notices()
    assert (notice.wanted, notice.accepted, notice.finished_at is not None) == (2, 2, True)
    sent = [entry["data"] for entry in await pushroom.entries("send")]
    assert {(one["topic"], one["urgency"]) for one in sent} == {(rules.tag_of(notice.thread), "normal")}
    assert all(0 < one["ttl"] <= 86_400 and one["bytes"] <= 4096 for one in sent)
    assert not await pushroom.entries("unreadable")


async def test_what_is_urgent_goes_first_and_says_so(pushroom: PushRoom, officers: Officers) -> None:
    await pushroom.subscribed("may")
    await pushroom.published(title="Tin thường")
    author, other = await officers.on_duty(Role.EDITOR), await officers.on_duty()
    room, ids = pushroom.room, [str(pushroom.channel.id)]
    body = {"title": "Sơ tán vùng trũng", "body": "Rời vùng trũng ngay.", "channel_ids": ids, **URGENT}
    made = (await room.client.post(f"{API}/publications", json=body, headers=author.headers)).json()
    await room.act("submit", made, author.headers)
    for who in (author, other):
        await room.act("approve", made, who.headers, content_hash=made["content_hash"])
    await room.deliver()
    await pushroom.turn()
    sent = [entry["data"]["urgency"] for entry in await pushroom.entries("send")]
    assert sent == ["high", "normal"]
    assert "KHẨN: Sơ tán vùng trũng" in [entry["data"]["title"] for entry in await pushroom.entries("show")]


async def test_who_asked_for_another_topic_is_not_told(pushroom: PushRoom) -> None:
    other = await pushroom.room.client.post(
        "/api/publish/v1/channels",
        json={"kind": "webpush", "name": "Văn hóa", "address": "van-hoa", "settings": {"topic": "van-hoa"}},
        headers=pushroom.room.admin,
    )
    assert other.status_code == 201, other.text
    await pushroom.subscribed("khan")
    await pushroom.subscribed("van-hoa", topics=("van-hoa",))
    await pushroom.subscribed("ca-hai", topics=("van-hoa", TOPIC))
    await pushroom.published(title="Tin CHU-DE")
    await pushroom.turn()
    assert set(await pushroom.screens("CHU-DE")) == {"khan", "ca-hai"}


async def test_nothing_is_sent_before_it_is_seen_to_be_put(pushroom: PushRoom) -> None:
    """A notice whose delivery is still in doubt goes to nobody."""
    await pushroom.subscribed("may")
    made = await pushroom.published(title="Tin CHUA-CHAC")
    async with pushroom.room.db.transaction() as session:
        (await session.get_one(m.Delivery, (await pushroom.delivery(made)).id)).state = "unknown"
    assert await pushroom.turn() == 0
    async with pushroom.room.db.transaction() as session:
        (await session.get_one(m.Delivery, (await pushroom.delivery(made)).id)).state = "published"
    assert await pushroom.turn() == 1


async def test_a_pause_holds_back_what_is_not_sent_yet(pushroom: PushRoom) -> None:
    await pushroom.subscribed("may", "khac")
    await pushroom.published(title="Tin TAM-DUNG")
    await jobs.name_browsers(pushroom.room.context)
    paused = await pushroom.room.client.post(
        f"{API}/pauses", json={"reason": "Rà soát lại mọi tin"}, headers=pushroom.room.speaker
    )
    assert paused.is_success, paused.text
    assert await pushroom.turn() == 0
    for who in (pushroom.room.speaker, pushroom.room.second_speaker):
        path = f"{API}/pauses/{paused.json()['id']}/resume"
        answer = await pushroom.room.client.post(path, json={}, headers=who)
        assert answer.is_success, answer.text
    assert await pushroom.turn() == 2


# --- what push services answer ---


@pytest.mark.parametrize("kind", ["executed_response_lost", "not_executed_timeout"])
async def test_a_lost_answer_is_sent_again_and_still_one_notice(pushroom: PushRoom, kind: str) -> None:
    await pushroom.subscribed("may")
    await pushroom.fault(kind, seconds=0.2)
    await pushroom.published(title="Tin MAT-TRA-LOI")
    assert await pushroom.turn() == 1
    [send] = await pushroom.sends()
    assert (send.state, send.status) == ("queued", None)
    await pushroom.advance(MINUTE)
    assert await pushroom.turn() == 1
    assert len(await pushroom.screens("MAT-TRA-LOI")) == 1
    shown = [entry["effect"] for entry in await pushroom.entries("show")]
    assert shown == (["created", "updated"] if kind == "executed_response_lost" else ["created"])
    [notice] = await pushroom.notices()
    assert (notice.accepted, notice.finished_at is not None) == (1, True)


async def test_a_repeat_replaces_what_still_waits_for_a_browser_that_is_off(pushroom: PushRoom) -> None:
    await pushroom.subscribed("may", online=False)
    await pushroom.fault("executed_response_lost")
    await pushroom.published(title="Tin DANG-TAT")
    await pushroom.turn()
    await pushroom.advance(MINUTE)
    await pushroom.turn()
    assert len(await pushroom.entries("send")) == 2
    await pushroom.browser("may", online=True)
    assert [entry["effect"] for entry in await pushroom.entries("show")] == ["created"]


@pytest.mark.parametrize("status", ["expired", "unknown"])
async def test_who_is_gone_is_erased(pushroom: PushRoom, status: str) -> None:
    await pushroom.subscribed("con", "het")
    await pushroom.browser("het", status=status)
    await pushroom.published(title="Tin CON-HET")
    await pushroom.turn()
    assert len(await pushroom.subscriptions()) == 1
    [notice] = await pushroom.notices()
    assert (notice.wanted, notice.accepted, notice.gone, notice.finished_at is not None) == (2, 1, 1, True)


async def test_a_push_service_that_wants_rest_is_let_rest(pushroom: PushRoom) -> None:
    """All its browsers wait with the one that was refused."""
    await pushroom.subscribed("mot", "hai", "ba")
    await pushroom.fault("throttle", seconds=300, times=3)
    await pushroom.published(title="Tin CHAM-LAI")
    first = await pushroom.turn()
    assert first >= 3
    await pushroom.advance(4 * MINUTE)
    assert await pushroom.turn() == 0
    assert not await pushroom.screens("CHAM-LAI")
    await pushroom.advance(2 * MINUTE)
    assert await pushroom.turn() == 3
    assert len(await pushroom.screens("CHAM-LAI")) == 3


async def test_a_server_error_is_tried_again_until_it_is_too_late(pushroom: PushRoom) -> None:
    await pushroom.subscribed("may")
    await pushroom.fault("http_status", status=503, times=100)
    await pushroom.published(title="Tin LOI-MAI")
    tries = 0
    for _ in range(40):
        tries += await pushroom.turn()
        await pushroom.advance(timedelta(hours=1))
    [notice] = await pushroom.notices()
    assert (notice.expired, notice.accepted, notice.finished_at is not None) == (1, 0, True)
    assert 20 < tries < 31, "with pauses that grow to an hour"


@pytest.mark.parametrize("status", [400, 403, 413])
async def test_a_refusal_is_not_repeated_and_the_channel_says_so(pushroom: PushRoom, status: int) -> None:
    await pushroom.subscribed("may")
    await pushroom.fault("http_status", status=status, times=10)
    await pushroom.published(title="Tin TU-CHOI")
    assert await pushroom.turn() == 1
    await pushroom.advance(timedelta(hours=2))
    assert await pushroom.turn() == 0
    [send] = await pushroom.sends()
    assert (send.state, send.status) == ("refused", status)
    health = await pushroom.room.resources.open(pushroom.channel).health()
    assert health.problem is not None
    assert "VAPID" in health.problem.vi


async def test_another_key_pair_is_refused_by_the_push_service(pushroom: PushRoom) -> None:
    """The sandbox checks tokens by code of its own."""
    await pushroom.subscribed(
        "may", server_key="BIQaoxgh6PsLeJlE6YUaplZF4Nv3J8bnmRrVEgPiT0-6zzDKHYMmvF_9Bd9CWUzTA4PSqHYcCTK6" + "X" * 11
    )
    await pushroom.published(title="Tin KHOA-KHAC")
    await pushroom.turn()
    [send] = await pushroom.sends()
    assert (send.state, send.status) == ("refused", 403)


# --- workers that die, and several of them ---


async def test_what_a_dead_worker_had_in_hand_is_sent_again(pushroom: PushRoom) -> None:
    await pushroom.subscribed("may")
    await pushroom.published(title="Tin CHET-GIUA-CHUNG")
    await jobs.name_browsers(pushroom.room.context)
    now = pushroom.room.clock.now()
    async with pushroom.room.worker_db.transaction() as session:
        [due] = await queries.claim(session, now, now + rules.LEASE, 10)
    assert await pushroom.turn() == 0
    await pushroom.advance(2 * MINUTE)
    assert await pushroom.turn() == 1
    assert len(await pushroom.screens("CHET-GIUA-CHUNG")) == 1
    async with pushroom.room.worker_db.transaction() as session:
        late = await queries.record(session, due, now, state="refused", status=400)
    assert not late, "a worker that comes back late changes nothing"


async def test_two_workers_share_the_work_and_tell_nobody_twice(pushroom: PushRoom) -> None:
    names = [f"may-{number}" for number in range(12)]
    await pushroom.subscribed(*names)
    await pushroom.published(title="Tin HAI-TIEN-TRINH")
    await jobs.name_browsers(pushroom.room.context)
    now = pushroom.room.clock.now()
    claimed = []
    async with pushroom.room.worker_db.transaction() as one, pushroom.room.db.transaction() as other:
        claimed += await queries.claim(one, now, now + rules.LEASE, 6)
        claimed += await queries.claim(other, now, now + rules.LEASE, 12)
    assert len(claimed) == len({due.subscription_id for due in claimed}) == 12


# --- corrections and take-downs ---


@pytest.mark.mission("M30")
async def test_a_correction_takes_the_place_of_what_it_corrects(pushroom: PushRoom) -> None:
    await pushroom.subscribed("may")
    original = await pushroom.published(title="Vé tháng xe buýt hết hạn từ mai")
    await pushroom.turn()
    await pushroom.subscribed("moi-den")
    await pushroom.advance(MINUTE)
    made = await correction(pushroom.room, original, title="Vé tháng xe buýt vẫn dùng được")
    await released(pushroom.room, made)
    await pushroom.room.deliver()
    assert (await pushroom.delivery(made)).platform_id == (await pushroom.delivery(original)).platform_id
    await pushroom.turn()
    screens = await pushroom.screens()
    assert set(screens) == {"may", "moi-den"}
    assert all(text.startswith("Đính chính: Vé tháng xe buýt vẫn dùng được") for text in screens.values())
    await pushroom.withdraw(made)
    await pushroom.turn()
    assert set(await pushroom.screens("đã được gỡ")) == {"may", "moi-den"}


async def test_a_take_down_before_anything_was_sent_tells_nobody(pushroom: PushRoom) -> None:
    await pushroom.subscribed("may")
    made = await pushroom.published(title="Tin GO-SOM")
    await pushroom.withdraw(made)
    await pushroom.turn()
    assert not await pushroom.entries("send")
    gone = await pushroom.delivery(made)
    assert gone.state == "withdrawn"
    assert gone.withdrawal_proof is not None


async def test_a_take_down_is_done_when_every_push_service_took_the_replacement(pushroom: PushRoom) -> None:
    await pushroom.subscribed("may", "dien-thoai")
    made = await pushroom.published(title="Tin GO-THAT", body="Lời không còn đúng.")
    await pushroom.turn()
    await pushroom.withdraw(made)
    waiting = await pushroom.delivery(made)
    assert waiting.state == "withdrawing"
    assert "0/2" in (waiting.error or "")
    await pushroom.fault("http_status", status=503)
    await pushroom.turn()
    await pushroom.advance(MINUTE)
    await pushroom.room.take_down()
    half = await pushroom.delivery(made)
    assert (half.state, "1/2" in (half.error or "")) == ("withdrawing", True)
    assert await pushroom.turn() == 1
    await pushroom.advance(MINUTE)
    await pushroom.room.take_down()
    gone = await pushroom.delivery(made)
    assert gone.state == "withdrawn"
    assert gone.withdrawal_proof is not None
    assert gone.withdrawal_proof["withdrawal"]["accepted"] == 2
    assert not await pushroom.screens("GO-THAT")
    assert set(await pushroom.screens("đã được gỡ")) == {"may", "dien-thoai"}
    assert (await pushroom.room.resources.open(pushroom.channel).status(str(gone.id))).is_live is None


async def test_a_replacement_that_nobody_took_is_a_persons_task(pushroom: PushRoom) -> None:
    await pushroom.subscribed("may")
    made = await pushroom.published(title="Tin KHONG-THAY-DUOC")
    await pushroom.turn()
    await pushroom.withdraw(made)
    await pushroom.fault("http_status", status=403, times=9)
    await pushroom.turn()
    adapter = pushroom.room.resources.open(pushroom.channel)
    left = await adapter.delete(str((await pushroom.delivery(made)).id))
    assert isinstance(left, StillLive)
    assert left.needs_person
    assert "1 trình duyệt" in left.reason.vi


async def test_what_was_queued_and_is_withdrawn_goes_to_nobody_any_more(pushroom: PushRoom) -> None:
    """One was told before, one was to be told again later: only the first gets the replacement."""
    await pushroom.subscribed("da-nhan")
    made = await pushroom.published(title="Tin NUA-CHUNG")
    await pushroom.turn()
    await pushroom.subscribed("moi-den")
    await pushroom.withdraw(made)
    await pushroom.turn()
    assert set(await pushroom.screens()) == {"da-nhan"}


async def test_an_old_notice_never_arrives_after_its_replacement(pushroom: PushRoom) -> None:
    """The worker that has the old one in hand stands still: the replacement waits until its lease is over."""
    await pushroom.subscribed("may")
    made = await pushroom.published(title="Tin DEN-MUON")
    await jobs.name_browsers(pushroom.room.context)
    now = pushroom.room.clock.now()
    async with pushroom.room.worker_db.transaction() as session:
        [old] = await queries.claim(session, now, now + rules.LEASE, 10)
    await pushroom.withdraw(made)
    assert await pushroom.turn() == 0
    await pushroom.push.send_all([old], now)
    await pushroom.advance(2 * MINUTE)
    assert await pushroom.turn() == 1
    assert set(await pushroom.screens("đã được gỡ")) == {"may"}
    assert not await pushroom.screens("DEN-MUON")


async def test_a_delivery_that_was_never_put_is_gone(pushroom: PushRoom) -> None:
    adapter = pushroom.room.resources.open(pushroom.channel)
    assert isinstance(await adapter.delete(str(uuid4())), Deleted)
    assert (await adapter.status(str(uuid4()))).is_live is False


# --- what is kept ---


async def test_who_was_sent_what_is_forgotten_after_a_month(pushroom: PushRoom) -> None:
    await pushroom.subscribed("may")
    made = await pushroom.published(title="Tin THANG-TRUOC")
    await pushroom.turn()
    await pushroom.advance(timedelta(days=31))
    await jobs.forget_browsers(pushroom.room.context)
    assert not await pushroom.sends()
    assert len(await pushroom.subscriptions()) == 1
    late = await pushroom.room.resources.open(pushroom.channel).delete(str((await pushroom.delivery(made)).id))
    assert isinstance(late, StillLive)
    await pushroom.turn()
    late = await pushroom.room.resources.open(pushroom.channel).delete(str((await pushroom.delivery(made)).id))
    assert isinstance(late, StillLive)
    assert late.needs_person, "nobody knows any more who has it"


async def test_figures_are_those_of_the_push_services(pushroom: PushRoom) -> None:
    await pushroom.subscribed("may", "khac")
    await pushroom.browser("khac", status="expired")
    made = await pushroom.published(title="Tin SO-LIEU")
    thread = str((await pushroom.delivery(made)).id)
    adapter = pushroom.room.resources.open(pushroom.channel)
    await jobs.name_browsers(pushroom.room.context)
    before = {metric.name: metric.value for metric in (await adapter.metrics([thread]))[thread]}
    assert before == {"accepted": 0, "waiting": 2, "failed": 0}
    await pushroom.turn()
    after = {metric.name: metric.value for metric in (await adapter.metrics([thread]))[thread]}
    assert after == {"accepted": 1, "waiting": 0, "failed": 0}
    path = f"/api/publish/v1/channels/{pushroom.channel.id}/push"
    told = (await pushroom.room.client.get(path, headers=pushroom.room.editor)).json()
    assert (told["browsers"], told["topic"], told["not_sending"]) == (1, TOPIC, None)
    assert [(one["accepted"], one["gone"]) for one in told["notices"]] == [(1, 1)]
    assert (await adapter.metrics([str(UUID(int=1))]))[str(UUID(int=1))][0].value is None


# --- what fits ---


@given(draft=drafts())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_notice_fits_into_one_record(draft: Draft) -> None:
    try:
        payload = unconnected("webpush").compose(draft).payload
    except NotPostable:
        return
    sent = rules.message(payload, UUID(int=1), UUID(int=2))
    assert len(sent) <= MOST_PLAINTEXT
    assert json.loads(sent)["notification"]["navigate"] == (draft.link or "https://tin.example.vn/")
