"""What is shown of trends: figures with their time and source, words, blanks outside of the house, honest forecasts."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from libs.common import models as m
from libs.common.clock import FrozenClock
from libs.common.growth import burst_words
from libs.common.ids import new_id
from libs.common.models.enums import Role
from services.classify.main import SERVICE
from services.classify.trends.schemas import SOURCE, forecast_error
from services.classify.trends.showing import terms_of, told_outside
from tests.classify.conftest import Desk
from tests.classify.trends.counter import Counter
from tests.classify.trends.waves import counts, times

API = "/api/classify/v1/trends"
START = datetime(2026, 9, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
async def client(client_for: Any) -> Any:
    return await client_for(SERVICE)


def hourly(days: int, mean: float = 60.0) -> dict[datetime, int]:
    stamps = times(days, minutes=60, start=START)
    return {at: int(value) for at, value in zip(stamps, counts(stamps, mean), strict=True)}


def at(clock: FrozenClock, moment: datetime) -> datetime:
    clock.advance(moment - clock.now())
    return moment


async def get(client: Any, path: str, who: Any, status: int = 200, **params: Any) -> dict[str, Any]:
    answer = await client.get(f"{API}{path}", params=params, headers=who)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.mission("M06")
async def test_a_series_says_its_values_as_of_when_and_from_where(
    counter: Counter, client: Any, signed_in: Any, clock: FrozenClock
) -> None:
    now = clock.now()
    await counter.contents(now - timedelta(hours=3), now - timedelta(hours=3), now - timedelta(hours=30), field="y_te")
    await counter.count()
    who = await signed_in(Role.VIEWER)
    listed = await get(client, "/series", who, dimension="field")
    assert [row["key"] for row in listed["items"]] == ["y_te"]
    shown = await get(client, "/series/field/y_te", who, days=2)
    assert shown["source"] == SOURCE
    assert datetime.fromisoformat(shown["as_of"]) == await counter.mark()
    assert [point["count"] for point in shown["points"] if point["count"]] == [1, 2]
    assert len(shown["points"]) == 48
    five = await get(client, "/series/all/all", who, step="5m", days=1)
    assert (five["step_minutes"], sum(point["count"] for point in five["points"])) == (5, 2)
    assert "bước" in (await get(client, "/series/all/all", who, 422, step="5m", days=60))["title"]
    await get(client, "/series/field/khac", who, 404)
    await get(client, "/series/person/khac", who, 422)


async def test_outside_sees_places_by_day_and_none_below_ten_and_nothing_of_stories(
    counter: Counter, client: Any, signed_in: Any, clock: FrozenClock
) -> None:
    now = at(clock, datetime(2026, 11, 27, 3, 0, tzinfo=UTC))
    story = new_id(now)
    for days, number in ((1, 12), (2, 4), (3, 3), (4, 11)):
        moments = [now - timedelta(days=days, minutes=step) for step in range(number)]
        await counter.contents(*moments, places=["W1"], story_id=story)
    await counter.count()
    outside, staff = await signed_in(Role.INTEGRATOR), await signed_in(Role.EDITOR)
    shown = await get(client, "/series/place/W1", outside, days=4, step="5m")
    assert shown["step_minutes"] == 24 * 60
    assert [point["count"] for point in shown["points"]] == [11, None, None, 12]
    assert "10" in shown["note"]
    inside = await get(client, "/series/place/W1", staff, days=4, step="1d")
    assert [point["count"] for point in inside["points"]] == [11, 3, 4, 12]
    await get(client, f"/series/story/{story}", outside, 404)
    for path in ("/series", "/bursts", "/rising", "/forecast/all/all"):
        await get(client, path, outside, 403)


def test_one_blank_alone_would_tell_itself() -> None:
    day = datetime(2026, 1, 1, tzinfo=UTC)
    points = [(day, 40), (day + HOUR, 3), (day + 2 * HOUR, 12)]
    assert [count for _, count in told_outside(points)] == [40, None, None]
    assert [count for _, count in told_outside(points[:1])] == [40]


@pytest.mark.mission("M06")
async def test_a_burst_is_shown_with_why_in_words(
    counter: Counter, client: Any, signed_in: Any, clock: FrozenClock
) -> None:
    now = clock.now()
    story = new_id(now)
    titles = ["Cháy lớn ở chợ Hàng Da", "Chợ Hàng Da cháy lớn trong đêm", "Dập tắt đám cháy chợ Hàng Da"]
    for place, title in enumerate(titles * 7):
        await counter.contents(now - timedelta(minutes=2 * place + 2), title=title, field="chay_no", story_id=story)
    await counter.count()
    await counter.read()
    who = await signed_in(Role.EDITOR)
    [told] = (await get(client, "/bursts", who, only_open=True, hours=24))["items"]
    assert (told["dimension"], told["key"]) == ("story", str(story))
    assert "chưa đủ lịch sử" in told["says"]
    why = await get(client, f"/bursts/{told['id']}", who)
    assert why["stories"][0]["title"] == "Cháy chợ Hàng Da"
    assert len(why["contents"]) == 10
    assert "chợ hàng" in " ".join(why["terms"])
    assert why["as_of"]
    assert (await get(client, "/bursts", who, dimension="field"))["items"] == []
    await get(client, f"/bursts/{new_id(now)}", who, 404)


async def test_rising_stories_come_by_their_growth(
    counter: Counter, client: Any, signed_in: Any, clock: FrozenClock
) -> None:
    now = clock.now()
    fast, steady = new_id(now), new_id(now)
    await counter.contents(*[now - timedelta(minutes=10 * step + 10) for step in range(9)], story_id=fast)
    await counter.contents(*[now - timedelta(minutes=20 * step + 10) for step in range(18)], story_id=steady)
    await counter.count()
    who = await signed_in(Role.VIEWER)
    shown = await get(client, "/rising", who)
    assert [(row["key"], row["seen"], row["expected"]) for row in shown["items"]] == [(str(fast), 9, 0.0)]
    assert shown["items"][0]["title"] == "Cháy chợ Hàng Da"
    assert shown["compared_with"] == "3 giờ ngay trước đó"
    fields = await get(client, "/rising", who, dimension="field")
    assert [row["key"] for row in fields["items"]] == ["giao_thong"]
    assert "7 ngày" in fields["compared_with"]


@pytest.mark.mission("M06")
async def test_a_forecast_shows_its_interval_and_last_months_error(
    counter: Counter, client: Any, signed_in: Any, clock: FrozenClock
) -> None:
    at(clock, START + timedelta(days=30, minutes=10))
    await counter.fill("field", "giao_thong", hourly(30))
    await counter.fill("field", "y_te", {moment: count for moment, count in hourly(30).items() if moment.day > 26})
    await counter.fill("field", "khac", {clock.now() - HOUR: 1})
    async with counter.owner.transaction() as session:
        await session.merge(m.SeriesMark(name="counted", reached_at=clock.now()))
    assert await counter.forecast() == 2, "the third has too few contents"
    assert await counter.forecast() == 0, "each once an hour"
    who = await signed_in(Role.VIEWER)
    shown = await get(client, "/forecast/field/giao_thong", who, hours=168)
    assert len(shown["points"]) == 168
    assert all(0 <= point["low"] <= point["mean"] <= point["high"] for point in shown["points"])
    assert datetime.fromisoformat(shown["points"][0]["at"]) == START + timedelta(days=30)
    day = next(error for error in shown["errors"] if error["hours"] == 24)
    assert day["is_better"]
    assert day["origins"] >= 15
    assert day["ratio"] < 1
    assert 0.6 <= day["covered"] <= 0.95
    short = await get(client, "/forecast/field/y_te", who)
    assert (short["points"], short["errors"]) == ([], [])
    assert "Chưa đủ lịch sử" in short["says"]
    assert "Chưa đủ lịch sử" in (await get(client, "/forecast/field/khac", who))["says"]
    clock.advance(timedelta(hours=2))
    assert await counter.forecast() == 2


def test_no_better_than_naive_is_said() -> None:
    figures = {"origins": 20, "naive": 10.0, "covered": 0.8}
    assert "Không tốt hơn" in forecast_error(24, {**figures, "ours": 10.0}).says
    better = forecast_error(24, {**figures, "ours": 6.6})
    assert (better.is_better, better.ratio, better.says) == (
        True,
        0.66,
        "Sai số bằng 66 % so với cách lặp lại ngày hôm trước",
    )
    assert not forecast_error(24, {**figures, "naive": 0.0, "ours": 0.0}).is_better


def test_words_of_a_burst_and_terms_of_its_titles() -> None:
    assert (
        burst_words(31, 4.2, 5, 6.7) == "31 nội dung trong 5 phút, thường chỉ khoảng 4,2; khoảng 7 tuần mới có một lần"
    )
    assert "1 giờ" in burst_words(31, 4.2, 60, None)
    titles = ["Mất nước ở Linh Đàm", "Linh Đàm mất nước ngày thứ 3", "Vì sao Linh Đàm mất nước?", "Giá vàng"]
    assert terms_of(titles)[:2] == ["linh đàm", "mất nước"]
    assert terms_of([]) == []


async def test_the_desk_needs_a_name(desk: Desk, client: Any) -> None:
    assert (await client.get(f"{API}/bursts")).status_code == 401
