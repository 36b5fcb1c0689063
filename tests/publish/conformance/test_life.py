"""Every registered channel against its stage: a post's whole life, every way to fail, and not one secret told."""

import json
import logging
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import text

from libs.common import models as m
from services.publish.adapters.base import (
    Accepted,
    AuthRequired,
    Capabilities,
    Channel,
    ChannelError,
    Corrected,
    Deleted,
    Found,
    Health,
    NotFound,
    Outcome,
    Prepared,
    Published,
    Rejected,
    StillLive,
    Throttled,
    Undecidable,
    Unknown,
)
from tests.publish.conformance.case import KINDS, ChannelCase, case_of
from tests.publish.conformance.drafts import plain
from tests.publish.conformance.theatre import Armed, Theatre, next_number

TOLD = (Published, Accepted, Rejected, Throttled, AuthRequired, Unknown)
PLATFORMS = [kind for kind in KINDS if case_of(kind).platform is not None]
every = pytest.mark.parametrize("kind", KINDS)
every_platform = pytest.mark.parametrize("kind", PLATFORMS)


async def opened(theatre: Theatre, kind: str) -> tuple[ChannelCase, m.Channel, Channel]:
    channel = await theatre.account(case_of(kind), next_number())
    return case_of(kind), channel, theatre.opened(channel)


async def seen(theatre: Theatre, adapter: Channel, prepared: Prepared, platform_id: str | None = None) -> Found:
    """Looked for as the service does, until it is found: a platform may need a moment."""
    handle = {**prepared.as_handle(), "id": platform_id}
    found = await adapter.reconcile(handle)
    for _ in range(12):
        if isinstance(found, Found):
            break
        theatre.advance(timedelta(seconds=30))
        found = await adapter.reconcile(handle)
    assert isinstance(found, Found), found
    return found


async def committed(theatre: Theatre, adapter: Channel, armed: Armed) -> Published:
    done = await adapter.commit(armed.prepared)
    assert isinstance(done, Published), done
    json.dumps(done.proof)
    return done


@pytest.mark.mission("M18")
@every
async def test_a_post_lives_and_is_gone(theatre: Theatre, kind: str) -> None:
    case, channel, adapter = await opened(theatre, kind)
    armed = await theatre.armed(channel, title="Tin MOT-DOI")
    done = await committed(theatre, adapter, armed)
    found = await seen(theatre, adapter, armed.prepared, done.id)
    assert (found.id, found.duplicates) == (done.id, ())
    assert found.url.startswith("http")
    assert found.proof, "seen, and nothing kept of how"
    json.dumps(found.proof)
    assert len(await theatre.posts(case, "MOT-DOI")) == 1
    assert (await adapter.status(found.id)).is_live is True
    if adapter.capabilities().can_list:
        assert found.id in {post.id for post in await adapter.list_posts() or []}
    else:
        assert await adapter.list_posts() is None
    await _take_down(theatre, case, adapter, armed, found.id)
    assert not [post for post in await theatre.posts(case, "MOT-DOI") if case.platform]
    assert (await adapter.status(found.id)).is_live is False


async def _take_down(theatre: Theatre, case: ChannelCase, adapter: Channel, armed: Armed, platform_id: str) -> None:
    """The bulletin's page follows the publication, so it is withdrawn as a spokesperson does. Where the platform lets
    only people delete, one is asked, does it there, and it is seen to be gone."""
    room = theatre.newsroom
    answer = await room.act("withdraw", armed.publication, room.speaker, reason="Sai thông tin")
    assert answer.is_success, answer.text
    if not adapter.capabilities().can_delete:
        asked = await adapter.delete(platform_id)
        assert isinstance(asked, StillLive), asked
        assert asked.needs_person
        await theatre.post(f"{case.platform}/remove", post=platform_id)
    gone = await adapter.delete(platform_id)
    assert isinstance(gone, Deleted), gone
    assert gone.proof, "gone, and nothing kept of how it was seen"
    assert isinstance(await adapter.delete(platform_id), Deleted), "gone is gone, asked again"


@every
async def test_sent_again_it_is_still_one_post(theatre: Theatre, kind: str) -> None:
    case, channel, adapter = await opened(theatre, kind)
    if (repeatable := adapter.capabilities().repeatable_for) is None:
        pytest.skip("nothing keeps a repeat from being a second post: the service never repeats here")
    armed = await theatre.armed(channel, title="Tin LAI-LAN-NUA")
    first = await committed(theatre, adapter, armed)
    theatre.advance(min(repeatable, timedelta(days=1)) - timedelta(minutes=2))
    again = await committed(theatre, theatre.opened(channel), armed)
    assert again.id == first.id
    assert len(await theatre.posts(case, "LAI-LAN-NUA")) == 1


@every_platform
async def test_a_correction_edits_or_answers_the_post(theatre: Theatre, kind: str) -> None:
    case, channel, adapter = await opened(theatre, kind)
    done = await committed(theatre, adapter, await theatre.armed(channel, title="Tin BAN-DAU"))
    theatre.advance(timedelta(minutes=5))
    original = {"kind": "correction", "title": "Đính chính tin BAN-DAU"}
    draft = await theatre.shown(case, plain(**original, corrects=_corrected(done)))
    prepared = adapter.prepare(adapter.compose(draft).payload, channel.id, theatre.newsroom.clock.now())
    staged = await adapter.stage(prepared)
    assert isinstance(staged, Prepared), staged
    fixed = await adapter.commit(staged)
    assert isinstance(fixed, Published), fixed
    standing = await theatre.posts(case, "BAN-DAU")
    assert any("ính chính" in post["text"] for post in standing)
    if adapter.capabilities().can_edit:
        assert (fixed.id, len(standing)) == (done.id, 1)
    else:
        assert (fixed.id != done.id, len(standing)) == (True, 2)
    assert isinstance(await theatre.opened(channel).commit(staged), Published) or not adapter.capabilities().can_edit


def _corrected(done: Published) -> Corrected:
    return Corrected(done.id, done.url)


# --- every way to fail ---


@every_platform
@pytest.mark.parametrize("executed", [True, False])
@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_server_error_is_never_a_no(theatre: Theatre, kind: str, status: int, executed: bool) -> None:
    case, channel, adapter = await opened(theatre, kind)
    armed = await theatre.armed(channel, title="Tin LOI-MAY-CHU")
    await theatre.fault(case, case.publishes[0], "http_status", status=status, executed=executed)
    told = await adapter.commit(armed.prepared)
    if executed:
        assert isinstance(told, Unknown), told
    else:
        assert isinstance(told, Unknown) or (isinstance(told, Rejected) and not told.permanent), told
    assert len(await theatre.posts(case, "LOI-MAY-CHU")) == int(executed)


@every_platform
@pytest.mark.parametrize("fault", ["executed_response_lost", "not_executed_timeout", "executed_twice_on_retry"])
async def test_an_answer_that_never_came_is_unknown(theatre: Theatre, kind: str, fault: str) -> None:
    case, channel, adapter = await opened(theatre, kind)
    armed = await theatre.armed(channel, title="Tin MAT-TRA-LOI")
    await theatre.fault(case, case.publishes[0], fault)
    told = await adapter.commit(armed.prepared)
    assert isinstance(told, Unknown), told
    assert json.loads(json.dumps(told.handle))["key"] == armed.prepared.key
    assert told.reason.vi
    theatre.advance(timedelta(seconds=40))
    found = await adapter.reconcile(told.handle)
    if fault == "executed_response_lost":
        assert isinstance(found, Found), found
        assert [post["id"] for post in await theatre.posts(case, "MAT-TRA-LOI")]
    else:
        assert isinstance(found, (NotFound, Undecidable)), found
        assert adapter.capabilities().repeatable_for is None or isinstance(found, NotFound)


@every_platform
async def test_a_connection_that_was_never_made_posts_nothing(theatre: Theatre, kind: str) -> None:
    case, channel, _ = await opened(theatre, kind)
    armed = await theatre.armed(channel, title="Tin KHONG-NOI-DUOC")

    async def cut(point: str) -> None:
        if point == "asking":
            raise httpx.ConnectTimeout("no way there")

    theatre.hook = cut
    told = await theatre.opened(channel).commit(armed.prepared)
    assert isinstance(told, Rejected), told
    assert not told.permanent
    assert not await theatre.posts(case, "KHONG-NOI-DUOC")
    assert isinstance(await theatre.opened(channel).reconcile(armed.prepared.as_handle()), Undecidable)
    assert isinstance(await theatre.opened(channel).delete(str(case.a_post)), StillLive)


@every_platform
async def test_throttled_says_until_when(theatre: Theatre, kind: str) -> None:
    case, channel, adapter = await opened(theatre, kind)
    armed = await theatre.armed(channel, title="Tin CHAM-LAI")
    await theatre.fault(case, case.publishes[0], "throttle", seconds=case.throttle_seconds)
    told, now = await adapter.commit(armed.prepared), theatre.newsroom.clock.now()
    assert isinstance(told, Throttled), told
    assert abs(told.until - now - timedelta(seconds=case.throttle_seconds)) <= timedelta(seconds=2)
    assert not await theatre.posts(case, "CHAM-LAI")


@every_platform
async def test_a_refusal_is_final_and_in_vietnamese(theatre: Theatre, kind: str) -> None:
    case, channel, adapter = await opened(theatre, kind)
    armed = await theatre.armed(channel, title="Tin BI-TU-CHOI")
    await theatre.fault(case, case.publishes[0], "http_status", status=400)
    told = await adapter.commit(armed.prepared)
    assert isinstance(told, Rejected), told
    assert told.permanent
    assert any(ord(letter) > 127 for letter in told.reason.vi)


@every_platform
async def test_a_token_that_ends_is_renewed_or_a_person_is_asked(theatre: Theatre, kind: str) -> None:
    case, channel, adapter = await opened(theatre, kind)
    armed = await theatre.armed(channel, title="Tin HET-HAN")
    await theatre.fault(case, case.publishes[0], "token_expired")
    told = await adapter.commit(armed.prepared)
    assert isinstance(told, (Published, AuthRequired)), told
    assert len(await theatre.posts(case, "HET-HAN")) == int(isinstance(told, Published))


@every_platform
async def test_a_dead_account_needs_a_person(theatre: Theatre, kind: str) -> None:
    case, channel, adapter = await opened(theatre, kind)
    before = await committed(theatre, adapter, await theatre.armed(channel, title="Tin DA-DANG"))
    theatre.advance(timedelta(minutes=5))
    armed = await theatre.armed(channel, title="Tin TAI-KHOAN-CHET")
    _, seat = theatre.seats[channel.id]
    assert seat.control is not None
    assert case.dead is not None
    await theatre.put("accounts", **seat.control | case.dead)
    theatre.newsroom.resources.tools.sessions.clear()
    told = await theatre.opened(channel).commit(armed.prepared)
    assert isinstance(told, AuthRequired), told
    health = await theatre.opened(channel).health()
    assert health.problem is not None
    assert any(ord(letter) > 127 for letter in health.problem.vi)
    gone = await theatre.opened(channel).delete(before.id)
    assert isinstance(gone, StillLive), gone
    assert gone.needs_reconnect
    assert await theatre.posts(case, "DA-DANG")


@every
async def test_health_and_capabilities_are_asked_and_come_back(theatre: Theatre, kind: str) -> None:
    _, channel, adapter = await opened(theatre, kind)
    health = await adapter.health()
    assert isinstance(health, Health)
    assert health.problem is None
    facts = json.loads(json.dumps(await adapter.fetch_capabilities()))
    channel.capabilities, channel.capabilities_at = facts, theatre.newsroom.clock.now()
    known = theatre.opened(channel).capabilities()
    assert isinstance(known, Capabilities)
    assert not facts or known.fetched_at == channel.capabilities_at
    metrics = await adapter.metrics([])
    assert metrics == {}


@every_platform
async def test_pictures_go_along_with_their_words(theatre: Theatre, kind: str) -> None:
    case, channel, adapter = await opened(theatre, kind)
    if not case.takes_images and not case.needs_video:
        pytest.skip("takes no pictures")
    picture = await theatre.new_medium(case)
    armed = await theatre.armed(channel, title="Tin CO-ANH", media_ids=[picture])
    done = await committed(theatre, adapter, armed)
    await seen(theatre, adapter, armed.prepared, done.id)
    [post] = await theatre.posts(case, "CO-ANH")
    entries = (await theatre.control.get("/control/ledger", params={"platform": case.platform})).json()["entries"]
    wanted = armed.delivery.handle["payload"]["media"][0]["sha256"]
    assert any(wanted in json.dumps(entry["data"]) for entry in entries), "another picture, or none"
    assert post["id"]


@every_platform
@pytest.mark.parametrize("fault", ["executed_response_lost", "not_executed_timeout", "http_status", "throttle"])
async def test_trouble_with_an_upload_posts_nothing_and_passes(theatre: Theatre, kind: str, fault: str) -> None:
    case, channel, adapter = await opened(theatre, kind)
    if not case.uploads:
        pytest.skip("pictures go with the post itself")
    picture = await theatre.new_medium(case)
    armed = await theatre.armed(channel, title="Tin TAI-ANH", media_ids=[picture])
    fresh = Prepared(armed.prepared.key, armed.prepared.payload, at=armed.prepared.at)
    await theatre.fault(case, case.uploads[0], fault, seconds=40)
    told = await adapter.stage(fresh)
    assert isinstance(told, Throttled if fault == "throttle" else Rejected), told
    assert not (isinstance(told, Rejected) and told.permanent)
    assert isinstance(await theatre.opened(channel).stage(fresh), Prepared), "may be repeated"
    assert not await theatre.posts(case, "TAI-ANH")


# --- what is never told ---

EVERYTHING = ("executed_response_lost", "not_executed_timeout", "http_status", "throttle", "token_expired")


@every_platform
async def test_no_secret_is_told_whatever_happens(
    theatre: Theatre, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    case, channel, adapter = await opened(theatre, kind)
    _, seat = theatre.seats[channel.id]
    told: list[object] = [adapter, channel, theatre.resources()]
    for fault in EVERYTHING:
        armed = await theatre.armed(channel, title="Tin KIN-DAO")
        for operation in (*case.publishes, *case.logins, *case.reads, *case.deletes):
            await theatre.fault(case, operation, fault)
        theatre.newsroom.resources.tools.sessions.clear()
        told += await _everything(theatre, channel, armed)
        await theatre.control.delete("/control/faults")
        theatre.advance(timedelta(minutes=5))
    words = [*(f"{each!r} {each}" for each in told), caplog.text, *await _rows(theatre)]
    for name, secret in seat.secret.items():
        if name != "identifier":  # a public name
            assert not [word for word in words if secret in word], f"{name} is told"


async def _everything(theatre: Theatre, channel: m.Channel, armed: Armed) -> list[object]:
    """All that an adapter can be asked; ChannelError is the only thing it may raise, and where it may."""
    adapter, told = theatre.opened(channel), list[object]()
    outcome: Outcome = await adapter.commit(armed.prepared)
    assert isinstance(outcome, TOLD)
    post = outcome.id if isinstance(outcome, Published) else str(case_of(channel.kind).a_post)
    told += [outcome, await adapter.reconcile(armed.prepared.as_handle()), await adapter.delete(post)]
    told.append(await adapter.stage(armed.prepared))
    for ask in (adapter.health, adapter.fetch_capabilities, adapter.list_posts):
        try:
            told.append(await ask())
        except ChannelError as error:
            told += [error, error.reason, error.__cause__, error.__context__]
    for ask_of in (adapter.status(post), adapter.metrics([post])):
        try:
            told.append(await ask_of)
        except ChannelError as error:
            told += [error, error.reason, error.__cause__, error.__context__]
    return told


async def _rows(theatre: Theatre) -> list[str]:
    async with theatre.newsroom.db.transaction() as session:
        found = []
        for table in ("deliveries", "tasks", "outbox", "audit_log", "notifications", "channels"):
            found += list(await session.scalars(text(f"SELECT t::text FROM {table} t")))
    return found
