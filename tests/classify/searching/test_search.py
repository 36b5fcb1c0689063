"""Search through the service's own app: marks, operators, filters, pages; and whatever is typed is answered."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import cast, func, select
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import TSQUERY

from libs.common import models as m
from libs.common.ids import new_id
from libs.common.jobs import JobContext
from libs.common.models.enums import Role
from services.classify.main import SERVICE
from services.classify.searching.jobs import pair_index
from tests.classify.conftest import Desk

API = "/api/classify/v1"


@pytest.fixture
async def client(client_for: Any) -> Any:
    return await client_for(SERVICE)


class Library:
    """Contents as they are indexed, and who asks for them."""

    def __init__(self, desk: Desk, client: Any, who: Any) -> None:
        self.desk, self.client, self.who = desk, client, who

    async def keep(self, *texts: tuple[str, str], **more: Any) -> list[UUID]:
        ids = [await self.desk.content(title, body, **more) for title, body in texts]
        await self.desk.annotate(ids)
        await self.desk.index(ids)
        return ids

    async def ask(self, q: str, **more: Any) -> Any:
        return await self.client.get(f"{API}/search", params={"q": q, **more}, headers=self.who)

    async def titles(self, q: str, **more: Any) -> list[str]:
        answer = await self.ask(q, **more)
        assert answer.status_code == 200, answer.text
        return [row["title"] for row in answer.json()["items"]]


@pytest.fixture
async def library(desk: Desk, client: Any, signed_in: Any) -> Library:
    return Library(desk, client, await signed_in(Role.VIEWER))


@pytest.mark.parametrize("written", ["Hoà Bình", "Hòa Bình", "Hoa Binh", "HOÀ BÌNH", "“Hòa Bình”", "TP.Hòa Bình"])
async def test_marks_and_tone_places_do_not_matter(library: Library, written: str) -> None:
    title = f"Công viên {written} mở cửa"
    await library.keep((title, "Đông khách."), ("Đường sắt", "Tàu"))
    for asked in ["hoà bình", "hòa bình", "hoa binh", "HOÀ BÌNH", '"hoà bình"', '"hoa binh"', "hoa AND bình"]:
        assert await library.titles(asked) == [title], asked


async def test_a_word_asked_with_marks_is_not_another_word(library: Library) -> None:
    """It is found as it was asked, in either placement of the tone, or where it was written without marks."""
    await library.keep(
        ("Một", "Lính cứu hỏa đến"), ("Hai", "Đóng học phí hóa đơn"), ("Ba", "cuu hoa den"), ("Bốn", "cứu hoả")
    )
    assert await library.titles("hỏa") == ["Bốn", "Ba", "Một"]
    assert await library.titles("hoả") == ["Bốn", "Ba", "Một"]
    assert await library.titles("hoa") == ["Bốn", "Ba", "Hai", "Một"]
    assert await library.titles('"cứu hỏa"') == ["Bốn", "Ba", "Một"]
    assert await library.titles('"cuu hoa"') == ["Bốn", "Ba", "Một"]
    assert await library.titles("cứu -hỏa") == []
    assert await library.titles('"cứu hỏa" OR hóa') == ["Bốn", "Ba", "Hai", "Một"]


HALF_MARKED = [
    # what was typed, and the numbers of the texts below that are found
    ('"ha nội moi"', {1, 2, 3}),
    ('"hà noi mới"', {1, 2}),
    ('"Hà Nội mới"', {1, 2}),
    ('"ha noi moi"', {1, 2, 3}),
    ('"hà nội"', {1, 2, 3}),
    ('"ha nội"', {1, 2, 3}),
    ('"hạ noi"', {2, 4}),
    ('"ha nồi"', {2, 4}),
    ("ha nội moi", {1, 2, 3}),
    ("hà nội mời", {2, 3}),
    ('"đường truong chinh"', {7, 8}),
    ('"duong trường chinh"', {7, 8}),
    # a syllable that cannot be said as it was typed: some of its own marks were left out
    ('"đuong trường chinh"', {7, 8}),
    ("đuong", {7, 8}),
    ("việt", {9, 10}),
    ("viêt", {9, 10, 11}),
    ("viét", {10, 11}),
    ('"viêt nam"', {9, 10}),
    # one that can is another word (and what was written without marks is told from none)
    ('"nôi"', {2, 12}),
    ("hoà bình", {13}),
    ('"hoà binh"', {13}),
    ('"hoa bình"', {13, 14}),
]


async def test_marks_may_be_left_out_of_some_words_or_of_some_letters(library: Library) -> None:
    texts = ["báo Hà Nội mới", "bao ha noi moi", "Hà Nội mời khách", "hạ nồi xuống", "cho vay", "chó vay",
             "trên đường Trường Chinh", "tren duong truong chinh", "Việt Nam", "viet nam", "viết", "chiếc nôi",
             "Công viên Hòa Bình", "hoá bình"]  # fmt: skip
    numbered = {f"Bài {n}": n for n in range(1, len(texts) + 1)}
    await library.keep(*zip(numbered, texts, strict=True))
    for asked, expected in HALF_MARKED:
        found = (await library.ask(asked)).json()["items"]
        assert {numbered[row["title"]] for row in found} == expected, asked
        assert all("<mark>" in row["snippet"] for row in found), (asked, [row["snippet"] for row in found])


async def test_what_was_indexed_before_there_were_pairs_is_found_and_gets_them(library: Library, db: Any) -> None:
    """As a process of the version before writes it, beside this one during an upgrade."""
    texts = [("Một", "Người dân Hà Nội hỏi"), ("Hai", "Dân hỏi người Hà Nội"), ("Ba", "nguoi dan hoi")]
    await library.keep(*texts)
    async with db.transaction() as session:
        await session.execute(
            sql(
                "UPDATE search_documents SET tsv = ts_delete(tsv, (SELECT array_agg(lexeme) FROM unnest(tsv) "
                "WHERE lexeme LIKE '% %' OR lexeme = 'pairs=1')) WHERE title <> 'Ba'"
            )
        )
    unpaired = select(func.count()).where(m.SearchDocument.tsv.op("@@")(cast("'unpaired=1'", TSQUERY)))
    for left in (2, 0):
        async with db.transaction() as session:
            assert await session.scalar(unpaired) == left
        assert await library.titles('"người dân"') == ["Ba", "Một"]
        assert await library.titles('"nguoi dan" -"hà nội"') == ["Ba"]
        assert await library.titles('hỏi -"người dân"') == ["Hai"]
        await pair_index(JobContext(library.desk.db, library.desk.clock, None, asyncio.Event()))


async def test_operators_phrases_and_brackets(library: Library) -> None:
    await library.keep(
        ("A", "Xe buýt đâm xe máy trên cầu"),
        ("B", "Xe máy va chạm trên đường, không ai bị thương"),
        ("C", "Máy bay hạ cánh, xe cứu hộ chờ"),
    )
    cases = {
        '"xe máy"': ["B", "A"],
        '"máy xe"': [],
        "xe máy": ["C", "B", "A"],
        "buýt OR bay": ["C", "A"],
        "buýt HOẶC bay": ["C", "A"],
        "xe NOT máy": [],
        'xe -"xe máy"': ["C"],
        'xe KHÔNG "xe máy"': ["C"],
        "xe VÀ (buýt HOẶC chạm) VÀ NOT cầu": ["B"],
        "(buýt OR chạm) -(cầu OR đường)": [],
        "không": ["B"],
        "-xe": [],
        "-buýt": ["C", "B"],
        "XE KHÔNG AI": ["B"],
    }
    for asked, found in cases.items():
        assert await library.titles(asked) == found, asked


async def test_filters_within_the_question_and_beside_it(library: Library, desk: Desk) -> None:
    await library.keep(("Bệnh viện quá tải", "Bệnh viện ở phường Cầu Giấy quá tải vì dịch cúm, nhiều bệnh nhân."))
    old = desk.clock.now() - timedelta(days=20)
    await library.keep(("Dịch cúm", "Bệnh viện tiêm vắc xin cúm cho trẻ."), source="Báo Thủ đô", published_at=old)
    await library.keep(("Cúm", "Ôi trời, cúm khắp nơi, thất vọng về y tế quá, đề nghị xem lại"), group="forum")
    [first] = await library.desk.rows(m.SearchDocument, m.SearchDocument.title == "Bệnh viện quá tải")
    source = await desk.source("press", "Báo Thủ đô")
    every, press = ["Cúm", "Dịch cúm", "Bệnh viện quá tải"], ["Dịch cúm", "Bệnh viện quá tải"]
    assert first.places == ["00166"]
    cases = {
        "cúm": every, "cúm group:press": press, "cum nhóm:forum": ["Cúm"], "cúm -group:forum": press,
        'cúm source:"báo thủ đô"': ["Dịch cúm"], f"source:{source}": ["Dịch cúm"], "cúm place:00166": press[1:],
        'place:"Cầu Giấy"': press[1:], "nơi:“phường cau giay”": press[1:], f"cúm field:{first.field}": every[:0],
        "cúm after:2026-11-20": [every[0], every[2]], "cúm before:20/11/2026": ["Dịch cúm"],
        "cúm (before:2026-11-10 OR group:forum)": ["Cúm", "Dịch cúm"], "after:2026-11-25": [], "language:vi cúm": every,
        "cúm language:en": [], f"kind:{first.kind} tone:{first.tone} place:00166": press[1:],
    }  # fmt: skip
    cases[f"cúm field:{first.field}"] = [t for t in every if t in await library.titles("", field=first.field)]
    for asked, found in cases.items():
        assert await library.titles(asked) == found, asked
    beside: list[tuple[dict[str, Any], list[str]]] = [
        ({"group": "press"}, press), ({"source_id": str(source)}, ["Dịch cúm"]), ({"place": "cầu giấy"}, press[1:]),
        ({"from": "2026-11-20"}, [every[0], every[2]]), ({"to": "2026-11-10"}, ["Dịch cúm"]),
        ({"from": "2026-11-01", "to": "2026-11-30"}, every), ({"kind": first.kind, "place": "00166"}, press[1:]),
        ({"from": "0001-01-01"}, every), ({"to": "9999-12-31"}, every), ({"to": "0001-01-01"}, []),
        ({"tone": "positive"}, []), ({"language": "vi"}, every),
    ]  # fmt: skip
    for params, found in beside:
        assert await library.titles("cúm", **params) == found, params
        assert await library.titles("", **params) == found, params


async def test_what_cannot_be_read_is_told_with_its_place(library: Library) -> None:
    cases = {
        "xe (máy": (4, "ngoặc mở"), "xe máy)": (7, "ngoặc đóng"), '"xe máy': (1, "ngoặc kép"), "xe AND": (7, "thiếu"),
        "OR xe": (1, "thiếu"), "field:": (1, "giá trị"), "xe field:chinh_kien": (4, "chọn một trong"),
        "after:hôm qua": (1, "2026-11-24"), "before:2026-13-01": (1, "2026-11-24"), "place:Atlantis": (1, "địa danh"),
        'source:"Báo không có"': (1, "nguồn"), "": (1, "chưa có từ"), "!!! ... ???": (1, "chưa có từ"),
        "language:tiếng-việt": (1, "mã"), "(" * 12 + "xe" + ")" * 12: (10, "Lồng"), "x " * 41: (81, "quá 40"),
        "a" * 501: (501, "dài quá"), "NOT " * 12 + "xe": (37, "Lồng"), "xe -": None, "a" * 80: (1, "từ này"),
    }  # fmt: skip
    for asked, told in cases.items():
        answer = await library.ask(asked)
        if told is None:
            assert answer.status_code == 200
            continue
        body = answer.json()
        assert (answer.status_code, body["type"]) == (422, "urn:lantoa:problem:query-unreadable"), asked
        [error] = body["errors"]
        assert (error["position"], told[1] in error["message"]) == (told[0], True), (asked, error)
        assert f"Ở ký tự thứ {told[0]}" in body["detail"]


SIGNS = ['"', "(", ")", " ", "-", "\\", "'", "<->", ":*", "|", "&", "!", "%", "_", "*", "；", "@", "\0", "\u200b", "😀"]
PIECES = [
    "xe",
    "máy",
    "OR",
    " AND ",
    " NOT ",
    "field:",
    "place:",
    "y_te",
    "after:",
    "2026-11-24",
    "ŉ",
    "ﷺ",
    "ß",
    "²",
    "İ",
]
ODD = st.lists(st.sampled_from(SIGNS + PIECES) | st.text(max_size=6), max_size=14).map("".join)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(asked=ODD)
async def test_whatever_is_typed_is_answered_or_refused_but_never_fails(library: Library, asked: str) -> None:
    answer = await library.ask(asked.encode("utf-8", "ignore").decode())
    assert answer.status_code in (200, 422), (asked, answer.text)


async def test_pages_follow_each_other_without_gap_or_overlap(library: Library, desk: Desk) -> None:
    """Over more documents than the newest rows that are always read one by one."""
    source, start = await desk.source(), desk.clock.now() - timedelta(hours=20)
    async with desk.owner.transaction() as session:
        for n in range(1000):
            at = start + timedelta(minutes=n)
            words = "chung" + (" hiếm" if n % 97 == 0 else "") + (" thường" if n % 3 == 0 else " thướng")
            session.add(_content(new_id(at), source, f"{n}", words, at))
    ids = [row.id for row in await desk.rows(m.Content)]
    for first in range(0, len(ids), 200):
        await desk.index(ids[first : first + 200])
    cases = {"hiếm": range(970, -1, -97), "hiem": range(970, -1, -97), "thường": range(999, -1, -3)}
    for asked, expected in {**cases, "-chung": range(0), "chung -thường hiếm": range(970, -1, -97)}.items():
        found, cursor = list[str](), ""
        while True:
            page = (await library.ask(asked, limit=40, **({"cursor": cursor} if cursor else {}))).json()
            found += [row["title"] for row in page["items"]]
            if not (cursor := page["next_cursor"] or ""):
                break
        assert found == [str(n) for n in expected if "-thường" not in asked or n % 3], asked


def _content(content_id: UUID, source: UUID, title: str, text: str, at: Any) -> m.Content:
    return m.Content(
        id=content_id, source_id=source, kind="article", url=None, title=title, summary=None, text=text, language="vi",
        published_at=at, published_from="feed", first_seen_at=at, content_hash=content_id.bytes * 2, revision=1,
    )  # fmt: skip


async def test_a_new_version_and_a_new_label_replace_the_old(library: Library, desk: Desk, signed_in: Any) -> None:
    [content] = await library.keep(("Cầu vượt", "Thông xe cầu vượt, giảm ùn tắc giao thông."))
    await desk.revise(content, "Hội hoa xuân.")
    await desk.annotate([content])
    await desk.index([content])
    assert await library.titles("hội hoa xuân") == ["Cầu vượt"]
    assert await library.titles("ùn tắc") == []
    [row] = await desk.rows(m.SearchDocument)
    assert row.content_revision == 2
    kind = "praise" if row.kind != "praise" else "news"
    editor = await signed_in(Role.EDITOR)
    answer = await library.client.post(f"{API}/contents/{content}/label", json={"kind": kind}, headers=editor)
    assert answer.json()["outcome"] == "at_once", answer.text
    await desk.index([content])
    assert await library.titles(f"xuân kind:{kind}") == ["Cầu vượt"]
    assert await library.titles(f"xuân kind:{row.kind}") == []


async def test_a_snippet_is_safe_short_and_shows_the_hit(library: Library) -> None:
    far = "Chữ & số <b>khác</b>. " * 60
    await library.keep(("Tin", f"{far} Xe <script>alert(1)</script> buýt cháy & nổ. {far}"))
    [row] = (await library.ask("cháy OR “xe buýt”")).json()["items"]
    assert "<mark>cháy</mark>" in row["snippet"]
    assert len(row["snippet"]) <= 300
    assert "<script>" not in row["snippet"]
    assert (row["snippet"][0], row["snippet"][-1]) == ("…", "…")
    [row] = (await library.ask("group:press")).json()["items"]
    assert row["snippet"].startswith("Chữ &amp; số &lt;b&gt;")


@pytest.mark.mission("M37")
async def test_the_index_holds_no_more_of_a_text_than_it_may(library: Library, desk: Desk) -> None:
    """Bounded, so that a long text costs no more than an article; and the integrator asks nothing of the corpus."""
    await library.keep(("Tin", "đầu " + "giữa " * 2000 + "cuối"))
    assert await library.titles("đầu giữa") == ["Tin"]
    assert await library.titles("cuối") == []
