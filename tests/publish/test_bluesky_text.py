"""How a draft becomes a record: limits, facets on bytes, deterministic keys. No network."""

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from libs.common.ids import new_id
from services.publish import measure
from services.publish.adapters import bluesky
from services.publish.adapters.base import Draft, NotPostable

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
    assert (bluesky.AI_LINE in text) is bool(ai_label)
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
