"""What fuzzing begins with: small documents of each kind, and the tokens that formats are made of."""
# ruff: noqa: E501 - documents stand as they are

RSS = (
    b"<?xml version='1.0' encoding='utf-8'?><rss version='2.0' xmlns:content='http://purl.org/rss/1.0/modules/content/'"
    b" xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:media='http://search.yahoo.com/mrss/'><channel><title>B\xc3\xa1o"
    b"</title><link>https://bao.vn/</link><ttl>15</ttl><item><guid isPermaLink='false'>1</guid><title>H\xc3\xa0 "
    b"N\xe1\xbb\x99i &amp; m\xc6\xb0a</title><link>https://bao.vn/1?utm_source=x</link><description><![CDATA[<p>T\xc3\xb3m"
    b" <b>t\xe1\xba\xaft</b></p><script>alert(1)</script>]]></description><content:encoded>&lt;p&gt;D&#224;i&lt;/p&gt;"
    b"</content:encoded><pubDate>Tue, 24 Nov 2026 08:00:00 +0700</pubDate><dc:creator>A</dc:creator></item></channel></rss>"
)
ATOM = (
    b"<feed xmlns='http://www.w3.org/2005/Atom' xml:base='https://bao.vn/'><title type='html'>&lt;b&gt;B&lt;/b&gt;</title>"
    b"<link rel='hub' href='https://hub.test/'/><entry><id>urn:1</id><title type='xhtml'><div xmlns='http://www.w3.org/"
    b"1999/xhtml'>T</div></title><link href='a/b'/><updated>2026-11-24T08:00:00Z</updated><content type='html'>&lt;p>x"
    b"</content></entry></feed>"
)
RDF = (
    b"<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'><channel/>"
    b"<item rdf:about='https://bao.vn/1'><title>T</title><link>https://bao.vn/1</link></item></rdf:RDF>"
)
ENTITIES = (
    b"<!DOCTYPE rss [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'><!ENTITY x SYSTEM 'file:///etc/passwd'>"
    b"<!ENTITY % p SYSTEM 'http://127.0.0.1/'>%p;]><rss version='2.0'><channel><item><title>&b;&x;</title></item>"
    b"</channel></rss>"
)
JSON_ITEM = (
    b'{"id":1,"url":"https://bao.vn/1","title":"T\\u0301\\ud800\\u0000","content_html":"<p>x</p>","date_published":'
    b'"2026-11-24T08:00:00+07:00","authors":[{"name":"A"}]}'
)
URLSET = (
    b"<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9' xmlns:news='http://www.google.com/schemas/sitemap-news/"
    b"0.9'><url><loc>https://bao.vn/1</loc><lastmod>2026-11-24</lastmod><news:news><news:publication><news:name>B"
    b"</news:name><news:language>vi</news:language></news:publication><news:publication_date>2026-11-24T08:00+07:00"
    b"</news:publication_date><news:title>T</news:title></news:news></url></urlset>"
)
INDEX = (
    b"<sitemapindex><sitemap><loc>https://bao.vn/s1.xml.gz</loc><lastmod>2026-11-24</lastmod></sitemap></sitemapindex>"
)
PAGE = (
    "<!doctype html><html lang=vi><head><meta charset=utf-8><title>Phố đi bộ - Báo</title><meta property=og:title "
    "content='Phố đi bộ'><link rel=canonical href=/tin/1.html><script type='application/ld+json'>{\"@type\":"
    '"NewsArticle","headline":"Phố &amp; hồ","datePublished":"2026-11-24T08:00:00+07:00","author":{"name":"A"},}</script>'
    "</head><body><nav><a href=/>Trang chủ</a></nav><article><h1>Phố đi bộ</h1><time datetime=2026-11-24>24/11/2026"
    "</time>" + "<p>Người dân đi bộ quanh hồ trong buổi sáng cuối tuần này.</p>" * 8 + "<table><tr><td>1<td>2</table>"
    "<iframe src=x></iframe><svg><script>1</script></svg></article></body></html>"
).encode()
ROBOTS = (
    b"User-agent: *\nDisallow: /tim-kiem\nAllow: /*.html$\nCrawl-delay: 2\nRequest-rate: 1/10m 0800-1700\nSitemap: x\n"
)

LETTER = (
    b"From: =?utf-8?b?TMOibg==?= <lan@thu.example>\r\nTo: gop-y@hanoi.example\r\nSubject: =?viscii?q?Ng=A2p?=\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/alternative; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain; charset=windows-1258\r\n'
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\nNg=E2=F2p\r\n> quoted\r\n-- \r\nLan\r\n--b\r\nContent-Type: text/html\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\nPHA+eDwvcD4=\r\n--b--\r\n"
)
SHEET = 'Mã phản ánh;Tiêu đề;Nội dung;Ngày gửi\nPA1;Hố sâu;"Trước; nhà";24/11/2026\n'.encode()

SEEDS: dict[str, list[bytes]] = {
    "feed": [RSS, ATOM, RDF, ENTITIES, RSS.decode().encode("utf-16"), b"\x1f\x8b\x08" + b"\0" * 20, b"/dev/zero"],
    "jsonfeed": [JSON_ITEM, JSON_ITEM + b"," + JSON_ITEM, b"[" * 200],
    "sitemap": [URLSET, INDEX, ENTITIES],
    "page": [PAGE, b"<p>" * 400 + b"x", b"<table><tr><td>" * 60, PAGE.decode().encode("utf-16")],
    "template": [PAGE, PAGE.replace("cuối tuần này".encode(), "đầu tháng mười hai".encode())],
    "letter": [LETTER, b"From: a@b.vn\r\n\r\nx", b"Content-Type: message/rfc822\r\n\r\n" + LETTER],
    "sheet": [SHEET, SHEET.decode().encode("utf-16"), b"PK\x03\x04" + b"\0" * 40],
    "hub": [
        ATOM + b"<link rel='self' href='https://bao.vn/rss'/>", b'<https://hub.test/>; rel="hub", <https://bao.vn/rss>; rel=self',
        b'{"hubs":[{"type":"WebSub","url":"https://hub.test/"}],"feed_url":"https://bao.vn/f.json"}',
    ],
    "encoding": [
        b"0" + "Hà Nội mùa thu".encode("cp1258", "ignore"), b"1<meta charset=viscii>H\xe0 N\xb5i", b"2\xff\xfeH\0",
        b"3+/v8-", b"0\xef\xbb\xbfx", b"0<?xml version='1.0' encoding='utf-7'?>+ADw-", "0Haø Noäi thuû ñoâ".encode("cp1252"),
    ],
    "markup": [
        b"<p>a</p>&lt;b&gt;&#x202e;&#0;&#xd800;", "Hà\u202eNội\u0301\u0323".encode(), b"&amp;" * 50, b"<" * 100,
        b"<![CDATA[x]]><svg/onload=alert(1)>", b"<a\xed\xa0\x80>",
    ],
    "words": ["Đường Hoà Bình, quý qúy hòan".encode(), "a\u0315\u0300\u0315".encode(), "ﬁ①İ".encode()],
    "date": [
        b"Tue, 24 Nov 2026 08:00:00 +0700", b"2026-11-24T08:00:00Z", b"24/11/2026 08:00 SA", b"0001-01-01T00:00+14:00",
        "Thứ ba, 24 tháng 11, 2026 | 8 giờ 05 (GMT+7)".encode(), b"9999-12-31T23:59:59-14:00",
    ],
    "masking": [
        "Gọi 0912 345 678 hoặc (+84) 912.345.678, a.b@x.vn, CCCD 001099012345; 1022, 76.950.000 đồng".encode(),
        "０９１２３４５６７８ 0912\u200b345678 hộ chiếu C1234567".encode(),
    ],
    "address": [
        b"https://user:pw@BAO.vn:443/a/../b//c?utm_source=x&b=1&a=%e1%ba%a1#f", "https://báo.vn/tin tức?q=%2F".encode(),
        b"https://www.facebook.com/a.b/posts/1", b"https://x.com/a/status/1", b"http://[::1]/;jsessionid=1",
        b"https://bao-vn.cdn.ampproject.org/c/s/bao.vn/1.amp", b"https://www.google.com/url?q=https://bao.vn/1",
    ],
    "robots": [ROBOTS, b"\xef\xbb\xbf" + ROBOTS, b"User-agent: LanToaBot\nDisallow: /" + b"*a" * 30 + b"$\nCrawl-delay: nan"],
}  # fmt: skip

TOKENS = [
    b"<![CDATA[", b"]]>", b"<!DOCTYPE", b"<!ENTITY", b"<!--", b"-->", b"<?xml", b"?>", b"&#x0;", b"&amp;", b"&#55296;", b"<script",
    b"</title>", b"<item>", b"</item>", b"<entry>", b"xmlns=", b"encoding='", b"charset=", b"utf-16", b"utf-7", b"tcvn3", b"%00",
    b"%2F", b"../", b"://", b"@", b"[::1]", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xe2\x80\xae",
    b"\xcc\x81" * 40, b"<div>" * 40, b"{" * 40, b"[" * 40, b"1e999", b"-1", b"2026-02-30", b"24:00:00", b"+99:99", b"0912345678",
    b"\xef\xbc\x90", b"CCCD ", b"\xc2\xa0", b"*", b"$", b"\\ud800", b"\\u0000", b"NaN", b"javascript:", b"type='xhtml'",
]  # fmt: skip
