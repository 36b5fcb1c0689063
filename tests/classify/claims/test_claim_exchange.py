"""Verdicts of others come in, each once; ours go out once published."""

import json
import unicodedata
from typing import Any

import pytest
from sqlalchemy import text

from libs.common import models as m
from libs.common.models.enums import Role, Verdict
from services.classify.claims.importing import plan_import
from services.classify.claims.problems import FileNotAnImport
from services.classify.claims.review import Refused, Reviewed, read_reviews, review_document, verdict_said
from services.classify.claims.table import REVIEWER, day_written, read_table
from services.classify.main import SERVICE
from tests.classify.conftest import Desk

API = "/api/classify/v1"
SITE = "https://tingia.gov.vn/tin"
CSV = (
    "STT,Tiêu đề,Kết luận,Ngày công bố,Nguồn,Đường dẫn\r\n"
    f"1,“Tin giả: Vỡ đê sông Bùi ở Chương Mỹ”,Tin giả,12/09/2026,Ban Chỉ huy phòng thủ dân sự,{SITE}/1\r\n"
    f'2,"Hồ Đồng Mô xả lũ, Sơn Tây ngập",Tin sai sự thật,2026-09-13,,{SITE}/2\r\n'
    f"3,Miễn phí xe buýt dịp 2/9,Tin xác thực,,VTV,{SITE}/3\r\n"
    "4,Tin không có đường dẫn nào,Tin giả,12/09/2026,,\r\n"
    f"5,Kết luận không rõ là gì,Hơi sai,12/09/2026,,{SITE}/5\r\n"
    f"6,Ngày viết sai hẳn rồi,Tin giả,hôm qua,,{SITE}/6\r\n"
)
REVIEW: dict[str, Any] = {
    "@context": "https://schema.org",
    "@type": "ClaimReview",
    "url": f"{SITE}/9",
    "claimReviewed": "Cầu Long Biên bị gãy một nhịp do nước lũ",
    "datePublished": "2026-09-12T08:00:00+07:00",
    "author": {"@type": "Organization", "name": "Báo Kiểm chứng"},
    "reviewRating": {
        "@type": "Rating",
        "ratingValue": 1,
        "bestRating": 5,
        "worstRating": 1,
        "alternateName": "Tin giả",
    },
}


def ok(found: list[Any]) -> list[Reviewed]:
    return [one for one in found if isinstance(one, Reviewed)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1258", "utf-16"])
def test_a_table_is_read_in_the_encodings_it_is_saved_in(encoding: str) -> None:
    """cp1258 writes tones apart: a letter and its mark."""
    data = _cp1258(CSV) if encoding == "cp1258" else CSV.encode(encoding)
    table = read_table(data)
    assert table.columns == ["at", "reviewer", "title", "url", "verdict"]
    first, second, third = ok([row.review for row in table.rows])
    assert (first.text, first.verdict) == ("Vỡ đê sông Bùi ở Chương Mỹ", Verdict.TIN_GIA)
    assert (first.reviewer, second.reviewer) == ("Ban Chỉ huy phòng thủ dân sự", REVIEWER)
    assert first.reviewed_at is not None
    assert first.reviewed_at.isoformat() == "2026-09-11T17:00:00+00:00"
    assert (second.text, third.verdict) == ("Hồ Đồng Mô xả lũ, Sơn Tây ngập", Verdict.TIN_XAC_THUC)
    refused = {row.number: row.review.reasons for row in table.rows if isinstance(row.review, Refused)}
    assert refused == {
        5: ["Thiếu đường dẫn tới bài kiểm chứng."],
        6: ["Không rõ kết luận “Hơi sai”."],
        7: ["Không đọc được ngày “hôm qua”."],
    }


def _cp1258(written: str) -> bytes:
    """As Windows wrote Vietnamese: composed where the page has the letter, else the letter and its tone."""

    def encoded(letter: str) -> bytes:
        if letter in "“”":
            return letter.encode("cp1258")
        try:
            return letter.encode("cp1258")
        except UnicodeEncodeError:
            apart = unicodedata.normalize("NFD", letter)
            tone = next(mark for mark in apart if mark in "\u0300\u0301\u0303\u0309\u0323")
            base = unicodedata.normalize("NFC", apart.replace(tone, ""))
            return base.encode("cp1258") + tone.encode("cp1258")

    return b"".join(map(encoded, written))


@pytest.mark.parametrize("header", ["TIEU DE;KET LUAN;LIEN KET", "Tên tin\tPhân loại\tLink", "title|verdict|url"])
def test_headers_are_known_by_their_words(header: str) -> None:
    sign = next(sign for sign in "\t;|" if sign in header)
    row = sign.join(["Một tin giả về cây cầu", "Tin giả", f"{SITE}/1"])
    assert len(ok([one.review for one in read_table(f"{header}\n{row}\n".encode()).rows])) == 1


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "dòng tiêu đề"),
        (b"a,b\n1,2\n", "Tiêu đề"),
        ("Tiêu đề,Nguồn\nx,y\n".encode(), "Kết luận"),
        (b"{", "JSON"),
        (b'{"@type": "Article"}', "ClaimReview"),
        (b"[" * 5000, "JSON"),
        (b"\xff\xfe{", "dòng tiêu đề"),
    ],
)
def test_what_is_no_such_file_is_refused_with_a_reason(data: bytes, problem: str) -> None:
    with pytest.raises(FileNotAnImport) as refused:
        plan_import(data)
    assert problem in (refused.value.detail or "")


@pytest.mark.parametrize(
    "document",
    [
        REVIEW,
        [REVIEW],
        {"@context": "https://schema.org", "@graph": [{"@type": "WebPage"}, REVIEW]},
        {"@type": "DataFeed", "dataFeedElement": [{"@type": "DataFeedItem", "item": [REVIEW]}]},
        {"@type": "ItemList", "itemListElement": [{"@type": "ListItem", "item": REVIEW}]},
        {**REVIEW, "@type": ["ClaimReview"]},
        {**REVIEW, "@type": "schema:ClaimReview"},
    ],
)
def test_a_review_is_found_in_every_wrapping(document: Any) -> None:
    [found] = ok(read_reviews(document))
    assert (found.verdict, found.reviewer, found.url) == (Verdict.TIN_GIA, "Báo Kiểm chứng", f"{SITE}/9")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"url": "ftp://x"}, "http"),
        ({"url": None}, "Thiếu đường dẫn"),
        ({"claimReviewed": "ngắn"}, "ký tự"),
        ({"claimReviewed": {"a": 1}}, "ký tự"),
        ({"reviewRating": {"alternateName": "Nửa đúng nửa sai"}}, "Nửa đúng"),
        ({"reviewRating": None}, "Thiếu kết luận"),
        ({"datePublished": "hôm qua"}, "ISO 8601"),
    ],
)
def test_a_review_that_is_not_whole_says_what_it_lacks(change: dict[str, Any], reason: str) -> None:
    [found] = read_reviews({**REVIEW, **change})
    assert isinstance(found, Refused)
    assert reason in found.reasons[0]


def test_a_rating_may_be_a_number_and_no_name_of_a_person_is_kept() -> None:
    rated = {"@type": "Rating", "ratingValue": "5", "worstRating": "1", "bestRating": "5"}
    person = {"@type": "Person", "name": "Nguyễn Văn A"}
    publisher = {"@type": "NewsMediaOrganization", "name": "Báo B"}
    [found] = ok(read_reviews({**REVIEW, "reviewRating": rated, "author": person, "publisher": publisher}))
    assert (found.verdict, found.reviewer) == (Verdict.TIN_XAC_THUC, "Báo B")
    [alone] = ok(read_reviews({**REVIEW, "author": person}))
    assert alone.reviewer == ""


def test_what_goes_out_comes_in_again(desk: Desk) -> None:
    told = ok(read_reviews([REVIEW, {**REVIEW, "url": f"{SITE}/8", "reviewRating": {"alternateName": "True"}}]))
    document = json.loads(json.dumps(review_document(told, desk.clock.now())))
    again = ok(read_reviews(document))
    assert [(one.key, one.verdict, one.reviewed_at) for one in again] == [
        (one.key, one.verdict, one.reviewed_at) for one in told
    ]


@pytest.mark.parametrize(
    ("written", "verdict"), [("TIN GIẢ", "tin_gia"), ("sai sự thật.", "tin_sai_su_that"), ("", None)]
)
def test_verdicts_are_known_by_their_words(written: str, verdict: str | None) -> None:
    assert verdict_said(written) == verdict
    assert day_written("31/02/2026") is None


# --- through the door ---------------------------------------------------------------------------------------


@pytest.fixture
async def client(client_for: Any) -> Any:
    return await client_for(SERVICE)


async def sent(client: Any, who: Any, data: bytes, query: str = "", **headers: str) -> Any:
    files = {"file": ("bang.csv", data, "text/csv")}
    return await client.post(f"{API}/claims/import{query}", files=files, headers={**who, **headers})


@pytest.mark.mission("M07")
async def test_a_file_brings_each_claim_once_and_tells_of_each_row(desk: Desk, client: Any, signed_in: Any) -> None:
    checker = await signed_in(Role.FACT_CHECKER)
    content = await desk.content("", "Nghe nói vỡ đê sông Bùi ở Chương Mỹ rồi", group="forum")
    await desk.annotate([content])
    await desk.index([content])
    looked = (await sent(client, checker, CSV.encode(), "?dry_run=true")).json()
    assert (looked["is_dry_run"], looked["stored"], looked["refused"]) == (True, 0, 3)
    assert await desk.rows(m.Claim) == []
    first = (await sent(client, checker, CSV.encode())).json()
    assert (first["rows"], first["stored"], first["refused"]) == (6, 3, 3)
    assert [row["status"] for row in first["results"]] == ["stored"] * 3 + ["refused"] * 3
    again = (await sent(client, checker, _cp1258(CSV))).json()
    assert (again["stored"], again["unchanged"]) == (0, 3)
    [match] = await desk.rows(m.ClaimMatch)
    assert match.content_id == content, "what came in before is looked through"
    rows = {row.text: row for row in await desk.rows(m.Claim)}
    assert {row.state for row in rows.values()} == {"checked"}, "an imported verdict is not published by us"
    changed = CSV.replace(",Tin giả,12/09/2026,Ban", ",Tin xác thực,14/09/2026,Ban")
    assert (await sent(client, checker, changed.encode())).json()["updated"] == 1
    verdict = {"verdict": "tin_gia", "evidence": [{"title": "Của mình", "url": "https://a.example/x"}]}
    claim = rows["Vỡ đê sông Bùi ở Chương Mỹ"].id
    await client.post(f"{API}/claims/{claim}/verdict", json=verdict, headers=checker)
    kept = (await sent(client, checker, changed.encode())).json()
    assert (kept["updated"], kept["results"][0]["status"]) == (0, "unchanged")
    assert "người của mình" in kept["results"][0]["reasons"][0]


async def test_rows_are_told_as_they_go_and_only_checkers_import(client: Any, signed_in: Any) -> None:
    checker = await signed_in(Role.FACT_CHECKER)
    answer = await sent(client, checker, CSV.encode(), accept="application/x-ndjson")
    *rows, last = [json.loads(line) for line in answer.text.splitlines()]
    assert [row["row"] for row in rows] == [2, 3, 4, 5, 6, 7]
    assert last["summary"]["stored"] == 3
    body = json.dumps(REVIEW).encode()
    raw = await client.post(f"{API}/claims/import", content=body, headers=checker)
    assert raw.json()["form"] == "json-ld"
    refused = await sent(client, await signed_in(Role.EDITOR), CSV.encode())
    assert refused.status_code == 403
    bad = await client.post(f"{API}/claims/import", content=b"xin chao", headers=checker)
    assert (bad.status_code, bad.json()["type"]) == (422, "urn:lantoa:problem:file-not-an-import")


@pytest.mark.mission("M07")
async def test_only_what_is_published_goes_out(desk: Desk, client: Any, signed_in: Any) -> None:
    checker, integrator = await signed_in(Role.FACT_CHECKER), await signed_in(Role.INTEGRATOR)
    await sent(client, checker, CSV.encode())
    for who in (checker, integrator):
        assert (await client.get(f"{API}/claims/export", headers=who)).json()["dataFeedElement"] == []
    async with desk.owner.transaction() as session:
        await session.execute(text("UPDATE claims SET state = 'published' WHERE verdict = 'tin_gia'"))
        await session.execute(text("UPDATE claims SET state = 'published' WHERE verdict = 'tin_xac_thuc'"))
    answer = await client.get(f"{API}/claims/export?limit=1", headers=integrator)
    assert answer.headers["content-type"] == "application/ld+json"
    [first] = ok(read_reviews(answer.json()))
    following = answer.headers["link"].split(">")[0].lstrip("<")
    [second] = ok(read_reviews((await client.get(following, headers=integrator)).json()))
    assert {first.verdict, second.verdict} == {Verdict.TIN_GIA, Verdict.TIN_XAC_THUC}
