"""What strangers write is kept as text: nothing that runs, nothing that hides or turns words, by whichever door."""
# ruff: noqa: E501 - documents stand as they are

import html
import json
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.ingest.adapters.base import SOURCE_KINDS, Entry
from tests.ingest.conftest import DeskWith
from tests.ingest.desk import Desk
from tests.ingest.site import Answer, Site

VECTORS = [
    "<script>alert(1)</script>", "<ScRiPt src=//x.test></ScRiPt>", "<img src=x onerror=alert(1)>", "<svg/onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>", "<math><mi xlink:href='javascript:alert(1)'>x</mi></math>", "<a href='javascript:alert(1)'>x</a>",
    "<iframe srcdoc='&lt;script&gt;alert(1)&lt;/script&gt;'></iframe>", "<style>@import'//x.test'</style>", "<!--><img src=x onerror=alert(1)>-->",
    "<object data='javascript:alert(1)'></object>", "<template><script>alert(1)</script></template>", "<base href=//x.test/>",
    "<form action=javascript:alert(1)><button>x</button></form>", "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<body onload=alert(1)>", "<input autofocus onfocus=alert(1)>", "<div style='background:url(javascript:alert(1))'>x</div>",
    "<scr<script>ipt>alert(1)</scr</script>ipt>", "<details open ontoggle=alert(1)>", "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<video><source onerror=alert(1)></video>", "<x onclick=alert(1)>x</x>", "<plaintext>", "<![CDATA[<script>alert(1)</script>",
]  # fmt: skip
RUNS = re.compile(r"<\s*/?\s*[a-z!?][^<]*>|javascript:|\bon\w+\s*=", re.IGNORECASE)
SEEN = "Chữ\u202eđảo\u202c, \u2066ẩn\u2069\U000e0041\U000e0042, \ufff9chú\ufffb, \x07chuông\x9b, \ufdd0rỗng"
LEFT = "Chữđảo, ẩn, chú, chuông, rỗng"


def rss_with(markup: str) -> bytes:
    escaped = html.escape(markup, quote=False)
    return (
        "<rss version='2.0' xmlns:content='http://purl.org/rss/1.0/modules/content/' xmlns:dc='http://purl.org/dc/elements/1.1/'>"
        f"<channel><title>B</title><item><guid isPermaLink='false'>1</guid><title>Tin {escaped}</title><link>https://bao.vn/1</link>"
        f"<description>Tóm {escaped}</description><content:encoded>Dài {escaped}</content:encoded><dc:creator>{escaped}</dc:creator>"
        "</item></channel></rss>"
    ).encode()


def atom_with(markup: str) -> bytes:
    escaped = html.escape(markup, quote=False)
    return (
        f"<feed xmlns='http://www.w3.org/2005/Atom'><entry><id>1</id><link href='https://bao.vn/1'/><title type='html'>Tin {escaped}"
        f"</title><summary type='html'>Tóm {escaped}</summary><content type='html'>Dài {escaped}</content></entry></feed>"
    ).encode()


def json_with(markup: str) -> bytes:
    item = {
        "id": "1",
        "url": "https://bao.vn/1",
        "title": "Tin",
        "summary": f"Tóm {markup}",
        "content_html": f"Dài {markup}",
    }
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": [item]}).encode()


def page_with(markup: str) -> bytes:
    story = "".join(
        f"<p>Câu chuyện thứ {n} của khu phố trong buổi sáng nay, kể thật dài. {markup}</p>" for n in range(8)
    )
    described = html.escape(markup)
    return (
        f"<html><head><title>Tin {described}</title><meta property='og:title' content='Tin {described}'><meta name=description "
        f"content='Tóm {described}'></head><body><article><h1>Tin</h1>{story}</article></body></html>"
    ).encode()


FORMS: dict[str, tuple[str, Callable[[str], bytes]]] = {
    "rss": ("feed", rss_with),
    "atom": ("feed", atom_with),
    "json": ("feed", json_with),
    "page": ("page", page_with),
}


def texts(entry: Entry) -> list[str]:
    return [text for text in (entry.title, entry.summary, entry.content) if text]


@pytest.mark.parametrize("form", FORMS)
def test_markup_that_runs_is_never_an_entrys_text(form: str) -> None:
    kind, write = FORMS[form]
    for vector in VECTORS:
        document = SOURCE_KINDS.get(kind).parse(write(vector), content_type=None, url="https://bao.vn/1")
        assert len(document.entries) == 1, vector
        for text in texts(document.entries[0]):
            # What was escaped twice is the text of a tag, which a page shows and does not obey.
            assert not RUNS.search(text) or form == "page", (vector, text)
            assert "alert(1)</script" not in text, (vector, text)


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", " data:text/html,x", "JaVaScRiPt:x", "vbscript:x", "blob:x", "file:///etc/passwd"]
)
async def test_an_entry_leads_to_no_address_that_runs(desk: Desk, site: Site, link: str) -> None:
    site.routes["/rss"] = Answer(rss_with("x").replace(b"https://bao.vn/1", link.encode()))
    site.routes["/map"] = Answer(f"<urlset><url><loc>{link}</loc></url></urlset>".encode())
    for path, kind in (("/rss", "feed"), ("/map", "sitemap")):
        await desk.register(site.url(path), kind)
    await desk.poll()
    assert [one.url for one in await desk.contents() if one.url is not None] == []
    refused = await desk.ask("POST", "/contents", json={"title": "a", "text": "b", "url": link})
    assert refused.status_code == 422


async def test_what_is_stored_by_any_door_can_be_seen(desk: Desk, site: Site) -> None:
    """Controls, signs that turn what is read around, tags nobody sees: through feeds, pages and both doors of push."""
    escaped = html.escape(SEEN)
    for path, body in (("/rss", rss_with(escaped)), ("/atom", atom_with(SEEN)), ("/page", page_with(SEEN))):
        site.routes[path] = Answer(body)
        await desk.register(site.url(path), "page" if path == "/page" else "feed", name=path)
    await desk.poll()
    await desk.push(
        [{"title": SEEN, "text": SEEN, "summary": SEEN}, {"title": "a\ufb1d\u0308", "text": "\u1e0a\u0323"}]
    )
    stored = await desk.contents()
    assert len(stored) >= 4
    for one in stored:
        for text in (one.title, one.summary or "", one.text):
            assert unicodedata.is_normalized("NFC", text)
            assert not set(text) & set("\u202e\u202c\u2066\u2069\U000e0041\ufff9\ufdd0\x07\x9b"), ascii(text)
    assert LEFT in [one.title for one in stored]


async def test_what_strangers_wrote_leaves_as_data_that_no_browser_takes_for_a_page(desk: Desk) -> None:
    row = {"title": VECTORS[0], "text": VECTORS[2], "summary": VECTORS[3]}
    assert (await desk.push([row])).json()["stored"] == 1
    (stored,) = await desk.contents()
    for answer in (await desk.ask("GET", f"/contents/{stored.id}"), await desk.ask("GET", "/contents")):
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"


# --- XML and JSON made to do more than tell -----------------------------------------------------------------

SECRET = "bi-mat-cua-may-chu-7731"


def xml_attacks(secret: Path) -> dict[str, str]:
    """Declarations before a document whose title asks for them, by name."""
    system = f'"file://{secret}"'
    return {
        "external": f"<!DOCTYPE r [<!ENTITY x SYSTEM {system}>]>",
        "public": f'<!DOCTYPE r [<!ENTITY x PUBLIC "-//x" {system}>]>',
        "parameter": f'<!DOCTYPE r [<!ENTITY % p SYSTEM {system}> %p; <!ENTITY x "y">]>',
        "external subset": f"<!DOCTYPE r SYSTEM {system}>",
        "laughs": '<!DOCTYPE r [<!ENTITY a "ha">'
        + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 30}">' for n in range(12))
        + '<!ENTITY x "&m;">]>',
        "quadratic": f'<!DOCTYPE r [<!ENTITY x "{"a" * 50_000}">]>',
        "itself": '<!DOCTYPE r [<!ENTITY x "&y;"><!ENTITY y "&x;">]>',
    }


@pytest.mark.parametrize("name", xml_attacks(Path("/")))
@pytest.mark.parametrize("kind", ["feed", "sitemap"])
def test_no_declaration_is_obeyed(name: str, kind: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.xml"
    secret.write_text(SECRET)
    asks = "&x;" * (2000 if name == "quadratic" else 1)
    body = {
        "feed": f"<rss version='2.0'><channel><item><guid>1</guid><title>T {asks}</title></item></channel></rss>",
        "sitemap": "<urlset xmlns:n='n'><url><loc>https://bao.vn/1</loc><n:news>"
        f"<n:title>T {asks}</n:title></n:news></url></urlset>",
    }[kind]
    parsed = _parsed(kind, f"<?xml version='1.0'?>{xml_attacks(secret)[name]}{body}".encode())
    assert SECRET not in parsed
    assert len(parsed) < 20_000


@pytest.mark.parametrize("kind", ["feed", "sitemap"])
def test_no_inclusion_is_followed(kind: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text(SECRET)
    include = f"<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' parse='text' href='file://{secret}'/>"
    style = f"<?xml-stylesheet type='text/xsl' href='file://{secret}'?>"
    body = {
        "feed": f"{style}<rss version='2.0'><channel><item><guid>1</guid><title>T{include}</title></item></channel></rss>",
        "sitemap": f"{style}<urlset><url><loc>https://bao.vn/1{include}</loc></url>{include}</urlset>",
    }[kind]
    assert SECRET not in _parsed(kind, body.encode())


DEEP = {
    "xml": b"<rss version='2.0'><channel>" + b"<x>" * 10_000,
    "sitemap": b"<urlset>" + b"<url>" * 10_000,
    "html": b"<html><body>" + b"<div><table><tr><td>" * 5_000 + b"<p>x",
    "json": b'{"version":"https://jsonfeed.org/version/1","items":' + b'[{"a":' * 50_000,
    "json-ld": b"<html><script type='application/ld+json'>" + b'{"@graph":[' * 30_000 + b"</script><body><p>x",
    "attributes": b"<rss version='2.0' " + b" ".join(b"a%d='1'" % n for n in range(3_000)) + b"><channel/></rss>",
    "namespaces": b"<rss version='2.0' " + b" ".join(b"xmlns:a%d='u%d'" % (n, n) for n in range(3_000)) + b"><channel/></rss>",
}  # fmt: skip


@pytest.mark.parametrize("kind", ["feed", "sitemap", "page"])
@pytest.mark.parametrize("name", DEEP)
def test_depth_and_width_are_refused_or_read_but_never_break(name: str, kind: str) -> None:
    assert len(_parsed(kind, DEEP[name])) < 210_000


def _parsed(kind: str, data: bytes) -> str:
    from services.ingest.adapters.base import NotParsable

    try:
        document: Any = SOURCE_KINDS.get(kind).parse(data, url="https://bao.vn/1")
    except NotParsable as error:
        return str(error)
    return repr(document)


# --- a parser that breaks, in the worker itself -----------------------------------------------------------


async def test_a_document_that_stops_its_parser_leaves_the_other_sources_alone(desk_with: DeskWith, site: Site) -> None:
    """With real parser processes: a source whose document takes too long is told so, the others bring their items."""
    from services.ingest.settings import PollSettings

    desk: Desk = await desk_with(poll=PollSettings(parsers=1, parse_seconds=0.001))
    site.routes["/slow"] = Answer(rss_with("chậm " * 200_000))
    slow = await desk.register(site.url("/slow"))
    await desk.poll()
    (row,) = await desk.fetches(slow["id"])
    assert row.outcome == "not_parsable"
    assert "Tài liệu cần hơn" in (row.error or "")
    desk.settings.poll.parse_seconds = 30.0
    site.routes["/quick"] = Answer(rss_with("nhanh"))
    quick = await desk.register(site.url("/quick"))
    await desk.poll()
    assert [row.outcome for row in await desk.fetches(quick["id"])] == ["ok"]
    assert len(await desk.contents()) == 1
