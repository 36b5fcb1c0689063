"""A correction goes where the original stands, by two besides its editors; its case closes when it is everywhere."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from libs.common import models as m
from libs.common.db import Database
from libs.common.models.enums import ChannelState, DeliveryState
from tests.publish.newsroom import API, Newsroom
from tests.publish.test_takedown_cases import (
    SHOWN,
    Pages,
    audited,
    case_of,
    done,
    events,
    get,
    slug_of,
    tasks,
    turn,
    withdrawn,
)


async def correction(newsroom: Newsroom, original: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Drafted without naming channels: wherever the original stands."""
    body = {"title": "Vé tháng vẫn dùng được", "body": "Bản trước sai.", "channel_ids": [], **changes}
    body |= {"kind": "correction", "corrects_id": original["id"]}
    made = await newsroom.client.post(f"{API}/publications", json=body, headers=newsroom.editor)
    assert made.status_code == 201, made.text
    return dict(made.json())


async def released(newsroom: Newsroom, made: dict[str, Any]) -> dict[str, Any]:
    assert (await newsroom.act("submit", made, newsroom.editor)).status_code == 200
    for who in (newsroom.speaker, newsroom.second_speaker):
        answer = await newsroom.act("approve", made, who, content_hash=made["content_hash"])
        assert answer.status_code == 200, answer.text
    return await newsroom.read(made)


async def state(newsroom: Newsroom, publication: dict[str, Any]) -> str:
    return str((await newsroom.read(publication))["state"])


@pytest.mark.mission("M08", "M30")
async def test_it_goes_where_the_original_stands_as_an_edit_or_a_reply(newsroom: Newsroom, pages: Pages) -> None:
    (edits, edited), (replies, replied) = await pages("a", can_edit=True), await pages("b")
    original = await newsroom.published(newsroom.bulletin, edits, replies)
    elsewhere, other = await pages("c")
    made = await correction(newsroom, original)
    shown = (await get(newsroom, f"publications/{made['id']}/preview"))["channels"]
    assert {p["channel_id"] for p in shown} == {str(c.id) for c in (newsroom.bulletin, edits, replies)}
    assert str(elsewhere.id) not in {p["channel_id"] for p in shown}
    await released(newsroom, made)
    case = await case_of(newsroom, original, "correction")
    assert (case["closed_at"], case["correction_id"]) == (None, made["id"])
    await newsroom.deliver()
    assert await state(newsroom, made) == "published"
    assert await state(newsroom, original) == "corrected"
    assert list(edited.posts.values()) == ["Đính chính: Vé tháng vẫn dùng được"]
    assert sorted(replied.posts.values()) == sorted([original["title"], "Đính chính: Vé tháng vẫn dùng được"])
    assert other.posts == {}
    case = await case_of(newsroom, original, "correction")
    assert case["closed_at"] is not None
    assert [c["correction_state"] for c in case["channels"]] == ["published"] * 3
    assert all(c["correction_url"] and c["is_confirmed"] for c in case["channels"])
    [event] = await events(newsroom, "lantoa.correction.published.v1")
    assert (event["publication_id"], event["corrects_id"]) == (made["id"], original["id"])
    assert "publication.corrected" in await audited(newsroom, "publication")


@pytest.mark.mission("M08", "M28")
async def test_it_needs_two_besides_its_editors(newsroom: Newsroom) -> None:
    original = await newsroom.published()
    made = await correction(newsroom, original)
    await newsroom.act("submit", made, newsroom.editor)
    first = await newsroom.act("approve", made, newsroom.speaker, content_hash=made["content_hash"])
    assert first.json()["state"] == "in_review"
    assert (await get(newsroom, "takedowns"))["items"] == [], "a case opens on release"
    assert await newsroom.deliver() == 0
    assert await state(newsroom, original) == "published"


@pytest.mark.mission("M30")
async def test_where_it_cannot_go_a_person_does_it_with_the_link(newsroom: Newsroom, pages: Pages) -> None:
    (good, _), (strict, page) = await pages("a"), await pages("b")
    original = await newsroom.published(good, strict)
    page.takes = False
    made = await released(newsroom, await correction(newsroom, original))
    assert [v["channel_id"] for v in made["variants"]] == [str(good.id)]
    [task] = await tasks(newsroom, "correction_by_hand")
    stands = next(d for d in original["deliveries"] if d["channel_id"] == str(strict.id))
    assert (task["delivery_id"], task["link"]) == (stands["id"], stands["platform_url"])
    await newsroom.deliver()
    assert await state(newsroom, original) == "corrected"
    case = await case_of(newsroom, original, "correction")
    assert case["closed_at"] is None
    left = next(c for c in case["channels"] if not c["is_confirmed"])
    assert (left["channel_id"], left["waits_for_person"], left["task"]["id"]) == (str(strict.id), True, task["id"])
    assert (await done(newsroom, task, outcome="posted", evidence_url=SHOWN)).status_code == 200
    case = await case_of(newsroom, original, "correction")
    assert case["closed_at"] is not None
    assert next(c for c in case["channels"] if c["channel_id"] == str(strict.id))["proof"]["evidence_url"] == SHOWN


@pytest.mark.mission("M30")
async def test_a_person_may_take_the_original_down_instead(newsroom: Newsroom, pages: Pages) -> None:
    (good, _), (strict, page) = await pages("a"), await pages("b")
    original = await newsroom.published(good, strict)
    page.takes = False
    await released(newsroom, await correction(newsroom, original))
    await newsroom.deliver()
    [task] = await tasks(newsroom, "correction_by_hand")
    refused = await done(newsroom, task, outcome="removed", evidence_url=SHOWN)
    assert slug_of(refused) == "still-on-platform"
    page.posts.clear()
    assert (await done(newsroom, task, outcome="removed", evidence_url=SHOWN)).status_code == 200
    assert (await case_of(newsroom, original, "correction"))["closed_at"] is not None


@pytest.mark.mission("M30")
async def test_a_channel_that_is_not_connected_does_not_hold_the_others_up(newsroom: Newsroom, pages: Pages) -> None:
    (good, _), (broken, _) = await pages("a"), await pages("b")
    original = await newsroom.published(good, broken)
    async with newsroom.db.transaction() as session:
        (await session.get_one(m.Channel, broken.id)).state = ChannelState.NEEDS_RECONNECT
    await released(newsroom, await correction(newsroom, original))
    await newsroom.deliver()
    assert await state(newsroom, original) == "corrected"
    assert len(await tasks(newsroom, "correction_by_hand")) == 1
    assert (await case_of(newsroom, original, "correction"))["closed_at"] is None


@pytest.mark.mission("M30")
async def test_a_correction_that_is_refused_keeps_the_case_open(newsroom: Newsroom, pages: Pages) -> None:
    channel, page = await pages("a")
    original = await newsroom.published(newsroom.bulletin, channel)
    page.commits = "refuses"
    await released(newsroom, await correction(newsroom, original))
    await newsroom.deliver()
    case = await case_of(newsroom, original, "correction")
    assert case["closed_at"] is None
    left = next(c for c in case["channels"] if not c["is_confirmed"])
    assert left["task"]["kind"] == "delivery_rejected"
    page.commits = "posts"
    url = f"{API}/takedowns/{case['id']}/retry"
    assert (await newsroom.client.post(url, headers=newsroom.editor)).status_code == 202
    assert await tasks(newsroom, "delivery_rejected") == [], "it is being sent: there is nothing to decide any more"
    await newsroom.deliver()
    assert (await case_of(newsroom, original, "correction"))["closed_at"] is not None


@pytest.mark.mission("M30")
async def test_what_went_out_meanwhile_is_not_sent_again(newsroom: Newsroom, pages: Pages) -> None:
    """Somebody had the list of tasks open from before."""
    channel, page = await pages("a", commits="refuses")
    made = await newsroom.published(newsroom.bulletin, channel)
    [task] = await tasks(newsroom, "delivery_rejected")
    async with newsroom.db.transaction() as session:
        delivery = await session.get_one(m.Delivery, UUID(task["delivery_id"]))
        delivery.state, delivery.platform_url = DeliveryState.PUBLISHED, SHOWN
        delivery.confirmed_at = newsroom.clock.now()
    refused = await done(newsroom, task, outcome="not_posted")
    assert (refused.status_code, slug_of(refused)) == (409, "state-conflict")
    await newsroom.deliver()
    assert page.posts == {}
    assert await state(newsroom, made) == "partly_published"


@pytest.mark.mission("M30")
async def test_giving_up_a_correction_on_a_channel_is_a_task_of_the_original(newsroom: Newsroom, pages: Pages) -> None:
    channel, page = await pages("a")
    original = await newsroom.published(newsroom.bulletin, channel)
    page.commits = "refuses"
    await released(newsroom, await correction(newsroom, original))
    await newsroom.deliver()
    [task] = await tasks(newsroom, "delivery_rejected")
    assert (await done(newsroom, task, outcome="done")).status_code == 200
    [by_hand] = await tasks(newsroom, "correction_by_hand")
    assert by_hand["link"].startswith("https://a.example/")


@pytest.mark.mission("M08")
async def test_a_correction_can_itself_be_corrected(newsroom: Newsroom, pages: Pages) -> None:
    channel, page = await pages("a", can_edit=True)
    original = await newsroom.published(channel)
    first = await released(newsroom, await correction(newsroom, original))
    await newsroom.deliver()
    second = await released(newsroom, await correction(newsroom, first, title="Bản cải chính cũng sai"))
    await newsroom.deliver()
    assert [await state(newsroom, p) for p in (original, first, second)] == ["corrected", "corrected", "published"]
    assert list(page.posts.values()) == ["Đính chính: Bản cải chính cũng sai"]
    assert (await case_of(newsroom, first, "correction"))["closed_at"] is not None


@pytest.mark.mission("M30")
async def test_what_was_not_sent_of_the_original_never_is(newsroom: Newsroom, pages: Pages) -> None:
    """Wrong on nine channels and waiting for a tenth: it is corrected where it stands, and sent nowhere else."""
    (good, _), (slow, page) = await pages("a"), await pages("b", commits="refuses")
    original = await newsroom.approved(good, slow)
    await newsroom.deliver()
    assert await state(newsroom, original) == "partly_published"
    [task] = await tasks(newsroom, "delivery_rejected")
    await released(newsroom, await correction(newsroom, original))
    await newsroom.deliver()
    page.commits = "posts"
    assert {d["state"] for d in (await newsroom.read(original))["deliveries"]} == {"published", "withdrawn"}
    refused = await done(newsroom, task, outcome="not_posted")
    assert (refused.status_code, slug_of(refused)) == (409, "state-conflict")
    await turn(newsroom)
    assert page.posts == {}


@pytest.mark.mission("M30")
async def test_what_turns_out_to_stand_after_the_correction_is_corrected_too(newsroom: Newsroom, pages: Pages) -> None:
    (good, _), (blind, page) = await pages("a"), await pages("b", commits="loses", looks=False)
    original = await newsroom.approved(good, blind)
    await newsroom.deliver()
    assert await state(newsroom, original) == "publishing"
    await released(newsroom, await correction(newsroom, original))
    await newsroom.deliver()
    assert await state(newsroom, original) == "corrected"
    assert (await case_of(newsroom, original, "correction"))["closed_at"] is None, "one channel is in doubt"
    doubtful = next(d for d in (await newsroom.read(original))["deliveries"] if d["channel_id"] == str(blind.id))
    page.posts[doubtful["id"]], page.looks = original["title"], True
    await turn(newsroom)
    [task] = await tasks(newsroom, "correction_by_hand")
    assert task["delivery_id"] == doubtful["id"]
    assert (await case_of(newsroom, original, "correction"))["closed_at"] is None


@pytest.mark.mission("M30")
async def test_nothing_is_corrected_that_is_not_out(newsroom: Newsroom, db_as: Callable[[str], Database]) -> None:
    draft = await newsroom.draft()
    body = {"title": "Cải chính", "body": "x", "kind": "correction", "corrects_id": draft["id"]}
    url = f"{API}/publications"
    refused = await newsroom.client.post(url, json=body, headers=newsroom.editor)
    assert (refused.status_code, slug_of(refused)) == (409, "state-conflict")
    out = await newsroom.published()
    made = await correction(newsroom, out)
    await newsroom.act("submit", made, newsroom.editor)
    asked = {"content_hash": made["content_hash"]}
    await newsroom.act("approve", made, newsroom.speaker, **asked)
    await withdrawn(newsroom, out)
    late = await newsroom.act("approve", made, newsroom.second_speaker, **asked)
    assert (late.status_code, slug_of(late)) == (409, "state-conflict")
    assert "đã được rút" in late.json()["detail"]
    again = await newsroom.client.post(url, json={**body, "corrects_id": out["id"]}, headers=newsroom.editor)
    assert (again.status_code, slug_of(again)) == (409, "state-conflict")


@pytest.mark.mission("M30")
async def test_releasing_a_correction_and_withdrawing_its_original_meet_in_order(newsroom: Newsroom) -> None:
    """At the same instant, again and again: one of them is first, and none waits for the other for ever."""
    seen = set()
    for number in range(12):
        out = await newsroom.published(title=f"Tin {number}")
        at = (newsroom.clock.now() + timedelta(hours=1)).isoformat()
        made = await correction(newsroom, out, scheduled_at=at, title=f"Cải chính {number}")
        await newsroom.act("submit", made, newsroom.editor)
        asked = {"content_hash": made["content_hash"]}
        await newsroom.act("approve", made, newsroom.speaker, **asked)
        calls = [
            newsroom.act("approve", made, newsroom.second_speaker, **asked),
            newsroom.act("withdraw", out, newsroom.speaker, reason="Sai"),
        ]
        if number % 2:
            calls.reverse()
        answers = await asyncio.gather(*calls)
        approved, gone = reversed(answers) if number % 2 else answers
        assert gone.status_code == 200
        assert approved.status_code in (200, 409)
        after = await state(newsroom, made)
        assert after == ("killed" if approved.status_code == 200 else "in_review")
        seen.add(after)
    assert seen


@pytest.mark.mission("M30")
async def test_a_correction_that_waits_goes_with_what_it_corrects(newsroom: Newsroom) -> None:
    out = await newsroom.published()
    at = (newsroom.clock.now() + timedelta(hours=1)).isoformat()
    made = await released(newsroom, await correction(newsroom, out, scheduled_at=at))
    assert made["state"] == "scheduled"
    await withdrawn(newsroom, out)
    assert await state(newsroom, made) == "killed"
    await newsroom.take_down()
    for kind in ("withdrawal", "correction"):
        assert (await case_of(newsroom, out, kind))["closed_at"] is not None


@pytest.mark.mission("M30")
@pytest.mark.parametrize("which", ["original", "correction"])
async def test_two_that_share_a_post_come_down_together(newsroom: Newsroom, pages: Pages, which: str) -> None:
    channel, page = await pages("a", can_edit=True)
    original = await newsroom.published(channel)
    made = await released(newsroom, await correction(newsroom, original))
    await newsroom.deliver()
    await withdrawn(newsroom, original if which == "original" else made)
    await newsroom.take_down()
    assert page.posts == {}
    for each in (original, made):
        [delivery] = (await newsroom.read(each))["deliveries"]
        assert (delivery["state"], delivery["withdrawal_proof"]["status"]) == ("withdrawn", 404)


@pytest.mark.mission("M30")
@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("UPDATE takedowns SET closed_at = :now", "each channel is confirmed"),
        ("UPDATE takedowns SET correction_id = publication_id", "takes down what it corrects"),
        ("UPDATE publications SET state = 'draft', revision = 2 WHERE id = :id", "cannot go from"),
        ("UPDATE publications SET state = 'killed' WHERE id = :id", "cannot go from"),
    ],
)
async def test_the_service_role_cannot_close_what_is_not_corrected(
    newsroom: Newsroom, pages: Pages, db_as: Callable[[str], Database], statement: str, why: str
) -> None:
    channel, _ = await pages("a")
    original = await newsroom.published(channel)
    await released(newsroom, await correction(newsroom, original))
    values = {"id": original["id"], "now": newsroom.clock.now()}
    with pytest.raises(DBAPIError, match=why):
        async with db_as("publish").transaction() as session:
            await session.execute(text(statement), {k: v for k, v in values.items() if f":{k}" in statement})


@pytest.mark.mission("M30")
async def test_the_service_role_cannot_release_a_correction_of_what_was_withdrawn(
    newsroom: Newsroom, db_as: Callable[[str], Database]
) -> None:
    out = await newsroom.published()
    at = (newsroom.clock.now() + timedelta(hours=1)).isoformat()
    made = await correction(newsroom, out, scheduled_at=at)
    await released(newsroom, made)
    publish = db_as("publish")
    async with publish.transaction() as session:
        await session.execute(text("UPDATE publications SET state = 'in_review' WHERE id = :id"), {"id": made["id"]})
    await withdrawn(newsroom, out)
    approved = "UPDATE publications SET state = 'approved' WHERE id = :id"
    with pytest.raises(DBAPIError, match="corrects was withdrawn"):
        async with publish.transaction() as session:
            await session.execute(text(approved), {"id": made["id"]})
