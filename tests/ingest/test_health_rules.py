"""The health of a source, by tables of cases: what is told, when, and that it does not flap."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from libs.common.clock import HANOI
from libs.common.models.catalogue import HealthCause as Cause
from libs.common.models.catalogue import SourceHealth as Health
from services.ingest.health.rules import LastPoll, Pulse, Vitals, judge, shown_health
from services.ingest.health.structure import Seen, diagnose, look, similarity, sketch
from services.ingest.health.volume import SLOTS, Norm
from services.ingest.health.wording import NAMES
from tests.ingest.desk import Item, article, rss

NOW = datetime(2026, 11, 25, 10, tzinfo=HANOI)
OLD = NOW - timedelta(days=90)
NORM = Norm([2.0] * SLOTS, 20.0, 4.0, 2.0, 40.0)
"""Two items an hour, day and night."""


def hours(count: float) -> datetime:
    return NOW - timedelta(hours=count)


def vitals(was: Health = Health.OK, **more: Any) -> Vitals:
    pulse = {name: more.pop(name) for name in list(more) if name in Pulse.__dataclass_fields__}
    usual: dict[str, Any] = {
        "state": "active",
        "failures": 0,
        "created_at": OLD,
        "last_ok_at": NOW,
        "last_item_at": hours(0.5),
    }
    known: dict[str, Any] = {"since": hours(100), "read_until": NOW, "norm": NORM, "cause": Cause.READ} | more
    return Vitals(pulse=Pulse(**(usual | pulse)), was=was, **known)


def failing(outcome: str, status: int | None = None, failures: int = 3, was: Health = Health.OK, **more: Any) -> Vitals:
    return vitals(was, failures=failures, last=LastPoll(outcome, status, None), **more)


@pytest.mark.parametrize(
    ("given", "health", "cause"),
    [
        (vitals(), Health.OK, Cause.READ),
        (vitals(Health.NEW, last_ok_at=None, last_item_at=None), Health.NEW, Cause.REGISTERED),
        (vitals(state="paused"), Health.PAUSED, Cause.PERSON),
        (vitals(Health.FAILING, state="gone"), Health.GONE, Cause.ENDED),
        (failing("error", 500), Health.FAILING, Cause.SERVER),
        (failing("timeout"), Health.FAILING, Cause.SERVER),
        (failing("error", 404), Health.FAILING, Cause.MOVED),
        (failing("error", 403), Health.BLOCKED, Cause.REFUSED),
        (failing("error", 401, failures=1), Health.BLOCKED, Cause.LOGIN),
        (failing("robots", failures=1), Health.BLOCKED, Cause.ROBOTS),
        (failing("refused"), Health.FAILING, Cause.MOVED),
        (failing("not_parsable"), Health.BROKEN, Cause.READER_BROKE),
        (vitals(last=LastPoll("ok", 200, None, empty_in_a_row=3)), Health.BROKEN, Cause.READER_BROKE),
        (vitals(last_item_at=hours(6)), Health.SILENT, Cause.QUIET),
        (vitals(last_item_at=hours(2)), Health.OK, Cause.READ),
        (vitals(last_hour=60), Health.FLOODING, Cause.FLOOD),
        (vitals(norm=None, last_item_at=hours(73)), Health.SILENT, Cause.QUIET),
        (vitals(norm=None, last_item_at=hours(71)), Health.OK, Cause.READ),
        (vitals(norm=replace(NORM, days=5.0), last_item_at=hours(20)), Health.OK, Cause.READ),
        (vitals(Health.SILENT, cause=Cause.QUIET), Health.OK, Cause.RECOVERED),
    ],
)
def test_how_a_source_is_judged(given: Vitals, health: Health, cause: Cause) -> None:
    found = judge(given, NOW)
    assert (found.health, found.cause) == (health, cause)
    assert found.reason


def test_one_failure_is_a_hiccup_and_is_not_told() -> None:
    for count in (1, 2):
        assert judge(failing("error", 500, failures=count), NOW).health is Health.OK
    assert judge(failing("error", 500, failures=1, was=Health.FAILING), NOW).health is Health.FAILING


def test_a_silence_lasts_only_to_the_last_good_poll() -> None:
    """A source that was not read for hours may well have written meanwhile."""
    assert judge(vitals(last_item_at=hours(6), read_until=hours(5)), NOW).health is Health.OK


def test_what_was_unusual_stays_until_it_is_clearly_over() -> None:
    between = vitals(last_item_at=hours(2.5))
    assert judge(between, NOW).health is Health.OK
    assert judge(replace(between, was=Health.SILENT, cause=Cause.QUIET), NOW).health is Health.SILENT
    assert judge(vitals(Health.SILENT, cause=Cause.QUIET, last_item_at=hours(1)), NOW).health is Health.OK
    some = vitals(last_hour=5)
    assert judge(some, NOW).health is Health.OK
    assert judge(replace(some, was=Health.FLOODING, last_hour=6, cause=Cause.FLOOD), NOW).health is Health.FLOODING
    assert judge(replace(some, was=Health.FLOODING, last_hour=3, cause=Cause.FLOOD), NOW).health is Health.OK


def test_a_trouble_lasts_a_while_in_the_books() -> None:
    back = vitals(Health.FAILING, cause=Cause.SERVER, since=hours(0.1))
    assert judge(back, NOW).health is Health.FAILING
    assert judge(replace(back, since=hours(0.3)), NOW).health is Health.OK


def test_what_waited_through_a_trouble_is_no_flood() -> None:
    assert judge(vitals(last_hour=60, since=hours(2)), NOW).health is Health.OK
    assert judge(vitals(last_hour=60, since=hours(7)), NOW).health is Health.FLOODING


def test_a_source_switching_every_minute_is_told_a_few_times_a_day() -> None:
    """A day of failing and answering by turns: changes are counted, as they would be kept."""
    was, since, changes = Health.OK, NOW - timedelta(days=2), 0
    for minute in range(24 * 60):
        now = NOW + timedelta(minutes=minute)
        pulse = Pulse("active", 3 if minute % 2 else 0, OLD, now, now)
        found = judge(Vitals(pulse, was, since, now, cause=Cause.READ, last=LastPoll("error", 500, None)), now)
        if found.health is not was:
            was, since, changes = found.health, now, changes + 1
    assert changes <= 24 * 60 / 15 * 2
    assert changes >= 2


@pytest.mark.parametrize(
    ("stored", "pulse", "shown"),
    [
        ("silent", {}, Health.SILENT),
        ("failing", {}, Health.OK),
        ("ok", {"failures": 1}, Health.FAILING),
        ("blocked", {"failures": 4}, Health.BLOCKED),
        ("broken", {}, Health.BROKEN),
        ("silent", {"state": "paused"}, Health.PAUSED),
        ("ok", {"state": "gone"}, Health.GONE),
        ("flooding", {}, Health.FLOODING),
        ("new", {"last_ok_at": None, "last_item_at": None}, Health.NEW),
    ],
)
def test_a_list_shows_what_the_newest_poll_already_says(stored: str, pulse: dict[str, Any], shown: Health) -> None:
    usual: dict[str, Any] = {"state": "active", "failures": 0, "created_at": OLD, "last_ok_at": NOW}
    known = Pulse(**(usual | {"last_item_at": NOW} | pulse))
    assert shown_health(stored, known, NOW, is_known=True) is shown


def test_every_health_has_a_name() -> None:
    assert set(NAMES) == set(Health)


# --- page changed, or our reader broke -----------------------------------------------------------------------


def listing(*titles: str, template: str = "tin") -> bytes:
    items = "".join(
        f"<li class='{template}-muc'><h3 class='{template}-tua'><a href='/{n}'>{title}</a></h3>"
        f"<p class='{template}-sapo'>{title} và chuyện quanh đó</p><span class='{template}-ngay'>hôm nay</span></li>"
        for n, title in enumerate(titles)
    )
    return (
        f"<html><head><title>Trang</title><meta charset='utf-8'></head><body class='{template}'><header>"
        f"<nav class='{template}-menu'><ul><li><a>Trang chủ</a></li></ul></nav></header><main class='{template}-chinh'>"
        f"<section class='{template}-moi'><ul>{items}</ul></section></main><footer><p>Hết</p></footer></body></html>"
    ).encode()


LOGIN = b"<html><body><form action='/login'><input name='u'><input type='password' name='p'></form></body></html>"
CAPTCHA = b"<html><head><title>Just a moment...</title></head><body><div id='cf-challenge'></div></body></html>"
BEFORE = listing("Mở đường mới", "Cấp nước trở lại", "Lịch tiếp dân")
TOMORROW = listing("Chợ đêm", "Xe buýt số 9", "Tiêm chủng", "Tuyển sinh", "Cây xanh")
REDRAWN = (
    b"<html><body><div id='app'><div class='grid'><article class='card'><a class='card-link'><figure><img></figure>"
    b"<div class='card-body'><time>nay</time></div></a></article></div></div></body></html>"
)


def test_new_articles_in_the_same_template_change_nothing() -> None:
    before, after, redrawn = (sketch(one) for one in (BEFORE, TOMORROW, REDRAWN))
    assert before is not None
    assert after is not None
    assert redrawn is not None
    assert similarity(before, after) > 0.95
    assert similarity(before, redrawn) < 0.35
    assert similarity(before, before) == 1
    feeds = [sketch(rss(*(Item(f"https://a.example/{n}", f"Tin {n}") for n in range(count)))) for count in (2, 40)]
    assert feeds[0] is not None
    assert feeds[0] == feeds[1], "a longer feed is the same feed"


@pytest.mark.parametrize(
    ("body", "url", "entries", "is_silent", "cause"),
    [
        (TOMORROW, "/tin", 5, False, None),
        (TOMORROW, "/tin", None, False, Cause.READER_BROKE),
        (TOMORROW, "/tin", 0, False, Cause.READER_BROKE),
        (REDRAWN, "/tin", 0, False, Cause.PAGE_CHANGED),
        (REDRAWN, "/tin", 1, False, None),
        (REDRAWN, "/tin", 1, True, Cause.PAGE_CHANGED),
        (LOGIN, "/tin", None, False, Cause.LOGIN),
        (REDRAWN, "/dang-nhap?tiep=tin", None, False, Cause.LOGIN),
        (CAPTCHA, "/tin", None, False, Cause.CAPTCHA),
        (b"", "/tin", None, False, Cause.PAGE_CHANGED),
    ],
)
def test_whose_trouble_it_is(body: bytes, url: str, entries: int | None, is_silent: bool, cause: Cause | None) -> None:
    asked = "https://a.example/tin"
    found = diagnose(
        Seen(asked, f"https://a.example{url}", body, "text/html; charset=utf-8", entries, is_silent), sketch(BEFORE)
    )
    assert (found.cause if found else None) == cause
    if found:
        assert found.health is (Health.BLOCKED if cause in (Cause.LOGIN, Cause.CAPTCHA) else Health.BROKEN)


def test_a_look_reads_as_the_source_is_read() -> None:
    feed = rss(Item("https://a.example/1", "Một"), Item("https://a.example/2", "Hai"))
    kept = sketch(feed)
    well = look("feed", "https://a.example/rss", "https://a.example/rss", feed, "text/xml", kept, False)
    assert (well.cause, well.sketch) == (None, kept)
    page = look("feed", "https://a.example/rss", "https://a.example/", BEFORE, "text/html", kept, False)
    assert (page.cause, page.similarity is not None and page.similarity < 0.2) == ("page_changed", True)
    emptied = rss()
    assert look("feed", "https://a.example/rss", "https://a.example/rss", emptied, "text/xml", kept, False).cause
    text = article("Thông báo", "Phường cấp nước trở lại từ sáng mai.")
    assert (
        look("page", "https://a.example/", "https://a.example/", text, "text/html", sketch(text), False).cause is None
    )
