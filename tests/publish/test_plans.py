"""Programme → year plan → theme → campaign → publication: who plans, which dates, which states, and the figures."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select

from libs.common import models as m
from libs.common.auth.dev import dev_token
from libs.common.ids import new_id
from libs.common.models.enums import Role
from libs.common.testing.make import Make
from tests.publish.newsroom import API, Newsroom

Headers = dict[str, str]
LIKES = "Số lượt thích do nền tảng cho biết"


@dataclass
class Planning:
    """The newsroom's editor plans; a ward's editor looks on."""

    room: Newsroom
    make: Make
    stranger: Headers

    async def call(self, method: str, path: str, who: Headers | None = None, **body: Any) -> httpx.Response:
        return await self.room.client.request(
            method, f"{API}{path}", json=body or None, headers=who or self.room.editor
        )

    async def get(self, path: str, who: Headers | None = None, **query: Any) -> httpx.Response:
        return await self.room.client.get(f"{API}{path}", params=query, headers=who or self.room.editor)

    async def plan(self, **more: Any) -> dict[str, Any]:
        return _made(await self.call("POST", "/plans", **{"year": 2026, "title": "Kế hoạch truyền thông", **more}))

    async def theme(self, plan: dict[str, Any], **more: Any) -> dict[str, Any]:
        body = {"title": "Chuyển đổi số", "starts_on": "2026-11-01", "ends_on": "2026-12-31", **more}
        return _made(await self.call("POST", f"/plans/{plan['id']}/themes", **body))

    async def campaign(self, theme: dict[str, Any], **more: Any) -> dict[str, Any]:
        body = {"title": "Dịch vụ công", "starts_on": "2026-11-10", "ends_on": "2026-12-10", **more}
        return _made(await self.call("POST", f"/themes/{theme['id']}/campaigns", **body))

    async def running(self, **more: Any) -> dict[str, Any]:
        """A campaign that runs in a plan that runs."""
        plan = await self.plan()
        await self.call("POST", f"/plans/{plan['id']}/state", state="running")
        campaign = await self.campaign(await self.theme(plan), **more)
        moved = await self.call("POST", f"/campaigns/{campaign['id']}/state", state="running")
        return dict(moved.json())

    async def assign(self, publication: dict[str, Any], campaign: dict[str, Any] | None) -> httpx.Response:
        body = {"campaign_id": campaign["id"] if campaign else None}
        return await self.call("PUT", f"/publications/{publication['id']}/campaign", **body)

    async def audited(self) -> list[tuple[str, Any]]:
        async with self.room.db.transaction() as session:
            query = select(m.AuditEntry.action, m.AuditEntry.facts).order_by(m.AuditEntry.seq)
            return [(action, facts) for action, facts in await session.execute(query)]


@pytest.fixture
async def planning(newsroom: Newsroom, make: Make, signed_in: Any) -> Planning:
    ward = await make.unit("Phường Thượng Cát")
    return Planning(newsroom, make, await signed_in(Role.EDITOR, unit_id=ward.id))


def _made(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def problem(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    document = answer.json()
    assert document["title"]
    assert document["detail"]
    return answer.status_code, str(document["type"]).rsplit(":", 1)[1]


# --- plans --------------------------------------------------------------------------------------------------


@pytest.mark.mission("M12")
async def test_a_year_is_planned_down_to_the_publication(planning: Planning) -> None:
    plan = await planning.plan(goals="Người dân biết việc gì, ở đâu, từ bao giờ.")
    assert (plan["state"], plan["year"]) == ("draft", 2026)
    theme = await planning.theme(plan)
    targets = [{"metric": "likes", "target": 500, "definition": LIKES}]
    channels = [str(planning.room.bulletin.id)]
    campaign = await planning.campaign(theme, audience="Người cao tuổi", channel_ids=channels, targets=targets)
    assert (campaign["channel_ids"], campaign["targets"]) == (channels, targets)
    assert campaign["unit_id"] == plan["unit_id"]
    draft = await planning.room.draft()
    assigned = await planning.assign(draft, campaign)
    assert assigned.json()["campaign_id"] == campaign["id"]
    [listed] = (await planning.get(f"/campaigns/{campaign['id']}/publications")).json()["items"]
    assert listed["id"] == draft["id"]
    for path, wanted in (
        ("/plans", plan["id"]),
        (f"/plans/{plan['id']}/themes", theme["id"]),
        (f"/campaigns?plan_id={plan['id']}", campaign["id"]),
    ):
        assert [row["id"] for row in (await planning.get(path)).json()["items"]] == [wanted]
    told = [action for action, _ in await planning.audited() if not action.startswith("publication.c")]
    assert told == ["plan.created", "theme.created", "campaign.created"]
    assert "publication.campaign_set" in [action for action, _ in await planning.audited()]


@pytest.mark.mission("M12")
async def test_only_the_unit_itself_plans_and_others_do_not_see_it(planning: Planning) -> None:
    plan = await planning.plan()
    theme = await planning.theme(plan)
    campaign = await planning.campaign(theme)
    outsider = planning.stranger
    assert (await planning.get("/plans", outsider)).json()["items"] == []
    assert (await planning.get("/campaigns", outsider)).json()["items"] == []
    for path, name in (("plans", "plan"), ("themes", "theme"), ("campaigns", "campaign")):
        row = {"plans": plan, "themes": theme, "campaigns": campaign}[path]
        where = f"/{path}/{row['id']}"
        assert problem(await planning.get(where, outsider)) == (404, f"{name}-not-found")
        assert problem(await planning.call("PATCH", where, outsider, title="X")) == (404, f"{name}-not-found")
        assert problem(await planning.call("DELETE", where, outsider)) == (404, f"{name}-not-found")
    foreign = {"unit_id": plan["unit_id"], "year": 2026, "title": "X"}
    assert problem(await planning.call("POST", "/plans", outsider, **foreign)) == (403, "not-planner-of-unit")


async def test_whoever_only_reads_does_not_plan(planning: Planning, signed_in: Any) -> None:
    plan = await planning.plan()
    viewer = await signed_in(Role.VIEWER)
    assert (await planning.get(f"/plans/{plan['id']}", viewer)).status_code == 200
    assert problem(await planning.call("PATCH", f"/plans/{plan['id']}", viewer, title="X")) == (403, "forbidden")
    for who in (planning.room.speaker, planning.room.admin):
        assert (await planning.call("PATCH", f"/plans/{plan['id']}", who, title="Tên mới")).status_code == 200


async def test_a_unit_has_one_plan_of_a_year_in_a_programme(planning: Planning) -> None:
    await planning.plan()
    again = await planning.call("POST", "/plans", year=2026, title="Một kế hoạch nữa")
    assert problem(again) == (409, "plan-exists")
    assert (await planning.plan(year=2027))["year"] == 2027
    other = await planning.plan(programme_id=str((await programme(planning.make, 2026, 2026)).id))
    freed = await planning.call("PATCH", f"/plans/{other['id']}", programme_id=None)
    assert problem(freed) == (409, "plan-exists")


async def programme(make: Make, first: int, last: int) -> m.Programme:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return await make.add(
        m.Programme(
            id=new_id(now),
            number=f"{first}/QĐ-UBND",
            title="Chương trình thử",
            issued_on=date(first, 1, 1),
            period_from=date(first, 3, 1),
            period_to=date(last, 6, 30),
            state="running",
            source="test",
            created_at=now,
        )
    )


async def test_the_year_lies_in_the_programme_and_the_refusal_says_which_years_do(planning: Planning) -> None:
    over, current = await programme(planning.make, 2022, 2025), await programme(planning.make, 2026, 2030)
    body = {"year": 2026, "title": "X", "programme_id": str(over.id)}
    refused = await planning.call("POST", "/plans", **body)
    assert problem(refused) == (422, "dates-not-allowed")
    assert refused.json()["errors"] == [{"pointer": "/year", "first": 2022, "last": 2025}]
    assert "từ năm 2022 đến năm 2025" in refused.json()["detail"]
    plan = await planning.plan(programme_id=str(current.id))
    assert plan["programme_id"] == str(current.id)
    path = f"/plans/{plan['id']}"
    assert problem(await planning.call("PATCH", path, programme_id=str(over.id))) == (422, "dates-not-allowed")
    assert problem(await planning.call("PATCH", path, programme_id=str(uuid4()))) == (404, "programme-not-found")
    assert (await planning.call("PATCH", path, programme_id=None)).json()["programme_id"] is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"year": 1999},
        {"year": "x"},
        {"title": ""},
        {"title": "a\0b"},
        {"goals": "x" * 10_001},
        {"state": "running"},
        {"programme_id": "khong-phai"},
    ],
)
async def test_what_is_no_plan_is_refused(planning: Planning, wrong: dict[str, Any]) -> None:
    answer = await planning.call("POST", "/plans", **{"year": 2026, "title": "A", **wrong})
    assert problem(answer) == (422, "invalid-payload")


@pytest.mark.mission("M12")
async def test_states_follow_one_another_and_what_ended_is_opened_before_it_is_changed(planning: Planning) -> None:
    plan = await planning.plan()
    campaign = await planning.campaign(await planning.theme(plan))
    of_plan, of_campaign = f"/plans/{plan['id']}/state", f"/campaigns/{campaign['id']}/state"

    async def move(path: str, state: str) -> httpx.Response:
        return await planning.call("POST", path, state=state)

    assert problem(await move(of_plan, "ended")) == (409, "plan-move-not-allowed")
    early = await move(of_campaign, "running")
    assert problem(early) == (409, "plan-move-not-allowed")
    assert "hãy cho kế hoạch thực hiện trước" in early.json()["detail"]
    assert (await move(of_plan, "running")).json()["state"] == "running"
    assert (await move(of_campaign, "running")).json()["state"] == "running"
    held = await move(of_plan, "ended")
    assert problem(held) == (409, "plan-move-not-allowed")
    assert "1 chiến dịch" in held.json()["detail"]
    assert (await move(of_campaign, "ended")).json()["state"] == "ended"
    assert (await move(of_plan, "ended")).json()["state"] == "ended"
    assert problem(await move(of_plan, "draft")) == (409, "plan-move-not-allowed")
    closed = await planning.call("PATCH", f"/campaigns/{campaign['id']}", title="X")
    assert problem(closed) == (409, "plan-ended")
    assert problem(await planning.call("PATCH", f"/plans/{plan['id']}", title="X")) == (409, "plan-ended")
    assert (await move(of_plan, "running")).json()["state"] == "running"
    moves = [facts for action, facts in await planning.audited() if action == "plan.moved"]
    assert moves[0] == {"from": "draft", "to": "running"}


async def test_what_is_used_is_not_deleted_and_a_draft_without_anything_is(planning: Planning) -> None:
    plan = await planning.plan()
    theme = await planning.theme(plan)
    campaign = await planning.campaign(theme)
    draft = await planning.room.draft()
    await planning.assign(draft, campaign)
    where = [f"/campaigns/{campaign['id']}", f"/themes/{theme['id']}", f"/plans/{plan['id']}"]
    for path in where:
        assert problem(await planning.call("DELETE", path)) == (409, "plan-in-use")
    await planning.assign(draft, None)
    for path in where:
        assert (await planning.call("DELETE", path)).status_code == 204
        assert (await planning.get(path)).status_code == 404
    assert [a for a, _ in await planning.audited()][-3:] == ["campaign.deleted", "theme.deleted", "plan.deleted"]


# --- dates --------------------------------------------------------------------------------------------------


@pytest.mark.mission("M12")
@pytest.mark.parametrize(
    ("starts", "ends", "says"),
    [
        ("2025-12-31", "2026-02-01", "từ 01/01/2026 đến 31/12/2026"),
        ("2026-12-01", "2027-01-01", "từ 01/01/2026 đến 31/12/2026"),
        ("2026-03-02", "2026-03-01", "từ 02/03/2026 đến 31/12/2026"),
    ],
)
async def test_a_theme_lies_in_the_year_of_its_plan(planning: Planning, starts: str, ends: str, says: str) -> None:
    plan = await planning.plan()
    body = {"title": "Chủ đề", "starts_on": starts, "ends_on": ends}
    refused = await planning.call("POST", f"/plans/{plan['id']}/themes", **body)
    assert problem(refused) == (422, "dates-not-allowed")
    assert says in refused.json()["detail"]
    assert {"first", "last"} <= set(refused.json()["errors"][0])


@pytest.mark.parametrize("day", ["hôm nay", "2026-13-01", "2026-11-01T08:00:00Z", 5.5, None, True])
async def test_what_is_no_day_is_refused_in_vietnamese(planning: Planning, day: Any) -> None:
    plan = await planning.plan()
    body = {"title": "Chủ đề", "starts_on": day, "ends_on": "2026-12-31"}
    refused = await planning.call("POST", f"/plans/{plan['id']}/themes", **body)
    assert problem(refused) == (422, "invalid-payload")
    [error] = refused.json()["errors"]
    assert error["pointer"] == "/body/starts_on"
    assert "ngày" in error["message"]


@pytest.mark.mission("M12")
async def test_a_campaign_lies_in_its_theme_and_the_theme_stays_around_its_campaigns(planning: Planning) -> None:
    theme = await planning.theme(await planning.plan())
    body = {"title": "C", "starts_on": "2026-10-31", "ends_on": "2026-11-30"}
    refused = await planning.call("POST", f"/themes/{theme['id']}/campaigns", **body)
    assert problem(refused) == (422, "dates-not-allowed")
    assert refused.json()["errors"] == [{"pointer": "/starts_on", "first": "2026-11-01", "last": "2026-12-31"}]
    campaign = await planning.campaign(theme)
    path = f"/campaigns/{campaign['id']}"
    late = await planning.call("PATCH", path, ends_on="2027-01-01")
    assert problem(late) == (422, "dates-not-allowed")
    assert (await planning.call("PATCH", path, ends_on="2026-12-31")).json()["ends_on"] == "2026-12-31"
    narrowed = await planning.call("PATCH", f"/themes/{theme['id']}", ends_on="2026-12-30")
    assert problem(narrowed) == (422, "dates-not-allowed")
    assert "từ 10/11/2026 đến 31/12/2026" in narrowed.json()["detail"]
    assert (await planning.call("PATCH", f"/themes/{theme['id']}", starts_on="2026-11-10")).status_code == 200


async def test_a_campaign_and_a_narrower_theme_at_the_same_moment_do_not_both_stand(planning: Planning) -> None:
    plan = await planning.plan()
    for _ in range(5):
        theme = await planning.theme(plan)
        dates = {"starts_on": "2026-12-30", "ends_on": "2026-12-31"}
        made, narrowed = await asyncio.gather(
            planning.call("POST", f"/themes/{theme['id']}/campaigns", title="C", **dates),
            planning.call("PATCH", f"/themes/{theme['id']}", ends_on="2026-12-29"),
        )
        assert sorted((made.status_code, narrowed.status_code)) in ([200, 422], [201, 422])


async def test_themes_keep_their_order_over_pages(planning: Planning) -> None:
    plan = await planning.plan()
    made = [await planning.theme(plan, title=f"Chủ đề {n}") for n in range(3)]
    first = await planning.theme(plan, title="Trước hết", position=0)
    wanted = [made[0]["id"], first["id"], made[1]["id"], made[2]["id"]]
    path, seen, cursor = f"/plans/{plan['id']}/themes", [], None
    while True:
        page = (await planning.get(path, limit=1, **({"cursor": cursor} if cursor else {}))).json()
        seen += [theme["id"] for theme in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break
    assert seen == wanted
    odd = "WyJ4IiwgIjAwMDAwMDAwLTAwMDAtNzAwMC04MDAwLTAwMDAwMDAwMDAwMCJd"  # a key that is no position
    assert problem(await planning.get(path, cursor=odd)) == (422, "invalid-cursor")
    assert problem(await planning.get("/campaigns", cursor=odd)) == (422, "invalid-cursor")


# --- channels and targets -----------------------------------------------------------------------------------


async def test_a_campaign_uses_its_units_channels_and_the_bulletin(planning: Planning) -> None:
    theme = await planning.theme(await planning.plan())
    ward = await planning.make.unit()
    foreign = await planning.make.channel("bluesky", unit_id=ward.id)
    retired = await planning.make.channel("bluesky", state="retired")
    path = f"/themes/{theme['id']}/campaigns"
    body = {"title": "C", "starts_on": "2026-11-10", "ends_on": "2026-12-10"}
    for channel in (foreign, retired):
        refused = await planning.call("POST", path, **body, channel_ids=[str(channel.id)])
        assert problem(refused) == (409, "campaign-channel-refused")
    unknown = await planning.call("POST", path, **body, channel_ids=[str(uuid4())])
    assert problem(unknown) == (404, "channel-not-found")
    assert (await planning.get("/campaigns")).json()["items"] == [], "nothing of a refused campaign stays"


async def test_channels_and_targets_are_replaced_as_a_whole(planning: Planning) -> None:
    own = await planning.make.channel("bluesky")
    first = [{"metric": "likes", "target": 5, "definition": LIKES}]
    campaign = await planning.campaign(
        await planning.theme(await planning.plan()), channel_ids=[str(own.id)], targets=first
    )
    path = f"/campaigns/{campaign['id']}"
    assert (await planning.call("PATCH", path, title="Tên khác")).json()["targets"] == first
    second = [{"metric": "reposts", "target": 0, "definition": "Số lượt đăng lại"}]
    changed = (await planning.call("PATCH", path, targets=second, channel_ids=[])).json()
    assert (changed["targets"], changed["channel_ids"]) == (second, [])


@pytest.mark.parametrize(
    "targets",
    [
        [{"metric": "Likes!", "target": 5, "definition": "x"}],
        [{"metric": "likes", "target": -1, "definition": "x"}],
        [{"metric": "likes", "target": 1, "definition": " "}],
        [{"metric": "likes", "target": 1}],
        [{"metric": "likes", "target": 1, "definition": "x"}] * 2,
    ],
)
async def test_a_target_says_how_it_is_counted(planning: Planning, targets: list[dict[str, Any]]) -> None:
    theme = await planning.theme(await planning.plan())
    body = {"title": "C", "starts_on": "2026-11-10", "ends_on": "2026-12-10", "targets": targets}
    answer = await planning.call("POST", f"/themes/{theme['id']}/campaigns", **body)
    assert problem(answer) == (422, "invalid-payload")


# --- publications -------------------------------------------------------------------------------------------


@pytest.mark.mission("M12")
async def test_a_place_in_a_campaign_voids_no_approval(planning: Planning) -> None:
    campaign = await planning.running()
    later = (planning.room.clock.now() + timedelta(days=2)).isoformat()
    approved = await planning.room.approved(scheduled_at=later)
    assert approved["state"] == "scheduled"
    assigned = (await planning.assign(approved, campaign)).json()
    assert (assigned["state"], assigned["revision"]) == ("scheduled", approved["revision"])
    after = await planning.room.read(approved)
    assert len(after["approvals"]) == 1
    assert after["content_hash"] == approved["content_hash"]
    assert [d["state"] for d in after["deliveries"]] == ["pending"]


async def test_a_publication_joins_only_an_open_campaign_of_its_own_unit(planning: Planning, signed_in: Any) -> None:
    draft = await planning.room.draft()
    campaign = await planning.running()
    outside = {"campaign_id": campaign["id"]}
    path = f"/publications/{draft['id']}/campaign"
    assert problem(await planning.call("PUT", path, planning.stranger, **outside)) == (404, "publication-not-found")
    unknown = await planning.call("PUT", path, campaign_id=str(uuid4()))
    assert problem(unknown) == (404, "campaign-not-found")
    await planning.call("POST", f"/campaigns/{campaign['id']}/state", state="ended")
    assert problem(await planning.assign(draft, campaign)) == (409, "plan-ended")


async def test_a_campaign_of_another_unit_that_one_works_for_too_is_refused(
    planning: Planning, make: Make, issuer: Any
) -> None:
    ward = await make.unit()
    person = await make.person(Role.EDITOR)
    now = planning.room.clock.now()
    await make.add(m.RoleGrant(id=new_id(now), person_id=person.id, role=Role.EDITOR, unit_id=ward.id, valid_from=now))
    both = {"Authorization": f"Bearer {dev_token(issuer, person.subject, now)}"}
    plan = _made(await planning.call("POST", "/plans", both, year=2026, title="Của phường", unit_id=str(ward.id)))
    dates = {"starts_on": "2026-11-01", "ends_on": "2026-12-31"}
    theme = _made(await planning.call("POST", f"/plans/{plan['id']}/themes", both, title="T", **dates))
    campaign = _made(await planning.call("POST", f"/themes/{theme['id']}/campaigns", both, title="C", **dates))
    draft = await planning.room.draft()
    path = f"/publications/{draft['id']}/campaign"
    refused = await planning.call("PUT", path, both, campaign_id=campaign["id"])
    assert problem(refused) == (409, "campaign-of-another-unit")


# --- progress -----------------------------------------------------------------------------------------------


Point = Callable[..., Any]


@pytest.fixture
def point(make: Make) -> Point:
    async def add(delivery_id: str, metric: str, value: int | None, as_of: datetime) -> None:
        row = m.EngagementPoint(
            id=new_id(as_of),
            delivery_id=UUID(delivery_id),
            metric=metric,
            value=value,
            definition=f"{metric} theo nền tảng",
            as_of=as_of,
        )
        await make.add(row)

    return add


@pytest.mark.mission("M12")
async def test_what_nobody_told_is_blank_and_never_nought(planning: Planning) -> None:
    targets = [
        {"metric": "likes", "target": 100, "definition": LIKES},
        {"metric": "publications", "target": 4, "definition": "Số tin đã đăng"},
    ]
    campaign = await planning.running(targets=targets)
    progress = (await planning.get(f"/campaigns/{campaign['id']}/progress")).json()
    assert progress["total"] == 0
    assert set(progress["publications"].values()) == {0}, "our own count is known"
    likes, counted = progress["targets"]
    assert (likes["value"], likes["percent"], likes["as_of"], likes["channels"]) == (None, None, None, [])
    assert (likes["target"], likes["definition"]) == (100, LIKES)
    assert (counted["value"], counted["percent"]) == (0, 0.0)


@pytest.mark.mission("M12")
async def test_progress_sums_the_newest_figure_of_each_post_and_says_how_old_it_is(
    planning: Planning, point: Point
) -> None:
    targets = [{"metric": name, "target": 100, "definition": LIKES} for name in ("likes", "reposts")]
    campaign = await planning.running(targets=targets)
    posts = [await planning.room.published() for _ in range(3)]
    for post in posts:
        assert post["state"] == "published", post
        await planning.assign(post, campaign)
    first, second, _ = [post["deliveries"][0]["id"] for post in posts]
    now = planning.room.clock.now()
    hours = [now + timedelta(hours=n) for n in range(4)]
    await point(first, "likes", 10, hours[0])
    await point(first, "likes", 30, hours[1])
    await point(first, "likes", None, hours[3])
    await point(second, "likes", 12, hours[2])
    await point(second, "reposts", None, hours[2])
    planning.room.clock.advance(timedelta(hours=5))
    progress = (await planning.get(f"/campaigns/{campaign['id']}/progress")).json()
    assert progress["publications"]["published"] == progress["total"] == 3
    likes, reposts = progress["targets"]
    assert (likes["value"], likes["percent"]) == (42, 42.0)
    assert datetime.fromisoformat(likes["as_of"]) == hours[1], "the oldest reading within the sum"
    assert likes["posts_without_figure"] == 1
    [channel] = likes["channels"]
    assert (channel["channel_name"], channel["value"], channel["posts"]) == ("Bản tin", 42, 2)
    assert (reposts["value"], reposts["posts_without_figure"]) == (None, 3)


async def test_a_post_that_was_withdrawn_keeps_what_it_reached(planning: Planning, point: Point) -> None:
    targets = [{"metric": "likes", "target": 100, "definition": LIKES}]
    campaign = await planning.running(targets=targets)
    post = await planning.room.published()
    await planning.assign(post, campaign)
    await point(post["deliveries"][0]["id"], "likes", 7, planning.room.clock.now())
    await planning.room.act("withdraw", post, planning.room.speaker, reason="Đăng nhầm tài liệu")
    await planning.room.take_down()
    progress = (await planning.get(f"/campaigns/{campaign['id']}/progress")).json()
    assert progress["publications"]["withdrawn"] == 1
    [likes] = progress["targets"]
    assert (likes["value"], likes["posts_without_figure"]) == (7, 0)
