"""Each change of the register is told once, in a feed that strict parsers read."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import feedparser
import httpx
import pytest
from lxml import etree
from sqlalchemy import select

from libs.common import models as m
from libs.common.clock import FrozenClock
from libs.common.jobs import JobContext
from libs.common.label_names import GROUPS, SOURCE_KINDS
from libs.common.models.open_data import RegisterSubject as S
from services.reports import labels
from services.reports.english import ENGLISH
from services.reports.open_data import changes, feed
from services.reports.settings import RetentionSettings
from tests.reports.city import City
from tests.reports.open_data.conftest import Publish

pytestmark = pytest.mark.mission("M40")
Json = dict[str, Any]
ATOM = etree.RelaxNG(etree.parse(str(Path(__file__).parents[2] / "publish/bulletin/atom.rng")))
CARD: Json = {
    "title": "Mô hình nhãn", "date": "2026-11-20", "data": "Văn bản tự viết", "licence": "Apache-2.0", "limits": "Ngắn",
    "split": "Văn bản thử đã khóa",
    "frozen": {"field": {"macro_f1": 0.86, "accuracy_where_said": 0.9, "coverage": 0.92}},
}  # fmt: skip


async def told(client: httpx.AsyncClient) -> list[Any]:
    got = await client.get("/minh-bach/thay-doi.atom")
    assert (got.status_code, got.headers["content-type"]) == (200, "application/atom+xml; charset=utf-8")
    ATOM.validate(etree.fromstring(got.content))
    assert [str(error) for error in ATOM.error_log] == []
    parsed = feedparser.parse(got.content)
    assert not parsed.bozo
    return list(parsed.entries)


async def titles(client: httpx.AsyncClient) -> list[str]:
    return [entry.title for entry in await told(client)]


async def model(city: City, version: str, right: float, *, is_current: bool = True) -> None:
    card = {**CARD, "version": version, "frozen": {"field": {**CARD["frozen"]["field"], "accuracy_where_said": right}}}
    row = {"name": "linear", "version": version, "card": card, "is_current": is_current, "installed_at": city.now}
    await city.make.add(m.InstalledModel(**row))


async def test_the_first_look_opens_the_register_and_tells_nothing_old(
    client: httpx.AsyncClient, city: City, publish: Publish
) -> None:
    await city.make.source(name="Báo cũ")
    await publish()
    assert await titles(client) == ["Sổ minh bạch được mở"]
    await publish()
    assert await titles(client) == ["Sổ minh bạch được mở"]


async def test_sources_models_limits_and_data_sets_that_change_are_told_once(
    client: httpx.AsyncClient, city: City, clock: FrozenClock, publish: Publish, worker: JobContext[Any]
) -> None:
    kept = await city.make.source(name="Báo cũ")
    await model(city, "aaa", 0.9)
    await publish()
    clock.advance(timedelta(days=1))
    await city.make.source(name="Báo <b>mới</b> & lạ")
    await city.change(m.Source, kept.id, state="paused", last_ok_at=clock.now())
    async with city.db.transaction() as session:
        old = await session.get(m.InstalledModel, ("linear", "aaa"))
        assert old is not None
        old.is_current = False
        await session.flush()
        session.add(m.InstalledModel(name="linear", version="bbb", card=CARD, is_current=True, installed_at=city.now))
    await publish()
    entries = {entry.title: entry for entry in await told(client)}
    assert set(entries) == {
        "Sổ minh bạch được mở",
        "Thêm nguồn: Báo <b>mới</b> & lạ",
        "Ngừng theo dõi nguồn: Báo cũ",
        "Mô hình gán nhãn mới: phiên bản bbb",
        "Dữ liệu mở ngày 25/11/2026",
    }
    exchanged = entries["Mô hình gán nhãn mới: phiên bản bbb"]
    assert "sai khi nói 10,0%" in exchanged.summary
    assert "aaa" in exchanged.summary
    assert "Nguồn được theo dõi" in entries["Dữ liệu mở ngày 25/11/2026"].summary
    assert "<b>mới" not in entries["Thêm nguồn: Báo <b>mới</b> & lạ"].content[0].value
    assert len({entry.id for entry in entries.values()}) == len(entries)
    before = {entry.title: (entry.id, entry.updated) for entry in entries.values()}
    clock.advance(timedelta(minutes=10))
    await publish()
    assert {entry.title: (entry.id, entry.updated) for entry in await told(client)} == before
    async with worker.db.transaction() as session:
        assert await changes.record_changes(session, RetentionSettings(contents_days=30), clock.now()) == 1
        [newest, *_] = await session.scalars(select(m.RegisterChange).order_by(m.RegisterChange.id.desc()))
    assert feed._words([newest]) == (
        "Hạn lưu giữ thay đổi: toàn văn bài viết thu nhận",
        ["Trước: 90 ngày; nay: 30 ngày."],
    )


def change(subject: S, key: str, before: Json | None, after: Json | None) -> m.RegisterChange:
    return m.RegisterChange(subject=subject, key=key, before=before, after=after)


SOURCE: Json = {"name": "Báo A", "group": "press", "kind": "feed", "state": "active"}


@pytest.mark.parametrize(
    ("one", "title", "said"),
    [
        (change(S.SOURCE, "1", SOURCE, None), "Thôi theo dõi nguồn: Báo A", "không còn trong sổ"),
        (change(S.SOURCE, "1", SOURCE | {"state": "paused"}, SOURCE), "Theo dõi lại nguồn: Báo A", "nay: đang"),
        (change(S.SOURCE, "1", SOURCE | {"name": "Báo B"}, SOURCE), "Sửa thông tin nguồn: Báo A", "Tên trước: Báo B"),
        (
            change(S.CLASSES, "tone", {"members": ["neutral", "old"]}, {"members": ["neutral", "positive"]}),
            "Danh sách nhãn thay đổi: Sắc thái", "Thêm: Tích cực. Bỏ: old.",
        ),
        (change(S.CLASSES, "gone", {"members": ["a"]}, None), "Danh sách nhãn thay đổi: gone", "Bỏ: a."),
        (change(S.RETENTION, "outbox", {"days": 7}, None), "Hạn lưu giữ thay đổi: sự kiện nội bộ", "không đặt hạn"),
        (
            change(S.MODEL, "linear", None, {"version": "x", "measures": []}),
            "Mô hình gán nhãn mới: phiên bản x", "thẻ mô hình không ghi",
        ),
        (change(S.MODEL, "linear", {"version": "x", "measures": []}, None), "không còn được dùng", "trước: x"),
    ],
)  # fmt: skip
def test_each_kind_of_change_says_what_was_and_what_is(one: m.RegisterChange, title: str, said: str) -> None:
    words, sentences = feed._words([one])
    assert title in words
    assert said in " ".join(sentences)


def test_what_is_gone_and_comes_back_is_told_again() -> None:
    state = {(S.SOURCE, "1"): SOURCE}
    gone = change(S.SOURCE, "1", SOURCE, None)
    assert list(changes.compare({(S.SOURCE, "1"): gone}, {})) == []
    assert list(changes.compare({(S.SOURCE, "1"): gone}, state)) == [(S.SOURCE, "1", None, SOURCE)]


def test_every_label_of_the_register_has_its_english() -> None:
    lists = (GROUPS, SOURCE_KINDS, labels.SOURCE_STATES, labels.SEARCH_PURPOSES, labels.HOUSE_GROUNDS)
    names = [name for one in lists for name in one.values()]
    names += [word for one in labels.CLASSES for word in (one.name, one.purpose, *(name for _, name in one.members))]
    assert [name for name in names if name not in ENGLISH] == []
