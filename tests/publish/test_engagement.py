"""Deliveries and figures over HTTP: with their source and instant, blank where there is none, all of them kept."""

from datetime import timedelta

import pytest

from libs.common import models as m
from libs.common.models.enums import Role
from libs.common.testing.make import Make
from services.publish import jobs
from tests.publish.newsroom import API, Newsroom
from tests.publish.stage import Stage


async def test_deliveries_are_a_list_of_their_own(newsroom: Newsroom, bluesky: m.Channel) -> None:
    done = await newsroom.published(newsroom.bulletin, bluesky)
    url = f"{API}/publications/{done['id']}/deliveries?limit=1"
    first = (await newsroom.client.get(url, headers=newsroom.editor)).json()
    rest = (await newsroom.client.get(f"{url}&cursor={first['next_cursor']}", headers=newsroom.editor)).json()
    assert [*first["items"], *rest["items"]] == sorted(done["deliveries"], key=lambda d: d["id"])
    assert rest["next_cursor"] is None
    assert all(d["state"] == "published" and d["platform_url"] for d in done["deliveries"])


@pytest.mark.mission("M31")
async def test_figures_can_be_asked_for_at_once_and_every_reading_is_kept(
    newsroom: Newsroom, bluesky: m.Channel, stage: Stage
) -> None:
    done = await newsroom.published(newsroom.bulletin, bluesky)
    url = f"{API}/publications/{done['id']}/engagement"
    assert (await newsroom.client.get(url, headers=newsroom.editor)).json() == {"items": [], "next_cursor": None}
    post = (await stage.posts())[0]["id"]
    for likes in (3, 4):
        await stage.post("/control/bluesky/engage", post=post, likes=likes)
        await stage.post("/control/clock/advance", seconds=10)
        newsroom.clock.advance(timedelta(seconds=10))
        asked = await newsroom.client.post(f"{url}/refresh", headers=newsroom.editor)
        assert (asked.status_code, asked.json()) == (202, {"deliveries": 2})
        await jobs.collect_engagement(newsroom.context)
    items = (await newsroom.client.get(f"{url}?limit=100", headers=newsroom.editor)).json()["items"]
    likes = [(e["value"], e["as_of"]) for e in items if e["metric"] == "likes"]
    assert [value for value, _ in likes] == [7, 3]
    assert likes[0][1] > likes[1][1]
    assert all(e["definition"] for e in items)
    latest = {e["metric"]: e["value"] for e in (await newsroom.read(done))["engagement"]}
    assert latest["likes"] == 7
    assert latest["views"] is None


@pytest.mark.mission("M31")
async def test_what_could_not_be_read_is_blank_and_what_was_read_stays(
    newsroom: Newsroom, bluesky: m.Channel, stage: Stage
) -> None:
    done = await newsroom.published(newsroom.bulletin, bluesky)
    url = f"{API}/publications/{done['id']}/engagement"
    await stage.fault("http_status", "app.bsky.feed.getPosts", status=502)
    await newsroom.client.post(f"{url}/refresh", headers=newsroom.editor)
    await jobs.collect_engagement(newsroom.context)
    items = (await newsroom.client.get(url, headers=newsroom.editor)).json()["items"]
    assert {e["metric"]: e["value"] for e in items} == {"views": None}


async def test_only_the_units_editors_ask_for_figures(newsroom: Newsroom, make: Make, signed_in: object) -> None:
    done = await newsroom.published()
    ward = await make.unit()
    stranger = await signed_in(Role.EDITOR, unit_id=ward.id)  # type: ignore[operator]
    url = f"{API}/publications/{done['id']}/engagement/refresh"
    assert (await newsroom.client.post(url, headers=stranger)).status_code == 403
    assert (await newsroom.client.post(url, headers=newsroom.admin)).status_code == 403
    draft = await newsroom.draft()
    hidden = f"{API}/publications/{draft['id']}/deliveries"
    assert (await newsroom.client.get(hidden, headers=stranger)).status_code == 404


@pytest.mark.mission("M39")
async def test_a_due_post_that_is_not_seen_is_told_once(newsroom: Newsroom, bluesky: m.Channel, stage: Stage) -> None:
    await stage.fault("http_status", status=500, times=50)
    await newsroom.approved(bluesky)
    for _ in range(4):
        newsroom.clock.advance(timedelta(minutes=2))
        await newsroom.deliver()
        await newsroom.look()
        await jobs.flag_overdue(newsroom.context)
    tasks = (await newsroom.client.get(f"{API}/tasks?state=open", headers=newsroom.editor)).json()["items"]
    assert [t["kind"] for t in tasks] == ["delivery_overdue"]
    assert bluesky.name in tasks[0]["title"]
