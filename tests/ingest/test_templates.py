"""The quick way through the pages of a known site: what it gives, when it is used, and when it is not."""

import json
import threading
from collections.abc import Callable, Iterator
from functools import cache
from itertools import groupby

import pytest

from bench.sites import LAYOUTS, SitePage, site_pages
from services.ingest.extract import Article, extract_article
from services.ingest.templates import Extractor
from services.ingest.templates.container import Container, balanced_end, container_of
from services.ingest.templates.extractor import CHECK_EVERY, FIRST_CHECK
from services.ingest.templates.learning import likeness
from services.ingest.templates.model import Template

PAGES = {site: list(pages) for site, pages in groupby(site_pages(8), key=lambda page: page.site)}
SITES = [layout.host for layout in LAYOUTS]
THOI_SU = SITES[0]


@cache
def generally(data: bytes) -> Article:
    return extract_article(data)


def read(extractor: Extractor, page: SitePage) -> tuple[bool, str]:
    """Whether the page was read quickly, and its text."""
    before = extractor.quick
    article = extractor.extract(page.data, url=f"https://{page.name}")
    return extractor.quick > before, article.text


@pytest.mark.parametrize("site", SITES)
def test_from_the_third_page_on_a_site_is_read_quickly_and_to_the_same_text(site: str) -> None:
    extractor = Extractor()
    found = [(page, *read(extractor, page)) for page in PAGES[site]]
    quick = [(page, text) for page, was_quick, text in found[2:] if was_quick]
    assert len(quick) >= 4
    for page, text in quick:
        assert likeness(text, generally(page.data).text) >= 0.99
        assert likeness(text, page.text) >= 0.9


@pytest.mark.parametrize("site", SITES)
def test_the_quick_way_reads_every_other_field_as_the_general_way_does(site: str) -> None:
    extractor = Extractor()
    for page in PAGES[site]:
        quick, general = extractor.extract(page.data), generally(page.data)
        assert quick.published_at is not None
        for name in ("title", "summary", "published_at", "published_from", "canonical_url", "language"):
            assert getattr(quick, name) == getattr(general, name), name


def test_a_page_that_names_its_own_address_needs_no_site() -> None:
    extractor = Extractor()
    for page in PAGES[THOI_SU]:
        extractor.extract(page.data)
    assert extractor.quick > 0
    assert [one["tag"] for one in extractor.templates(THOI_SU)] == ["article"]


def test_sites_do_not_share_what_was_learned() -> None:
    extractor = Extractor()
    for page in PAGES[THOI_SU][:4]:
        extractor.extract(page.data, site="a.example")
    extractor.extract(PAGES[THOI_SU][5].data, site="b.example")
    assert extractor.templates("a.example")
    assert extractor.general >= 2


def without_container(data: bytes) -> bytes:
    return data.replace(b'<article class="fck_detail"', b'<div class="new-design"').replace(b"</article>", b"</div>")


def too_short(data: bytes) -> bytes:
    start, end = data.index(b"<p>"), data.rindex(b"</p>", 0, data.index(b"author_mail"))
    return data[:start] + "<p>Tin ngắn.</p>".encode() + data[end + 4 :]


def with_something_new(data: bytes) -> bytes:
    box = (
        b'<div class="live-blog">' + b"<p>Ph\xc3\xb3ng vi\xc3\xaan t\xc6\xb0\xe1\xbb\x9dng thu\xe1\xba\xadt. </p>" * 40
    )
    return data.replace(b"</article>", box + b"</div></article>")


def without_a_date(data: bytes) -> bytes:
    return data.replace(b"article:published_time", b"x:nothing")


def with_two_bodies(data: bytes) -> bytes:
    return data.replace(b"<aside", b'<article class="fck_detail"><p>Another one.</p></article><aside')


@pytest.mark.parametrize("change", [without_container, too_short, with_something_new, without_a_date, with_two_bodies])
def test_a_page_that_does_not_fit_is_read_the_general_way(change: Callable[[bytes], bytes]) -> None:
    extractor = Extractor()
    for page in PAGES[THOI_SU][:2]:
        extractor.extract(page.data, site=THOI_SU)
    data, before = change(PAGES[THOI_SU][4].data), extractor.general
    article = extractor.extract(data, site=THOI_SU)
    assert extractor.general == before + 1
    assert article == extract_article(data)


def test_a_new_design_is_learned_beside_the_old_one() -> None:
    extractor = Extractor()
    for page in PAGES[THOI_SU][:2]:
        extractor.extract(page.data, site=THOI_SU)
    for page in PAGES[THOI_SU][3:5]:
        extractor.extract(without_container(page.data), site=THOI_SU)
    before = extractor.quick
    extractor.extract(without_container(PAGES[THOI_SU][6].data), site=THOI_SU)
    extractor.extract(PAGES[THOI_SU][7].data, site=THOI_SU)
    assert extractor.quick == before + 2
    assert len(extractor.templates(THOI_SU)) == 2


def test_now_and_then_a_page_is_read_both_ways() -> None:
    extractor, page = Extractor(), PAGES[THOI_SU][1]
    for one in PAGES[THOI_SU][:2]:
        extractor.extract(one.data, site=THOI_SU)
    before = extractor.general
    for _ in range(CHECK_EVERY + FIRST_CHECK):
        extractor.extract(page.data, site=THOI_SU)
    assert before < extractor.general <= before + 2


def test_a_template_that_no_longer_agrees_is_out_of_use() -> None:
    """The body moved, and the old container holds something else that looks like a text."""
    extractor = Extractor()
    for page in PAGES[THOI_SU][:2]:
        extractor.extract(page.data, site=THOI_SU)
    for page in PAGES[THOI_SU]:
        extractor.extract(moved(page.data), site=THOI_SU)
    last = moved(PAGES[THOI_SU][7].data)
    assert "Thông báo chung" not in extract_article(last).text
    assert "Thông báo chung" not in extractor.extract(last, site=THOI_SU).text


def moved(data: bytes) -> bytes:
    notice = "<p>Thông báo chung của tòa soạn về việc nhận bài, gửi ảnh và liên hệ quảng cáo.</p>".encode() * 3
    old = b'<article class="fck_detail">' + notice + b"</article>"
    return data.replace(b"fck_detail", b"body-of-2027").replace(b"<footer", old + b"<footer")


def test_what_was_learned_survives_its_json_form() -> None:
    extractor, other = Extractor(), Extractor()
    for page in PAGES[THOI_SU][:2]:
        extractor.extract(page.data, site=THOI_SU)
    stored = json.loads(json.dumps(extractor.templates(THOI_SU)))
    other.restore(THOI_SU, stored)
    assert [Template.from_json(one).to_json() for one in stored] == stored
    assert read(other, PAGES[THOI_SU][5]) == (True, generally(PAGES[THOI_SU][5].data).text)
    assert other.general == 0


def test_the_least_used_site_is_forgotten_first() -> None:
    extractor = Extractor(sites=2)
    for site in SITES[:2]:
        for page in PAGES[site][:3]:
            extractor.extract(page.data, site=site)
    extractor.extract(PAGES[SITES[0]][3].data, site=SITES[0])
    extractor.extract(PAGES[SITES[2]][0].data, site=SITES[2])
    assert extractor.templates(SITES[0])
    assert not extractor.templates(SITES[1])


def test_threads_may_share_an_extractor() -> None:
    extractor, texts = Extractor(), {}

    def work(site: str) -> None:
        texts[site] = [extractor.extract(page.data, site=site).text for page in PAGES[site]]

    threads = [threading.Thread(target=work, args=(site,)) for site in SITES]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for site in SITES:
        for page, text in zip(PAGES[site], texts[site], strict=True):
            assert likeness(text, page.text) >= 0.9


# --- where a body stands ------------------------------------------------------------------------------


def spans() -> Iterator[tuple[bytes, bytes]]:
    """A page, and the part of it that is the body."""
    yield b"<p>a</p><div class='b x'>1<div>2</div>3</div><div>4", b"<div class='b x'>1<div>2</div>3</div>"
    yield b"<DIV ID=q CLASS=b>1</DIV>2", b"<DIV ID=q CLASS=b>1</DIV>"
    yield b'<div class="b">1<!-- </div> -->2</div>3', b'<div class="b">1<!-- </div> -->2</div>'
    yield b'<div class="b"><script>"</div>"</script>2</div>3', b'<div class="b"><script>"</div>"</script>2</div>'
    yield b'<div title="a > b" class="b">1</div>2', b'<div title="a > b" class="b">1</div>'
    yield b'<script>var t = "class=b";</script><div class=b>1</div>', b"<div class=b>1</div>"
    yield b'<div class="bb">0</div><div class="a b">1</div>', b'<div class="a b">1</div>'


@pytest.mark.parametrize(("page", "part"), list(spans()))
def test_a_body_is_found_in_the_bytes(page: bytes, part: bytes) -> None:
    place = Container("div", (("class", frozenset({"b"})),)).find(page)
    assert place is not None
    assert page[place[0] : place[1]] == part


@pytest.mark.parametrize(
    "page",
    [b"", b"<div>", b'<div class="b">never closed', b'<p class="b">', b'<div class="b"></div>' * 2],
)
def test_no_body_or_two_are_none(page: bytes) -> None:
    assert Container("div", (("class", frozenset({"b"})),)).find(page) is None


def test_what_is_of_one_page_alone_describes_no_container() -> None:
    found = container_of("div", {"id": "post-48213", "class": "entry post-48213", "style": "color: red"})
    assert found == Container("div", (("class", frozenset({"entry"})),))
    assert not container_of("div", {"id": "n8812345"}).is_telling
    assert container_of("article", {}).is_telling


def test_containers_are_joined_by_what_both_say() -> None:
    one = container_of("div", {"class": "body video wide"})
    other = container_of("div", {"class": "body wide gallery"})
    assert one.shared_with(other) == Container("div", (("class", frozenset({"body", "wide"})),))
    assert one.shared_with(container_of("div", {"class": "menu"})) is None
    assert one.shared_with(container_of("section", {"class": "body"})) is None


def test_an_element_that_never_ends_has_no_end() -> None:
    assert balanced_end(b"<div><div></div>", "div", 0) is None
    assert balanced_end(b"<body><p>x", "body", 0) == 10
