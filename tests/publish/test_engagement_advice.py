"""Rates with their formula, advice with its evidence: blank where a figure is unknown, silent where posts are few."""

import importlib
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from libs.common import models as m
from libs.common.clock import HANOI
from libs.common.engagement import FORMULAS, Figure, rate_of
from libs.common.ids import new_id
from libs.common.models.enums import Role
from libs.common.testing.make import Make
from libs.common.testing.plugin import NOON
from services.publish.adapters.base import CHANNELS
from services.publish.engagement.advice import MINIMUM, Post, advise, form_of, hour_band, wilson
from tests.publish.newsroom import API, Newsroom

NEVER_INTERACTIONS = {"views", "reach", "letters"}


def figures(**values: int | None) -> list[Figure]:
    return [Figure(name, value, f"{name} theo nền tảng", NOON) for name, value in values.items()]


# --- rates --------------------------------------------------------------------------------------------------


@pytest.mark.mission("M31")
@pytest.mark.parametrize("kind", sorted(FORMULAS))
def test_a_formula_is_made_of_what_the_platform_offers_now(kind: str) -> None:
    metrics = importlib.import_module(CHANNELS.get(kind).__module__).METRICS
    offered = {metric.name for metric in metrics if metric.is_offered}
    formula = FORMULAS[kind]
    assert set(formula.numerator) == offered - NEVER_INTERACTIONS
    assert (formula.denominator is not None) == ("views" in offered)


@pytest.mark.mission("M31")
@pytest.mark.parametrize(
    ("kind", "told", "percent", "interactions", "missing"),
    [
        ("youtube", {"views": 400, "likes": 18, "comments": 2, "shares": None}, 5.0, 20, ()),
        ("youtube", {"views": 400, "likes": 0, "comments": 0}, 0.0, 0, ()),
        ("youtube", {"views": None, "likes": 18, "comments": 2}, None, 20, ("views",)),
        ("youtube", {"views": 400, "likes": None, "comments": 2}, None, None, ("likes",)),
        ("youtube", {"views": 400, "comments": 2}, None, None, ("likes",)),
        ("youtube", {"views": 0, "likes": 0, "comments": 0}, None, 0, ()),
        ("youtube", {}, None, None, ("likes", "comments", "views")),
        ("facebook", {"reactions": 5, "comments": 1, "shares": 0, "views": None}, None, 6, ()),
        ("zalo", {"views": 3, "shares": 1}, 33.33, 1, ()),
    ],
)
def test_what_is_unknown_leaves_a_rate_blank_and_is_never_nought(
    kind: str, told: dict[str, int | None], percent: float | None, interactions: int | None, missing: tuple[str, ...]
) -> None:
    rate = rate_of(kind, figures(**told))
    assert rate is not None
    assert (rate.percent, rate.interactions, rate.missing) == (percent, interactions, missing)


def test_the_formula_is_printed_and_the_oldest_figure_dates_it() -> None:
    old = Figure("likes", 3, "số lượt thích", NOON - timedelta(hours=5))
    rate = rate_of("youtube", [*figures(views=10, comments=1), old])
    assert rate is not None
    assert rate.formula.printed == "(likes + comments) ÷ views × 100; trống khi thiếu một trong các số này"
    assert rate.as_of == old.as_of
    assert "không có tỷ lệ" in FORMULAS["facebook"].printed
    assert rate_of("telegram", figures(views=5)) is None


# --- advice -------------------------------------------------------------------------------------------------


def posts(*groups: tuple[int, int, str, float]) -> list[Post]:
    """(how many, hour in Hà Nội, form, measure)"""
    made = []
    for count, hour, form, measure in groups:
        for day in range(count):
            at = datetime(2026, 9, 1, hour, tzinfo=HANOI) + timedelta(days=day)
            made.append(Post(new_id(NOON), at, form, measure + day / 1000))
    return made


@pytest.mark.mission("M31")
def test_a_suggestion_names_its_sample_its_interval_and_its_posts() -> None:
    evening = posts((20, 18, "text", 8.0))
    said, unsaid = advise([*evening, *posts((20, 8, "text", 2.0), (3, 2, "text", 99.0))])
    (one,) = said
    assert (one.subject, one.group, one.sample, one.others) == ("hour", "17–20 giờ", 20, 23)
    assert 0.5 < one.low < one.share <= one.high
    assert one.confidence == pytest.approx(0.975)
    assert {post.publication_id for post in one.evidence} == {post.publication_id for post in evening}
    assert one.words.startswith("Gợi ý: ")
    told = {(each.group, each.sample): each.why for each in unsaid}
    assert "chưa đủ mẫu" in told["00–06 giờ", 3]
    assert "không khác rõ" in told["06–09 giờ", 20]
    assert "chưa đủ mẫu" in told["chỉ có chữ", 43], "there is nothing to compare one form with"


@pytest.mark.mission("M31")
@pytest.mark.parametrize(("group", "others"), [(MINIMUM - 1, 60), (60, MINIMUM - 1), (0, 30), (0, 0), (1, 0)])
def test_under_the_least_sample_nothing_is_suggested(group: int, others: int) -> None:
    said, _ = advise(posts((group, 18, "video", 50.0), (others, 8, "text", 1.0)))
    assert said == []


def test_equal_groups_give_no_advice_and_chance_seldom_does() -> None:
    said, _ = advise(posts((30, 18, "text", 5.0), (30, 8, "image", 5.0)))
    assert said == []
    rng, looks, found = random.Random(20261124), 200, 0
    for _ in range(looks):
        made = posts(*((1, rng.choice([7, 10, 15, 18]), "text", rng.lognormvariate(0, 1)) for _ in range(80)))
        found += bool(advise(made)[0])
    assert found <= looks * 0.05


@pytest.mark.parametrize(
    ("share", "size", "low", "high"), [(0.5, 10, 0.2366, 0.7634), (1.0, 12, 0.7575, 1.0), (0.0, 12, 0.0, 0.2425)]
)
def test_wilson(share: float, size: int, low: float, high: float) -> None:
    """Values of the published formula at 95 %."""
    assert wilson(share, size, 0.95) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


def test_hours_are_those_of_the_city_and_a_film_is_a_film() -> None:
    assert hour_band(datetime(2026, 11, 24, 17, 0, tzinfo=HANOI)) == "17–20 giờ"
    assert hour_band(datetime(2026, 11, 24, 16, 59, tzinfo=HANOI)) == "14–17 giờ"
    assert hour_band(datetime(2026, 11, 24, 23, 59, tzinfo=HANOI)) == "20–24 giờ"
    assert [form_of(kinds) for kinds in ((), ("image/png",), ("image/png", "video/mp4"))] == ["text", "image", "video"]


# --- over HTTP ----------------------------------------------------------------------------------------------


@pytest.fixture
async def tube(make: Make) -> m.Channel:
    return await make.channel("youtube", name="YouTube của thành phố", settings={"version": "v3"})


Posted = Callable[..., Any]


@pytest.fixture
def posted(newsroom: Newsroom, make: Make) -> Posted:
    """A post that went out, as the owner of the tables puts it there, and what was read of it."""

    async def put(channel: m.Channel, days_ago: int, hour: int, **told: int | None) -> UUID:
        draft = UUID((await newsroom.draft())["id"])
        local = newsroom.clock.now().astimezone(HANOI).replace(hour=hour) - timedelta(days=days_ago)
        async with newsroom.db.transaction() as session:
            await session.execute(text("ALTER TABLE deliveries DISABLE TRIGGER USER"))
            delivery = m.Delivery(
                id=new_id(local),
                publication_id=draft,
                channel_id=channel.id,
                revision=1,
                state="published",
                not_before=local,
                committed_at=local,
                confirmed_at=local,
                updated_at=local,
            )
            session.add(delivery)
            await session.flush()
            await session.execute(text("ALTER TABLE deliveries ENABLE TRIGGER USER"))
            for metric, value in told.items():
                at = local + timedelta(days=3)
                point = {"delivery_id": delivery.id, "metric": metric, "value": value, "as_of": at}
                session.add(m.EngagementPoint(id=new_id(at), definition=f"{metric} theo YouTube", **point))
        return draft

    return put


@pytest.mark.mission("M31")
async def test_a_rate_is_shown_with_its_formula_and_every_figure_in_it(
    newsroom: Newsroom, tube: m.Channel, posted: Posted
) -> None:
    draft = await posted(tube, 5, 9, views=200, likes=8, comments=2, shares=None)
    blank = await posted(tube, 5, 9, views=None, likes=8, comments=2)
    url = f"{API}/publications/{{}}/engagement/rates"
    (rate,) = (await newsroom.client.get(url.format(draft), headers=newsroom.editor)).json()["items"]
    assert (rate["percent"], rate["interactions"], rate["missing"]) == (5.0, 10, [])
    assert rate["formula"].startswith("(likes + comments) ÷ views × 100")
    assert (rate["formula_version"], rate["api_version"], rate["kind"]) == ("2026-11", "v3", "youtube")
    assert [(f["metric"], f["value"], f["definition"]) for f in rate["numerator"]] == [
        ("likes", 8, "likes theo YouTube"),
        ("comments", 2, "comments theo YouTube"),
    ]
    assert rate["denominator"]["value"] == 200
    assert rate["as_of"] == rate["denominator"]["as_of"]
    (rate,) = (await newsroom.client.get(url.format(blank), headers=newsroom.editor)).json()["items"]
    assert (rate["percent"], rate["denominator"]["value"], rate["missing"]) == (None, None, ["views"])


@pytest.mark.mission("M31")
async def test_advice_links_its_evidence_and_leaves_out_what_is_unknown(
    newsroom: Newsroom, tube: m.Channel, posted: Posted
) -> None:
    evening = [await posted(tube, day, 18, views=100, likes=9, comments=0) for day in range(10, 26)]
    for day in range(10, 26):
        await posted(tube, day, 8, views=100, likes=1, comments=0)
    await posted(tube, 12, 18, views=None, likes=500, comments=0)
    await posted(tube, 1, 18, views=100, likes=90, comments=0)  # too young to be compared
    advice = (await newsroom.client.get(f"{API}/channels/{tube.id}/advice", headers=newsroom.editor)).json()
    assert (advice["posts"], advice["posts_without_figures"], advice["minimum_sample"]) == (32, 1, MINIMUM)
    assert advice["formula"].startswith("(likes + comments) ÷ views")
    assert "không phải quan hệ nhân quả" in advice["method"]
    (one,) = advice["suggestions"]
    assert (one["group"], one["sample"], one["group_median"], one["others_median"]) == ("17–20 giờ", 16, 9.0, 1.0)
    assert one["interval"][0] > 0.5
    assert {e["publication_id"] for e in one["evidence"]} == {str(each) for each in evening}
    shown = await newsroom.client.get(one["evidence"][0]["url"], headers=newsroom.editor)
    assert shown.json()["id"] == one["evidence"][0]["publication_id"]


@pytest.mark.mission("M31", "M22")
async def test_advice_is_for_the_channels_unit_and_says_so_where_there_are_no_figures(
    newsroom: Newsroom, tube: m.Channel, make: Make, signed_in: Any
) -> None:
    stranger = await signed_in(Role.EDITOR, unit_id=(await make.unit()).id)
    assert (await newsroom.client.get(f"{API}/channels/{tube.id}/advice", headers=stranger)).status_code == 404
    url = f"{API}/channels/{newsroom.bulletin.id}/advice"
    advice = (await newsroom.client.get(url, headers=newsroom.editor)).json()
    assert (advice["measure"], advice["suggestions"], advice["posts"]) == (None, [], 0)
    assert "không cho số liệu" in advice["formula"]
