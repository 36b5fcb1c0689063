"""A take-down is a case: each channel with its own result and proof; open until every one is confirmed, then closed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from libs.common import models as m
from libs.common.db import Database
from libs.common.models.enums import ChannelState, Role
from libs.common.testing.make import Make
from tests.publish.newsroom import API, Newsroom
from tests.publish.officers import Officers

SHOWN = "https://a.example/bang-chung"
Pages = Callable[..., Any]


def slug_of(answer: Any) -> str:
    return str(answer.json()["type"]).rsplit(":", 1)[-1]


async def get(newsroom: Newsroom, path: str, who: dict[str, str] | None = None) -> Any:
    got = await newsroom.client.get(f"{API}/{path}", headers=who or newsroom.editor)
    assert got.status_code == 200, got.text
    return got.json()


async def case_of(newsroom: Newsroom, publication: dict[str, Any], kind: str = "withdrawal") -> dict[str, Any]:
    found = (await get(newsroom, "takedowns"))["items"]
    [case] = [c for c in found if c["publication_id"] == publication["id"] and c["kind"] == kind]
    return dict(await get(newsroom, f"takedowns/{case['id']}"))


async def tasks(newsroom: Newsroom, kind: str, state: str = "open") -> list[dict[str, Any]]:
    found = (await get(newsroom, f"tasks?state={state}"))["items"]
    return [task for task in found if task["kind"] == kind]


async def done(newsroom: Newsroom, task: dict[str, Any], **body: Any) -> Any:
    return await newsroom.client.post(f"{API}/tasks/{task['id']}/done", json=body, headers=newsroom.editor)


async def withdrawn(newsroom: Newsroom, publication: dict[str, Any]) -> None:
    answer = await newsroom.act("withdraw", publication, newsroom.speaker, reason="Sai số liệu")
    assert answer.status_code == 200, answer.text


async def turn(newsroom: Newsroom, minutes: float = 2, rounds: int = 6) -> None:
    """The worker's loops, while time passes."""
    for _ in range(rounds):
        newsroom.clock.advance(timedelta(minutes=minutes))
        await newsroom.deliver()
        await newsroom.look()
        await newsroom.take_down()


async def looked_for_in_vain(newsroom: Newsroom) -> None:
    """Until the machine gives up looking, each time no later than it would."""
    for _ in range(12):
        async with newsroom.db.transaction() as session:
            query = select(func.min(m.Delivery.not_before)).where(m.Delivery.state == "unknown")
            due = await session.scalar(query)
        if due is None:
            return
        newsroom.clock.advance(max(due - newsroom.clock.now(), timedelta(0)))
        await newsroom.look()


async def events(newsroom: Newsroom, subject: str) -> list[dict[str, Any]]:
    async with newsroom.db.transaction() as session:
        query = select(m.OutboxEvent.payload).where(m.OutboxEvent.subject == subject).order_by(m.OutboxEvent.id)
        return list(await session.scalars(query))


async def audited(newsroom: Newsroom, object_type: str) -> list[str]:
    async with newsroom.db.transaction() as session:
        query = select(m.AuditEntry.action).where(m.AuditEntry.object_type == object_type)
        return list(await session.scalars(query.order_by(m.AuditEntry.day, m.AuditEntry.seq)))


# --- the case ---


@pytest.mark.mission("M30")
async def test_it_closes_by_itself_when_each_channel_is_confirmed(newsroom: Newsroom, pages: Pages) -> None:
    channel, page = await pages("a")
    published = await newsroom.published(newsroom.bulletin, channel)
    await withdrawn(newsroom, published)
    case = await case_of(newsroom, published)
    assert (case["closed_at"], case["reason"], case["title"]) == (None, "Sai số liệu", published["title"])
    assert [(c["state"], c["is_confirmed"]) for c in case["channels"]] == [("withdrawing", False)] * 2
    assert (await get(newsroom, "takedowns?open=true"))["items"][0]["id"] == case["id"]
    await newsroom.take_down()
    case = await case_of(newsroom, published)
    assert case["closed_at"] is not None
    assert page.posts == {}
    assert {c["channel_kind"]: c["proof"]["read"] for c in case["channels"]} == {
        "own_site": f"https://tin.example.vn/tin/{published['slug']}",
        "scripted": next(c["platform_url"] for c in case["channels"] if c["channel_kind"] == "scripted"),
    }
    assert all(c["is_confirmed"] and c["task"] is None and c["next_try_at"] is None for c in case["channels"])
    assert (await get(newsroom, "takedowns?open=true"))["items"] == []
    assert await audited(newsroom, "takedown") == ["takedown.opened", "takedown.closed"]
    [event] = await events(newsroom, "lantoa.takedown.closed.v1")
    assert (event["takedown_id"], event["kind"]) == (case["id"], "withdrawal")


@pytest.mark.mission("M30")
async def test_what_the_platform_cannot_do_is_a_persons_task_with_the_link(newsroom: Newsroom, pages: Pages) -> None:
    channel, page = await pages("a", deletes="never")
    published = await newsroom.published(newsroom.bulletin, channel)
    await withdrawn(newsroom, published)
    await turn(newsroom, minutes=100)
    assert page.deletions == 1, "a platform that never will is not asked without end"
    case = await case_of(newsroom, published)
    stuck = next(c for c in case["channels"] if c["channel_id"] == str(channel.id))
    assert (case["closed_at"], stuck["waits_for_person"], stuck["next_try_at"]) == (None, True, None)
    assert "48 giờ" in stuck["error"]
    assert stuck["task"]["link"] == stuck["platform_url"]
    assert stuck["task"]["kind"] == "takedown_failed"
    told = [n for n in (await get(newsroom, "notifications", newsroom.speaker))["items"] if n["object_type"] == "task"]
    assert [(n["kind"], n["object_id"]) for n in told] == [("task_takedown_failed", stuck["task"]["id"])]


@pytest.mark.mission("M30")
async def test_a_persons_word_is_checked_where_the_platform_lets_us_look(newsroom: Newsroom, pages: Pages) -> None:
    channel, page = await pages("a", deletes="never")
    published = await newsroom.published(channel)
    await withdrawn(newsroom, published)
    await newsroom.take_down()
    [task] = await tasks(newsroom, "takedown_failed")
    refused = await done(newsroom, task, outcome="removed", evidence_url=SHOWN)
    assert (refused.status_code, slug_of(refused)) == (409, "still-on-platform")
    assert "vẫn còn trên nền tảng" in refused.json()["title"]
    assert (await tasks(newsroom, "takedown_failed"))[0]["state"] == "open"
    page.posts.clear()
    told = await done(newsroom, task, outcome="removed", evidence_url=SHOWN)
    assert (told.status_code, told.json()["outcome"], told.json()["evidence_url"]) == (200, "removed", SHOWN)
    case = await case_of(newsroom, published)
    [gone] = case["channels"]
    assert (gone["state"], gone["proof"]["evidence_url"]) == ("withdrawn", SHOWN)
    assert gone["proof"]["by"] == told.json()["done_by"]
    assert gone["proof"]["looked"]["read"].startswith("https://a.example/")
    assert case["closed_at"] is not None
    again = await done(newsroom, task, outcome="removed", evidence_url=SHOWN)
    assert (again.status_code, slug_of(again)) == (409, "task-already-done")


@pytest.mark.mission("M30")
async def test_where_the_platform_is_blind_the_address_is_the_proof(newsroom: Newsroom, pages: Pages) -> None:
    channel, page = await pages("a", deletes="never")
    published = await newsroom.published(channel)
    page.looks = False
    await withdrawn(newsroom, published)
    await newsroom.take_down()
    [task] = await tasks(newsroom, "takedown_failed")
    for evidence in (None, "", "ảnh chụp màn hình", "javascript:alert(1)"):
        refused = await done(newsroom, task, outcome="removed", evidence_url=evidence)
        assert (refused.status_code, slug_of(refused)) == (422, "task-evidence-needed"), evidence
    assert (await done(newsroom, task, outcome="removed", evidence_url=SHOWN)).status_code == 200
    assert (await case_of(newsroom, published))["closed_at"] is not None


@pytest.mark.mission("M30")
async def test_a_retry_by_a_persons_word_takes_it_down_and_the_task_goes(newsroom: Newsroom, pages: Pages) -> None:
    channel, page = await pages("a", deletes="never")
    published = await newsroom.published(channel)
    await withdrawn(newsroom, published)
    await newsroom.take_down()
    case = await case_of(newsroom, published)
    page.deletes = "deletes"
    url = f"{API}/takedowns/{case['id']}/retry"
    assert (await newsroom.client.post(url, headers=newsroom.editor)).status_code == 202
    await newsroom.take_down()
    assert (await case_of(newsroom, published))["closed_at"] is not None
    assert await tasks(newsroom, "takedown_failed") == []
    assert "task.moot" in await audited(newsroom, "task")
    late = await newsroom.client.post(url, headers=newsroom.editor)
    assert (late.status_code, slug_of(late)) == (409, "takedown-closed-already")


async def test_a_passing_failure_is_tried_again_and_becomes_a_task_early(newsroom: Newsroom, pages: Pages) -> None:
    channel, page = await pages("a", deletes="fails")
    published = await newsroom.published(channel)
    await withdrawn(newsroom, published)
    await turn(newsroom, minutes=20)
    assert page.deletions >= 4
    assert len(await tasks(newsroom, "takedown_failed")) == 1
    page.deletes = "deletes"
    await turn(newsroom, minutes=61, rounds=2)
    assert (await case_of(newsroom, published))["closed_at"] is not None
    assert await tasks(newsroom, "takedown_failed") == []


@pytest.mark.mission("M30")
async def test_what_never_went_out_is_killed_without_a_case(newsroom: Newsroom, pages: Pages) -> None:
    channel, _ = await pages("a", commits="refuses")
    at = (newsroom.clock.now() + timedelta(hours=1)).isoformat()
    made = [await newsroom.draft(), await newsroom.approved(scheduled_at=at), await newsroom.approved(channel)]
    await newsroom.deliver()
    assert (await newsroom.read(made[2]))["state"] == "failed"
    for each in made:
        answer = await newsroom.act("withdraw", each, newsroom.speaker, reason="Không còn cần")
        assert answer.json()["state"] == "killed"
    assert (await get(newsroom, "takedowns"))["items"] == []


@pytest.mark.mission("M22", "M30")
async def test_a_case_is_of_its_unit(newsroom: Newsroom, pages: Pages, officers: Officers, make: Make) -> None:
    channel, _ = await pages("a", deletes="never")
    published = await newsroom.published(channel)
    await withdrawn(newsroom, published)
    await newsroom.take_down()
    ward = await make.unit()
    theirs = (await officers.sign_in(Role.EDITOR, Role.SPOKESPERSON, unit_id=ward.id)).headers
    case, [task] = await case_of(newsroom, published), await tasks(newsroom, "takedown_failed")
    assert (await get(newsroom, "takedowns", theirs))["items"] == []
    for method, path in (("GET", ""), ("POST", "/retry")):
        answer = await newsroom.client.request(method, f"{API}/takedowns/{case['id']}{path}", headers=theirs)
        assert (answer.status_code, slug_of(answer)) == (404, "takedown-not-found")
    body = {"outcome": "removed", "evidence_url": SHOWN}
    answer = await newsroom.client.post(f"{API}/tasks/{task['id']}/done", json=body, headers=theirs)
    assert (answer.status_code, slug_of(answer)) == (404, "task-not-found")


@pytest.mark.mission("M30")
@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("UPDATE takedowns SET closed_at = :now", "each channel is confirmed"),
        ("UPDATE takedowns SET kind = 'correction'", "only closes"),
        ("UPDATE takedowns SET reason = 'khác'", "only closes"),
        ("DELETE FROM takedowns", "is kept"),
        ("UPDATE deliveries SET state = 'withdrawn' WHERE publication_id = :id", "seen to be gone"),
        ("UPDATE deliveries SET state = 'pending' WHERE publication_id = :id", "only comes down"),
        ("UPDATE deliveries SET state = 'published' WHERE publication_id = :id", "only comes down"),
        ("UPDATE publications SET state = 'published' WHERE id = :id", "cannot go from withdrawn"),
        ("UPDATE publications SET state = 'draft', revision = 2 WHERE id = :id", "cannot go from withdrawn"),
    ],
)
async def test_the_service_role_cannot_close_what_is_not_down(
    newsroom: Newsroom, pages: Pages, db_as: Callable[[str], Database], statement: str, why: str
) -> None:
    channel, _ = await pages("a", deletes="never")
    published = await newsroom.published(channel)
    await withdrawn(newsroom, published)
    values = {"id": published["id"], "now": newsroom.clock.now()}
    with pytest.raises(DBAPIError, match=why):
        async with db_as("publish").transaction() as session:
            await session.execute(text(statement), {k: v for k, v in values.items() if f":{k}" in statement})


# --- tasks and what they end with ---


async def undecided(newsroom: Newsroom, pages: Pages, **script: Any) -> tuple[dict[str, Any], Any]:
    """A delivery whose answer was lost, on a platform that does not let us see."""
    channel, page = await pages("a", commits="loses", looks=False, **script)
    made = await newsroom.approved(channel)
    await newsroom.deliver()
    await looked_for_in_vain(newsroom)
    assert (await newsroom.read(made))["deliveries"][0]["state"] == "manual"
    return made, page


@pytest.mark.mission("M30")
async def test_undecided_and_found_by_a_person_is_published_with_that_address(newsroom: Newsroom, pages: Pages) -> None:
    made, page = await undecided(newsroom, pages)
    [task] = await tasks(newsroom, "delivery_undecided")
    wrong = await done(newsroom, task, outcome="removed", evidence_url=SHOWN)
    assert (wrong.status_code, slug_of(wrong)) == (422, "outcome-not-possible")
    assert "posted, not_posted" in wrong.json()["detail"]
    assert (await done(newsroom, task, outcome="posted")).status_code == 422
    assert (await done(newsroom, task, outcome="posted", evidence_url=SHOWN)).status_code == 200
    now = await newsroom.read(made)
    [delivery] = now["deliveries"]
    assert (now["state"], delivery["state"], delivery["platform_url"]) == ("published", "published", SHOWN)
    assert delivery["proof"]["evidence_url"] == SHOWN
    [event] = await events(newsroom, "lantoa.publication.published.v1")
    assert event["url"] == SHOWN
    # what a person posted comes down by a person: its id is not known
    await withdrawn(newsroom, made)
    assert await newsroom.take_down() == 0
    [task] = await tasks(newsroom, "takedown_failed")
    assert task["link"] == SHOWN
    url = f"{API}/takedowns/{(await case_of(newsroom, made))['id']}/retry"
    assert (await newsroom.client.post(url, headers=newsroom.editor)).status_code == 202
    await turn(newsroom, rounds=1)
    assert page.deletions == 0, "nobody knows what to ask the platform to delete"
    assert (await done(newsroom, task, outcome="removed", evidence_url=SHOWN)).status_code == 200
    assert (await case_of(newsroom, made))["closed_at"] is not None


@pytest.mark.mission("M30")
async def test_undecided_and_not_there_is_sent_again_by_a_persons_word(newsroom: Newsroom, pages: Pages) -> None:
    made, page = await undecided(newsroom, pages)
    [task] = await tasks(newsroom, "delivery_undecided")
    page.commits, page.looks = "posts", True
    assert (await done(newsroom, task, outcome="not_posted")).status_code == 200
    assert (await newsroom.read(made))["deliveries"][0]["state"] == "pending"
    await newsroom.deliver()
    assert (await newsroom.read(made))["state"] == "published"
    assert len(page.sent) == 1


@pytest.mark.mission("M30")
async def test_not_posted_is_not_believed_where_the_post_is_seen(newsroom: Newsroom, pages: Pages) -> None:
    made, page = await undecided(newsroom, pages)
    [task] = await tasks(newsroom, "delivery_undecided")
    [delivery] = (await newsroom.read(made))["deliveries"]
    page.posts[delivery["id"]], page.looks = made["title"], True
    refused = await done(newsroom, task, outcome="not_posted")
    assert (refused.status_code, slug_of(refused)) == (409, "already-on-platform")
    assert (await done(newsroom, task, outcome="posted", evidence_url=SHOWN)).status_code == 200
    [delivery] = (await newsroom.read(made))["deliveries"]
    assert delivery["platform_id"] == delivery["id"], "a look found it, and with it its id"


@pytest.mark.mission("M30")
@pytest.mark.parametrize(("outcome", "state"), [("posted", "withdrawing"), ("not_posted", "withdrawn")])
async def test_undecided_of_what_was_withdrawn(newsroom: Newsroom, pages: Pages, outcome: str, state: str) -> None:
    made, _ = await undecided(newsroom, pages)
    await withdrawn(newsroom, made)
    await looked_for_in_vain(newsroom)
    [task] = await tasks(newsroom, "delivery_undecided")
    told = await done(newsroom, task, outcome=outcome, evidence_url=SHOWN if outcome == "posted" else None)
    assert told.status_code == 200, told.text
    assert [d["state"] for d in (await newsroom.read(made))["deliveries"]] == [state]
    assert ((await case_of(newsroom, made))["closed_at"] is None) == (outcome == "posted")


@pytest.mark.mission("M30")
async def test_a_rejected_one_is_sent_again_or_given_up(newsroom: Newsroom, pages: Pages) -> None:
    channel, page = await pages("a", commits="refuses")
    made = await newsroom.approved(channel)
    await newsroom.deliver()
    [task] = await tasks(newsroom, "delivery_rejected")
    assert (await done(newsroom, task, outcome="not_posted")).status_code == 200
    assert (await newsroom.read(made))["state"] == "publishing"
    await newsroom.deliver()
    [again] = await tasks(newsroom, "delivery_rejected")
    assert again["id"] == task["id"], "the same work, open again"
    assert (await done(newsroom, again, outcome="done")).status_code == 200
    assert (await newsroom.read(made))["state"] == "failed"
    assert await tasks(newsroom, "delivery_rejected") == []
    page.commits = "posts"
    assert await newsroom.deliver() == 0


async def test_a_reconnect_is_done_when_the_channel_works(newsroom: Newsroom, pages: Pages) -> None:
    channel, _ = await pages("a")
    async with newsroom.db.transaction() as session:
        row = await session.get_one(m.Channel, channel.id)
        row.state = ChannelState.NEEDS_RECONNECT
        task = m.Task(
            id=channel.id,
            kind="channel_reconnect",
            title="Cần kết nối lại",
            channel_id=channel.id,
            unit_id=channel.unit_id,
            state="open",
            created_at=newsroom.clock.now(),
        )
        session.add(task)
    [waiting] = await tasks(newsroom, "channel_reconnect")
    refused = await done(newsroom, waiting, outcome="done")
    assert (refused.status_code, slug_of(refused)) == (409, "channel-not-connected")
    async with newsroom.db.transaction() as session:
        (await session.get_one(m.Channel, channel.id)).state = ChannelState.ACTIVE
    assert (await done(newsroom, waiting, outcome="done")).status_code == 200
