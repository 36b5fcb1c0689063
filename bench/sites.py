"""Article pages of fictional news sites, each site with a layout of its own, with the text that is the article's.

The frames are those of the press: menus, scripts, teasers between paragraphs, captions, share boxes, bylines, lists of
what else to read, comments. Sentences are the sample day's.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from bench.articles import sentences


@dataclass(frozen=True)
class Layout:
    """How a site builds its pages: around the body, around what is no text, and where the date stands."""

    host: str
    opening: str
    closing: str
    caption: str
    teaser: str
    byline: str
    date: str


@dataclass(frozen=True)
class SitePage:
    site: str
    name: str
    data: bytes
    text: str


LAYOUTS = (
    Layout(
        "thoi-su.example.vn",
        '<article class="fck_detail" data-id="{id}">', "</article>",
        '<figure class="tplCaption"><img src="/i/{id}.jpg" alt=""><figcaption>{words}</figcaption></figure>',
        '<div class="box-tinlienquan"><a href="/{id}.html">{words}</a></div>',
        '<p class="author_mail"><strong>Ban Thời sự</strong></p>',
        '<meta property="article:published_time" content="{iso}">',
    ),
    Layout(
        "phuong-moi.example.vn",
        '<div class="detail-content afcbc-body" itemprop="articleBody">', "</div>",
        '<div class="VCSortableInPreviewMode"><div><img src="/i/{id}.jpg"></div><p class="caption">{words}</p></div>',
        '<div class="relate-news"><ul><li><a href="/{id}">{words}</a></li></ul></div>',
        '<div class="author-info"><span>Theo Cổng thông tin phường</span></div>',
        '<script type="application/ld+json">{{"@graph":[{{"@type":"NewsArticle","headline":{title},'
        '"datePublished":"{iso}"}}]}}</script>',
    ),
    Layout(
        "pho-hang.example.vn",
        '<main><section id="post-{id}" class="post-{id} entry"><div class="entry-content clearfix">',
        "</div></section></main>",
        '<div class="wp-caption"><img src="/i/{id}.jpg"><p class="wp-caption-text">{words}</p></div>',
        '<p class="doc-them">Đọc thêm: <a href="/{id}">{words}</a></p>',
        '<div class="sharedaddy"><h3>Chia sẻ</h3><ul><li>Zalo</li><li>Facebook</li></ul></div>',
        '<meta name="pubdate" content="{iso}">',
    ),
    Layout(
        "song-hong.example.vn",
        '<div id="content_detail_news">', "</div>",
        '<table class="picture"><tr><td><img src="/i/{id}.jpg"></td></tr>'
        '<tr><td class="pCaption">{words}</td></tr></table>',
        '<div class="article-relate"><a class="title" href="/{id}"><b>{words}</b></a></div>',
        '<p class="article-author">Tòa soạn</p>',
        '<span class="bread-crumb-detail__time date">{written}</span>',
    ),
)  # fmt: skip
_WORDS = "Thời sự,Kinh tế,Xã hội,Giáo dục,Y tế,Giao thông,Môi trường,Văn hóa,Thể thao,Du lịch,Công nghệ,Bạn đọc".split(
    ","
)


def site_pages(per_site: int, seed: int = 3550) -> Iterator[SitePage]:
    """`per_site` pages of every layout, the same for the same seed: about 130 KB and 1,400 tags each, as real ones."""
    chance, pool = random.Random(seed), sentences()  # noqa: S311 - repeatable text, nothing secret
    told, framed = [one for n, one in enumerate(pool) if n % 4], pool[::4]
    for layout in LAYOUTS:
        for number in range(per_site):
            yield _page(layout, number, chance, told, framed)


def _page(layout: Layout, number: int, chance: random.Random, told: list[str], framed: list[str]) -> SitePage:
    """One page: `told` are sentences of articles, `framed` those of titles, captions and teasers."""
    id_ = str(100_000 + 37 * number)
    title = chance.choice(framed)[:80]
    paragraphs = [" ".join(chance.sample(told, chance.randint(2, 4))) for _ in range(chance.randint(6, 14))]
    written = f"Thứ Hai, {1 + number % 28}/11/2026, 08:{number % 60:02} (GMT+7)"
    iso = f"2026-11-{1 + number % 28:02}T08:{number % 60:02}:00+07:00"

    def said(part: str) -> str:
        words = escape(chance.choice(framed)[:70])
        return part.format(id=id_, words=words, iso=iso, written=written, title=json.dumps(title))

    body = []
    for at, paragraph in enumerate(paragraphs):
        body.append(f"<p>{_with_inline(paragraph, chance)}</p>")
        if at % 4 == 1:
            body.append(said(layout.caption))
        if at % 5 == 2:
            body.append(said(layout.teaser))
    article = said(layout.opening) + "\n".join(body) + said(layout.byline) + said(layout.closing)
    page = _FRAME.format(
        title=escape(title),
        head=said(layout.date) + _noise(chance, 30_000),
        host=layout.host,
        id=id_,
        menu=_menu(chance, 60),
        article=article,
        side=_cards(chance, framed, 110),
        foot=_noise(chance, 30_000),
    )
    return SitePage(layout.host, f"{layout.host}/{id_}.html", page.encode(), "\n".join(paragraphs))


def _with_inline(text: str, chance: random.Random) -> str:
    words = escape(text, quote=False).split(" ")
    at = chance.randrange(len(words))
    words[at] = chance.choice(("<b>{}</b>", "<em>{}</em>", '<a href="/tag">{}</a>', "{}")).format(words[at])
    return " ".join(words)


def _menu(chance: random.Random, size: int) -> str:
    entries = (f'<li class="i{n}"><a href="/m/{n}" title="{w}">{w}</a></li>' for n, w in _entries(chance, size))
    return f"<ul class='menu'>{''.join(entries)}</ul>"


def _cards(chance: random.Random, pool: list[str], size: int) -> str:
    """Teasers of other articles, as they stand beside and below."""
    return "".join(
        f'<div class="item-news"><div class="thumb-art"><a href="/{n}.html"><picture><img src="/t/{n}.jpg" alt="">'
        f'</picture></a></div><h3 class="title-news"><a href="/{n}.html">{escape(chance.choice(pool)[:60])}</a></h3>'
        f'<p class="meta-news"><span class="count"><i class="ic"></i>{n}</span></p></div>'
        for n in range(size)
    )


def _entries(chance: random.Random, size: int) -> Iterator[tuple[int, str]]:
    return ((n, chance.choice(_WORDS)) for n in range(size))


def _noise(chance: random.Random, size: int) -> str:
    calls = (f"q.push(['e{n}','<div class=\"x{chance.randrange(999)}\">'])" for n in range(size // 40))
    return f"<script>var q=[];{';'.join(calls)}</script>"


_FRAME = """<!DOCTYPE html><html lang="vi"><head><meta charset="utf-8"><title>{title} | Báo mẫu</title>
<meta property="og:title" content="{title}"><link rel="canonical" href="https://{host}/{id}.html">
<style>.a{{color:red}}</style>{head}</head><body class="p{id}"><header><nav>{menu}</nav></header>
<div class="wrap"><h1 class="title">{title}</h1>{article}<aside class="right">{side}</aside>
<div class="comments"><p class="c">Ý kiến bạn đọc: bài viết rất bổ ích, mong báo tiếp tục đưa tin.</p></div></div>
<footer><p>Giấy phép hoạt động báo chí mẫu. Không sao chép dưới mọi hình thức.</p>{menu}</footer>{foot}</body></html>"""
