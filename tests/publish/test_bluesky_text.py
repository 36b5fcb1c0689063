"""How a draft becomes a record: limits, facets on bytes, deterministic keys. No network."""

import re
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from libs.common.ids import new_id
from services.publish import measure, wording
from services.publish.adapters import bluesky
from services.publish.adapters.atproto import facets_of, host_of
from services.publish.adapters.base import Corrected, Draft, Medium, NotPostable, Prepared, Rendition

LINK = "https://tin.example.vn/tin/dieu-chinh-xe-buyt"
DRAFT = Draft(
    title="Điều chỉnh lộ trình xe buýt số 32",
    body="Từ ngày 1/12, tuyến 32 đi đường Trần Quốc Hoàn.\n\nChi tiết ở dưới.",
    summary=None,
    link=LINK,
    language="vi",
    kind="announcement",
    slug="dieu-chinh-xe-buyt",
)


def draft(**changes: object) -> Draft:
    return Draft(**{**DRAFT.__dict__, **changes})


@pytest.mark.mission("M18")
@pytest.mark.mission("M29")
def test_the_facet_points_at_the_link_in_bytes() -> None:
    payload = bluesky.compose(draft(title="Cầu Ô Chợ Dừa 🚧 thông xe", summary="Đường đã mở")).payload
    facet = payload["facets"][0]
    raw = payload["text"].encode()
    assert raw[facet["index"]["byteStart"] : facet["index"]["byteEnd"]].decode() == LINK
    assert facet["index"]["byteStart"] > payload["text"].index(LINK)
    assert facet["features"] == [{"$type": "app.bsky.richtext.facet#link", "uri": LINK}]


@pytest.mark.mission("M29")
@pytest.mark.parametrize(
    "summary",
    ["Ngắn.", "Người dân " * 80, "👨‍👩‍👧‍👦" * 400, unicodedata.normalize("NFD", "Đường phố " * 60), "ộ" * 1200],
)
@pytest.mark.parametrize("ai_label", [None, "Tóm tắt do AI viết"])
def test_the_text_fits_and_keeps_link_and_ai_line(summary: str, ai_label: str | None) -> None:
    text = bluesky.compose(draft(summary=summary, ai_label=ai_label)).payload["text"]
    assert measure.graphemes(text) <= 300
    assert len(text.encode()) <= 3000
    assert text.endswith(LINK)
    assert text.startswith(DRAFT.title)
    assert (wording.AI_MARK in text) is bool(ai_label)
    assert unicodedata.is_normalized("NFC", text)


def test_shortening_is_told_to_the_editor() -> None:
    assert bluesky.compose(draft(summary="Người dân " * 80)).notes
    assert not bluesky.compose(draft(summary="Ngắn.")).notes


def test_a_link_that_leaves_no_room_is_refused_in_vietnamese() -> None:
    with pytest.raises(NotPostable) as raised:
        bluesky.compose(draft(link="https://a.vn/" + "x" * 290))
    assert "quá dài" in raised.value.reason.vi


def test_without_a_link_there_is_no_facet_and_no_card() -> None:
    payload = bluesky.compose(draft(link=None)).payload
    assert "facets" not in payload
    assert "embed" not in payload
    assert payload["langs"] == ["vi"]


def test_the_key_is_a_tid_that_depends_on_the_delivery_alone() -> None:
    delivery = UUID("019ab000-0000-7000-8000-00000000abcd")
    assert bluesky.tid(delivery) == bluesky.tid(delivery)
    assert re.fullmatch(r"[234567abcdefghij][234567a-z]{12}", bluesky.tid(delivery))


def test_keys_of_many_deliveries_differ_and_follow_time() -> None:
    at = datetime(2026, 11, 24, tzinfo=UTC)
    keys = [bluesky.tid(new_id(at + timedelta(milliseconds=n))) for n in range(2000)]
    assert len(set(keys)) == 2000
    assert keys == sorted(keys)


@pytest.mark.mission("M29")
def test_preparing_adds_the_time_and_nothing_else() -> None:
    payload = bluesky.compose(DRAFT).payload
    at = datetime(2026, 12, 1, 1, 2, 3, 456789, tzinfo=UTC)
    prepared = bluesky.prepare(payload, UUID(int=7 << 76 | 2 << 62), at)
    assert prepared.payload == {**payload, "createdAt": "2026-12-01T01:02:03.456Z"}


# --- facets ---


@pytest.mark.mission("M18")
@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Đường Láng #HàNội #đường_phố.", ["#HàNội", "#đường_phố"]),
        ("Số #1, #2026, a#b, &#x27; không phải thẻ; #5G thì phải", ["#5G"]),
        (
            "Xem https://hanoi.gov.vn/tin?a=1&b=ề#phần, và (http://a.vn/x).",
            ["https://hanoi.gov.vn/tin?a=1&b=ề#phần", "http://a.vn/x"],
        ),
        ("Bị cắt: https://hanoi.gov.vn/mot-dia-chi-dai…", []),
        ("Bị cắt: #HàNộ…", []),
        ("ftp://a.vn, hanoi.gov.vn, http://", []),
        ("", []),
    ],
)
def test_links_and_hashtags_are_found_where_they_stand(text: str, found: list[str]) -> None:
    raw = text.encode()
    spans = [(f["index"]["byteStart"], f["index"]["byteEnd"]) for f in facets_of(text)]
    assert [raw[a:b].decode() for a, b in spans] == found


def test_a_hashtag_is_named_without_its_sign() -> None:
    [facet] = facets_of("Ở #HàNội")
    assert facet["features"] == [{"$type": "app.bsky.richtext.facet#tag", "tag": "HàNội"}]


# --- pictures ---

MAP = Rendition("ab" * 32, "image/png", 1200, 640, 480)


def medium(**changes: Any) -> Medium:
    return Medium(**{"alt": "Bản đồ ngập", "files": (MAP,), **changes})


@pytest.mark.mission("M29")
def test_pictures_take_the_place_of_the_card_and_the_link_stays_in_the_text() -> None:
    payload = bluesky.compose(draft(media=(medium(), medium(alt="Ảnh hai")))).payload
    assert "embed" not in payload
    assert [(m["sha256"], m["alt"]) for m in payload["media"]] == [("ab" * 32, "Bản đồ ngập"), ("ab" * 32, "Ảnh hai")]
    assert payload["text"].endswith(LINK)
    blob = {"$type": "blob", "ref": {"$link": "x"}, "mimeType": "image/png", "size": 1200}
    record = bluesky.record_of(Prepared("k", payload, {"ab" * 32: {"blob": blob, "at": "x"}}))
    image = {"alt": "Bản đồ ngập", "image": blob, "aspectRatio": {"width": 640, "height": 480}}
    assert record["embed"]["images"] == [image, {**image, "alt": "Ảnh hai"}]
    assert "media" not in record


@pytest.mark.mission("M29")
@pytest.mark.parametrize(
    ("media", "words"),
    [
        ((medium(),) * 5, "tối đa 4 ảnh"),
        ((medium(files=(replace(MAP, size=2_000_001),)),), "tối đa 2.0 MB"),
        ((medium(files=(replace(MAP, mime="image/heic"),)),), "JPEG, PNG, WEBP"),
        ((medium(alt="x" * 2001),), "dài quá 2000 ký tự"),
        ((medium(files=(replace(MAP, mime="video/mp4"),)),), "không nhận video"),
    ],
    ids=["five", "heavy", "format", "alt", "video"],
)
def test_what_it_cannot_show_is_refused_with_the_way_out(media: tuple[Medium, ...], words: str) -> None:
    with pytest.raises(NotPostable) as raised:
        bluesky.compose(draft(media=media))
    assert words in raised.value.reason.vi


def test_a_smaller_file_of_the_same_picture_is_taken() -> None:
    large = replace(MAP, sha256="cd" * 32, size=5_000_000)
    payload = bluesky.compose(draft(media=(medium(files=(large, MAP)),))).payload
    assert payload["media"][0]["sha256"] == MAP.sha256


# --- corrections and what is urgent ---


@pytest.mark.mission("M30")
def test_a_correction_says_so_and_answers_the_original() -> None:
    composed = bluesky.compose(draft(kind="correction", corrects=Corrected("at://did:plc:x/app.bsky.feed.post/y", "u")))
    assert composed.text.startswith(f"Đính chính: {DRAFT.title}")
    assert composed.payload["corrects"] == "at://did:plc:x/app.bsky.feed.post/y"
    assert any("trả lời dưới bài gốc" in note for note in composed.notes)
    here = {"uri": "at://did:plc:x/app.bsky.feed.post/y", "cid": "c"}
    reply = {"root": here, "parent": here}
    record = bluesky.record_of(Prepared("k", composed.payload, {"reply": reply}))
    assert record["reply"] == reply
    assert "corrects" not in record
    assert "reply" not in bluesky.record_of(Prepared("k", composed.payload, {"reply": {}})), "the original is gone"


@pytest.mark.parametrize(
    ("changes", "beginning"),
    [
        ({"kind": "correction"}, "Đính chính: Điều chỉnh"),
        ({"kind": "correction", "title": "Đính chính về xe buýt"}, "Đính chính về"),
        ({"is_urgent": True}, "KHẨN: Điều chỉnh"),
        ({"is_urgent": True, "title": "Khẩn: ngập sâu"}, "Khẩn: ngập"),
        ({"is_urgent": True, "kind": "correction"}, "KHẨN: Đính chính: Điều chỉnh"),
    ],
)
def test_the_beginning_says_what_it_is(changes: dict[str, Any], beginning: str) -> None:
    assert bluesky.compose(draft(**changes)).text.startswith(beginning)


# --- where the account is ---

ENTRANCE = "https://bsky.social"


@pytest.mark.parametrize(
    ("endpoint", "service", "host"),
    [
        ("https://porcini.us-east.host.bsky.network", ENTRANCE, "https://porcini.us-east.host.bsky.network"),
        ("https://pds.hanoi.gov.vn/", ENTRANCE, "https://pds.hanoi.gov.vn"),
        ("http://pds.example.vn", ENTRANCE, ""),
        ("http://127.0.0.1:2583", ENTRANCE, ""),
        ("http://localhost:2583", "http://127.0.0.1:2583", "http://localhost:2583"),
        ("https://a:b@pds.example.vn", ENTRANCE, ""),
        ("javascript:alert(1)", ENTRANCE, ""),
        ("", ENTRANCE, ""),
    ],
)
def test_a_token_goes_only_to_a_server_that_may_have_it(endpoint: str, service: str, host: str) -> None:
    document = {"service": [{"id": "#other"}, {"id": "did:plc:x#atproto_pds", "serviceEndpoint": endpoint}]}
    assert host_of(document, service) == host


@pytest.mark.parametrize("document", [None, [], {}, {"service": "x"}, {"service": ["x"]}, {"service": [{}]}])
def test_a_document_that_says_nothing_leaves_the_service(document: Any) -> None:
    assert host_of(document, ENTRANCE) == ""
