"""One key for one page, by tables of cases and by properties over made-up addresses."""

import hashlib
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.ingest.addresses import canonical_url, host_site, page_host, same_page, site_of, url_hash


def key(url: str) -> bytes:
    canonical = canonical_url(url)
    assert canonical is not None, url
    return url_hash(canonical)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://bao.vn/thoi-su/cau-moi-20.html", "https://www.bao.vn/thoi-su/cau-moi-20.html"),
        ("https://m.bao.vn/a.html", "https://bao.vn/a.html"),
        ("https://mobile.bao.com.vn/a.html", "https://www.bao.com.vn/a.html"),
        ("https://amp.bao.vn/a.html", "https://bao.vn/a.html"),
        ("https://www.m.bao.vn/a.html", "https://bao.vn/a.html"),
        ("https://bao.vn/a.html?amp=1", "https://bao.vn/a.html"),
        ("https://bao.vn/a.html?amp", "https://bao.vn/a.html"),
        ("https://bao.vn/a.html?outputType=amp&id=3", "https://bao.vn/a.html?id=3"),
        ("https://bao.vn/thoi-su/a/amp/", "https://bao.vn/thoi-su/a"),
        ("https://bao.vn/amp/thoi-su/a.html", "https://bao.vn/thoi-su/a.html"),
        ("https://bao.vn/thoi-su/a.amp", "https://bao.vn/thoi-su/a"),
        ("https://bao.vn/thoi-su/a-amp.html", "https://bao.vn/thoi-su/a.html"),
        ("https://bao-vn.cdn.ampproject.org/c/s/bao.vn/a.html", "https://bao.vn/a.html"),
        ("https://bao-vn.cdn.ampproject.org/v/s/bao.vn/a/amp?amp_js_v=0.1&usqp=mq331", "https://bao.vn/a"),
        ("https://www.google.com.vn/amp/s/amp.bao.vn/a.html", "https://bao.vn/a.html"),
        ("https://www.google.com/url?sa=t&url=https%3A%2F%2Fbao.vn%2Fa.html%3Fid%3D3", "https://bao.vn/a.html?id=3"),
        ("https://l.facebook.com/l.php?u=https%3A%2F%2Fbao.vn%2Fa.html%3Ffbclid%3Dx&h=AT0", "https://bao.vn/a.html"),
        ("https://bao.vn/chuyen-muc/index.html", "https://bao.vn/chuyen-muc/"),
        ("https://cong.gov.vn/tin/Default.aspx?id=7", "https://cong.gov.vn/tin?id=7"),
        ("https://bao.vn/a?b=2&a=1", "https://bao.vn/a?a=1&b=2"),
        ("https://bao.vn/a.html;jsessionid=0A1B2C?id=7", "https://bao.vn/a.html?id=7"),
        ("https://bao.vn/a?PHPSESSID=abc&id=7", "https://bao.vn/a?id=7"),
        ("https://bao.vn/a?sid=4f3c2b1a4f3c2b1a4f3c2b1a4f3c2b1a&id=7", "https://bao.vn/a?id=7"),
        ("https://bao.vn/a?zarsrc=30&utm_source=zalo&gidzl=x&mibextid=y", "https://bao.vn/a"),
    ],
)
def test_one_page_has_one_key(one: str, other: str) -> None:
    assert key(one) == key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://bao.vn/a?tag=1&tag=2", "https://bao.vn/a?tag=2&tag=1"),
        ("https://bao.vn/a?sid=1234", "https://bao.vn/a?sid=1235"),
        ("https://bao.vn/a?sid=100000000000000000000001", "https://bao.vn/a?sid=100000000000000000000002"),
        ("https://bao.vn/a?id=1", "https://bao.vn/a?id=2"),
        ("https://bao.vn/A", "https://bao.vn/a"),
        ("https://english.bao.vn/a", "https://bao.vn/a"),
        ("https://bao.vn:8443/a", "https://bao.vn/a"),
        ("https://bao.vn/amp", "https://bao.vn/"),
        ("https://bao.vn/dong-ho-amp-ke", "https://bao.vn/dong-ho-ke"),
        ("https://bao.vn/a?amp=12", "https://bao.vn/a"),
        ("https://www.gov.vn/a", "https://gov.vn/a"),
        ("https://bao.vn/a/index-co-phieu.html", "https://bao.vn/a"),
    ],
)
def test_two_pages_have_two_keys(one: str, other: str) -> None:
    assert key(one) != key(other)


def test_the_key_of_a_plain_address_has_not_changed() -> None:
    """Keys are stored: whoever changes this changes what is new."""
    for canonical, told in (
        ("https://bao.vn/thoi-su/cau-moi-20.html", "bao.vn/thoi-su/cau-moi-20.html"),
        ("http://bao.vn/thoi-su/?page=2", "bao.vn/thoi-su?page=2"),
        ("https://bao.vn/", "bao.vn"),
    ):
        assert url_hash(canonical) == hashlib.sha256(told.encode()).digest()


@pytest.mark.parametrize(
    ("link", "found_at", "declared", "known_as"),
    [
        ("https://m.bao.vn/a-1.html", None, "https://bao.vn/a-1.html", "https://bao.vn/a-1.html"),
        ("https://bao.vn/a/amp", None, "/a?utm_source=amp", "https://bao.vn/a"),
        ("https://bao.vn/rd?id=1", "https://bao.vn/a-1.html", None, "https://bao.vn/a-1.html"),
        ("https://tong-hop.vn/r/1", "https://bao.vn/a-1.html", "https://bao.vn/a.html", "https://bao.vn/a.html"),
        ("https://bao.vn/a-1.html", None, "https://bao.vn/", "https://bao.vn/a-1.html"),
        ("https://bao.vn/a-1.html", "https://bao.vn/", None, "https://bao.vn/a-1.html"),
        ("https://bao.vn/a-1.html", None, "https://bao-khac.vn/a.html", "https://bao.vn/a-1.html"),
        ("https://bao.vn/a-1.html", None, "javascript:void(0)", "https://bao.vn/a-1.html"),
        ("https://bao.vn/a-1.html", None, "https://[bad", "https://bao.vn/a-1.html"),
        ("https://bao.vn/a-1.html", None, None, "https://bao.vn/a-1.html"),
    ],
)
def test_what_a_page_declares_counts_on_its_own_site(
    link: str, found_at: str | None, declared: str | None, known_as: str
) -> None:
    assert same_page(link, found_at, declared) == known_as


# --- properties ---------------------------------------------------------------------------------------------

LABEL = st.from_regex(r"[a-z][a-z0-9-]{0,8}[a-z0-9]", fullmatch=True)
FORM = st.sampled_from(["", "www.", "m.", "amp.", "mobile.", "www.m.", "WWW."])
HOST = st.builds("{}{}.{}".format, FORM, LABEL, st.sampled_from(["vn", "com.vn", "gov.vn", "com"]))
SEGMENT = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/?#\\%;"), min_size=1, max_size=8),
    st.sampled_from(["amp", "index.html", "a%2Fb", "%E1%BA%A1", "..", "a.amp", "hà-nội", ""]),
)
NAME = st.sampled_from(["id", "page", "q", "tag", "sid", "amp", "utm_source", "fbclid", "PHPSESSID", "b", "A"])
PAIR = st.builds("{}={}".format, NAME, st.text("abc019%.é-", max_size=30))
URL = st.builds(
    "{}://{}{}/{}{}".format,
    st.sampled_from(["http", "https", "HTTPS"]),
    HOST,
    st.sampled_from(["", ":80", ":443", ":8443"]),
    st.lists(SEGMENT, max_size=4).map("/".join),
    st.lists(PAIR, max_size=5).map(lambda pairs: "?" + "&".join(pairs) if pairs else ""),
).map(str.strip)
FAST = settings(max_examples=100, deadline=None)


@FAST
@given(st.one_of(URL, st.text(max_size=40), st.text(max_size=20).map("http://".__add__)))
@example(
    "https://a.cdn.ampproject.org/c/s/www.google.com/url?q=https%3A%2F%2Fl.facebook.com%2Fl.php%3Fu%3Dhttp%3A%2F%2Fb.vn"
)
def test_canonical_is_canonical_already(url: str) -> None:
    once = canonical_url(url)
    if once is not None:
        assert canonical_url(once) == once
        assert url_hash(once) == url_hash(canonical_url(once) or "")


@FAST
@given(URL)
def test_an_address_never_leaves_its_site(url: str) -> None:
    once = canonical_url(url)
    assert once is not None
    asked = urlsplit(url).hostname or ""
    assert urlsplit(once).hostname == asked
    assert host_site(once) == site_of(page_host(once)) == site_of(asked)


TRACKING = {"utm_source", "fbclid", "phpsessid"}


@FAST
@given(URL)
def test_no_parameter_is_lost_but_those_that_follow_readers(url: str) -> None:
    once = canonical_url(url)
    assert once is not None
    before = [
        name for name, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True) if name.lower() not in TRACKING
    ]
    after = [name for name, _ in parse_qsl(urlsplit(once).query, keep_blank_values=True)]
    assert [name for name in after if name != "sid"] == [name for name in before if name != "sid"]
    kept = len([name for name in after if name == "sid"])
    assert kept <= len([name for name in before if name == "sid"])


@FAST
@given(URL, st.integers(0, 10**6))
def test_a_parameter_that_tells_pages_apart_tells_them_apart(url: str, number: int) -> None:
    mark = "&" if "?" in url else "?"
    assert key(f"{url}{mark}so={number}") != key(f"{url}{mark}so={number + 1}")


@FAST
@given(URL)
def test_following_a_reader_makes_no_new_page(url: str) -> None:
    mark = "&" if "?" in url else "?"
    assert key(f"{url}{mark}utm_campaign=x&fbclid=y&zarsrc=30") == key(url)
