"""The rules of intake, by tables of cases."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from uuid import UUID

import pytest

from services.ingest.addresses import canonical_url, url_hash, without_author
from services.ingest.domain import Known, Verdict, believable_date, content_hash, item_hash, judge
from services.ingest.feedback.rules import (
    case_reference,
    case_subject,
    is_urgent,
    opens_case,
)
from services.ingest.rhythm import NextPoll, PollOutcome, decide_next_poll, max_age_seconds, retry_after_seconds

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)
SOURCE, OTHER = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("HTTP://VnExpress.NET:80/Tin-Tuc/A.html#top", "http://vnexpress.net/Tin-Tuc/A.html"),
        ("https://a.vn:443", "https://a.vn/"),
        ("https://a.vn:8443/x", "https://a.vn:8443/x"),
        ("https://a.vn/x?utm_source=zalo&id=7&fbclid=abc&UTM_Medium=x", "https://a.vn/x?id=7"),
        ("https://a.vn/x?gclid=1", "https://a.vn/x"),
        ("https://a.vn/x?b=2&a=1&&", "https://a.vn/x?b=2&a=1"),
        ("https://a.vn/tin%2dmoi/%e1%ba%a1", "https://a.vn/tin-moi/%E1%BA%A1"),
        ("https://a.vn/hà-nội", "https://a.vn/h%C3%A0-n%E1%BB%99i"),
        ("https://a.vn/ha\u0300", "https://a.vn/h%C3%A0"),
        ("https://a.vn/ha%CC%80", "https://a.vn/h%C3%A0"),
        ("https://a.vn/a%2Fb?q=1%262", "https://a.vn/a%2Fb?q=1%262"),
        ("https://a.vn/x/../y/./z", "https://a.vn/y/z"),
        ("https://a.vn/x/../y/", "https://a.vn/y/"),
        ("https://a.vn//x//y", "https://a.vn/x/y"),
        ("https://a.vn./x", "https://a.vn/x"),
        ("https://hànội.vn/", "https://xn--hni-9ka0849a.vn/"),
        ("http://user:pass@a.vn/x", "http://a.vn/x"),
        ("http://[2405:4800::1]:80/x", "http://[2405:4800::1]/x"),
        ("https://a.vn/%FF", "https://a.vn/%FF"),
        ("  https://a.vn/x \n", "https://a.vn/x"),
    ],
)
def test_one_address_for_one_page(written: str, canonical: str) -> None:
    assert canonical_url(written) == canonical
    assert canonical_url(canonical) == canonical


@pytest.mark.parametrize(
    "written",
    [
        "",
        "javascript:alert(1)",
        "urn:uuid:1",
        "/relative",
        "http://",
        "http://[::1",
        "http://a b/",
        "ftp://a/",
    ],
)
def test_what_is_no_web_address(written: str) -> None:
    assert canonical_url(written) is None


def test_http_and_https_are_the_same_page_and_cases_of_a_path_are_not() -> None:
    assert url_hash("http://a.vn/x") == url_hash("https://a.vn/x")
    assert url_hash("https://a.vn/x") != url_hash("https://a.vn/X")
    assert len(url_hash("https://a.vn/x")) >= 16


def test_items_without_an_address_are_told_apart_by_source_and_id() -> None:
    assert item_hash(SOURCE, "7") != item_hash(OTHER, "7")
    assert item_hash(SOURCE, "7") != item_hash(SOURCE, "8")


def test_white_space_and_unicode_form_make_no_revision() -> None:
    assert content_hash("Hòa  Bình", "a\n\nb") == content_hash("Ho\u0300a Bi\u0300nh ", "a b")
    assert content_hash("ab", "c") != content_hash("a", "bc")
    assert content_hash("Số ca: 5", "") != content_hash("Số ca: 6", "")


@pytest.mark.parametrize(
    ("known", "source", "new", "verdict"),
    [
        (None, SOURCE, b"1", Verdict.NEW),
        (Known(UUID(int=9), b"1", SOURCE), SOURCE, b"1", Verdict.DUPLICATE),
        (Known(UUID(int=9), b"1", SOURCE), SOURCE, b"2", Verdict.REVISION),
        (Known(UUID(int=9), b"1", OTHER), SOURCE, b"2", Verdict.DUPLICATE),
    ],
)
def test_a_page_is_revised_by_the_source_that_brought_it(
    known: Known | None, source: UUID, new: bytes, verdict: Verdict
) -> None:
    assert judge(known, source, new) is verdict


def test_dates_from_the_future_are_not_believed() -> None:
    assert believable_date(NOW + timedelta(hours=5), NOW) is not None
    assert believable_date(NOW + timedelta(days=3), NOW) is None
    assert believable_date(datetime(1970, 1, 1, tzinfo=UTC), NOW) is None


@pytest.mark.parametrize(
    ("outcome", "failures", "asked", "seconds", "counted"),
    [
        (PollOutcome.OK, 3, None, 300, 0),
        (PollOutcome.NOT_MODIFIED, 0, None, 300, 0),
        (PollOutcome.OK, 0, 3600, 3600, 0),
        (PollOutcome.OK, 0, 60, 300, 0),
        (PollOutcome.ERROR, 0, None, 600, 1),
        (PollOutcome.ERROR, 1, None, 1200, 2),
        (PollOutcome.TIMEOUT, 30, None, 86_400, 31),
        (PollOutcome.ERROR, 0, 7200, 7200, 1),
        (PollOutcome.ERROR, 0, 10**9, 86_400, 1),
    ],
)
def test_the_next_poll(outcome: PollOutcome, failures: int, asked: int | None, seconds: int, counted: int) -> None:
    decided = decide_next_poll(outcome, now=NOW, poll_seconds=300, failures=failures, wait_seconds=asked)
    assert decided == NextPoll(NOW + timedelta(seconds=seconds), counted)


def test_a_source_that_says_gone_is_gone() -> None:
    assert decide_next_poll(PollOutcome.GONE, now=NOW, poll_seconds=300, failures=0).is_gone


def test_waiting_times_of_servers() -> None:
    assert retry_after_seconds("120", NOW) == 120
    assert retry_after_seconds("99999999999", NOW) == 86_400
    assert retry_after_seconds(format_datetime(NOW + timedelta(minutes=5), usegmt=True), NOW) == 300
    assert retry_after_seconds("soon", NOW) is None
    assert max_age_seconds("public, max-age=900") == 900
    assert max_age_seconds("s-maxage=5") is None


@pytest.mark.mission("M05")
@pytest.mark.parametrize(
    ("kind", "group", "form", "opens"),
    [
        ("criticism", "citizen", "post", True),
        ("complaint", "forum", "post", True),
        ("report_of_problem", "official", "report", True),
        ("criticism", "press", "article", False),
        ("complaint", "citizen", "article", True),
        ("criticism", "forum", "release", True),
        ("criticism", "official", "post", True),
        ("criticism", "official", "article", False),
        ("criticism", "portal", "post", False),
        ("criticism", "official", "release", False),
        ("opinion", "citizen", "post", True),
        ("question", "citizen", "post", False),
        ("news", "citizen", "post", False),
    ],
)
def test_which_texts_open_a_case(kind: str, group: str, form: str, opens: bool) -> None:
    assert opens_case(kind, group, form) is opens


@pytest.mark.mission("M37")
@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("https://www.facebook.com/nguyenvana/posts/123", "https://www.facebook.com/posts/123"),
        ("https://x.com/nguyenvana/status/9", "https://x.com/i/status/9"),
        ("https://www.tiktok.com/@nguyenvana/video/7", "https://www.tiktok.com/video/7"),
        ("https://bsky.app/profile/a.bsky.social/post/3k", "https://bsky.app/post/3k"),
        ("https://mastodon.social/@nguyenvana/1099", "https://mastodon.social/1099"),
        ("https://www.instagram.com/nguyenvana/p/Cx/", "https://www.instagram.com/p/Cx/"),
        ("https://bao.vn/thoi-su/cau-moi.html", "https://bao.vn/thoi-su/cau-moi.html"),
    ],
)
def test_an_address_keeps_the_post_and_drops_its_author(address: str, kept: str) -> None:
    assert without_author(address) == kept


def test_words_of_danger_make_a_case_urgent() -> None:
    assert is_urgent("Cây đổ chắn ngang đường, rất nguy hiểm")
    assert not is_urgent("Đề nghị trồng thêm cây xanh")


def test_a_case_has_a_reference_and_a_subject() -> None:
    assert case_reference(2026, 123) == "PA-2026-000123"
    assert case_subject("  Ổ gà \n trên đường  ", "x") == "Ổ gà trên đường"
    long = case_subject("", "từ " * 100)
    assert len(long) <= 120
    assert long.endswith("từ…")
