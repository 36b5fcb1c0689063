"""What a draft becomes in a Telegram channel: the whole text where it fits, entities in UTF-16 units, captions."""

import unicodedata
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.platforms.telegram.markup import formatted
from services.publish.adapters.base import Corrected, Draft, Medium, NotPostable, Rendition
from services.publish.adapters.telegram_text import PostId, UnreadableId, compose

CHAT, LINK = "@thanhpho_test", "https://tin.example.vn/tin/cau-o-cho-dua"
DRAFT = Draft(
    title="Cầu Ô Chợ Dừa 🚧 thông xe",
    body="## Thời gian\nTừ ngày 1/12.\n\n- Xe máy được đi.\n- Xe tải chưa được đi.\n\n## Liên hệ\nGọi 1022.",
    summary="Từ ngày 1/12, xe máy được đi qua cầu.",
    link=LINK,
    language="vi",
    kind="news",
    slug="cau-o-cho-dua",
)


def picture(number: int = 0, **changes: Any) -> Medium:
    file = Rendition(sha256=f"{number:064x}", mime="image/jpeg", size=900_000, width=1280, height=720)
    return Medium(alt="Cầu nhìn từ trên cao", files=(replace(file, **changes),))


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def cut(text: str, entity: dict[str, Any]) -> str:
    raw = text.encode("utf-16-le")
    return raw[entity["offset"] * 2 : (entity["offset"] + entity["length"]) * 2].decode("utf-16-le")


@pytest.mark.mission("M29")
def test_the_whole_text_with_its_headings_in_bold() -> None:
    made = compose(DRAFT, CHAT)
    assert made.text == (
        "Cầu Ô Chợ Dừa 🚧 thông xe\n\nThời gian\nTừ ngày 1/12.\n\n• Xe máy được đi.\n• Xe tải chưa được đi.\n\n"
        f"Liên hệ\nGọi 1022.\n\n{LINK}"
    )
    assert [cut(made.text, e) for e in made.payload["entities"]] == [DRAFT.title, "Thời gian", "Liên hệ"]
    assert made.payload["method"] == "sendMessage"
    assert made.payload["link_preview_options"] == {"url": LINK, "prefer_large_media": True}
    assert made.notes == ()


def test_without_a_page_there_is_no_preview_of_one() -> None:
    made = compose(replace(DRAFT, link=None), CHAT)
    assert made.payload["link_preview_options"] == {"is_disabled": True}
    assert made.text.endswith("Gọi 1022.")


@pytest.mark.mission("M29")
def test_a_decomposed_text_counts_once() -> None:
    """NFD would be nearly twice as long."""
    loose = unicodedata.normalize("NFD", "Ộ " * 1900)
    made = compose(replace(DRAFT, body=loose, summary=None), CHAT)
    assert unicodedata.is_normalized("NFC", made.text)
    assert made.notes == ()


@pytest.mark.mission("M29")
@pytest.mark.parametrize(("length", "is_whole"), [(4000, True), (4096, False)])
def test_too_long_becomes_the_summary(length: int, is_whole: bool) -> None:
    made = compose(replace(DRAFT, body="ả" * length), CHAT)
    assert ("ả" * length in made.text) is is_whole
    assert (DRAFT.summary in made.text) is not is_whole
    assert made.text.endswith(LINK)


def test_exactly_full_is_whole() -> None:
    around = units(compose(replace(DRAFT, body="x"), CHAT).text) - 1
    full = compose(replace(DRAFT, body="🏙" * ((4096 - around) // 2)), CHAT)
    assert (units(full.text) in (4095, 4096), full.notes) == (True, ())
    over = compose(replace(DRAFT, body="🏙" * ((4096 - around) // 2 + 1)), CHAT)
    assert over.notes == ("Dùng phần tóm tắt cho vừa 4096 ký tự",)


def test_cut_at_a_word_where_nothing_else_fits() -> None:
    made = compose(replace(DRAFT, body="người dân " * 900, summary=None), CHAT)
    assert units(made.text) <= 4096
    assert made.text.endswith(f"người dân…\n\n{LINK}") or made.text.endswith(f"người…\n\n{LINK}")
    assert "rút gọn" in made.notes[0]


def test_cut_without_a_page_is_refused() -> None:
    with pytest.raises(NotPostable) as refused:
        compose(replace(DRAFT, body="x " * 4000, summary=None, link=None), CHAT)
    assert "không có đường dẫn" in refused.value.reason.vi
    with pytest.raises(NotPostable, match="heading and ending"):
        compose(replace(DRAFT, title="x" * 4097), CHAT)


def test_labels_that_every_channel_carries() -> None:
    labelled = replace(DRAFT, ai_label="ảnh minh họa", source_note="Nguồn: Sở Xây dựng", is_urgent=True)
    made = compose(labelled, CHAT)
    assert made.text.startswith("KHẨN: Cầu Ô Chợ Dừa")
    assert made.text.endswith(f"Nguồn: Sở Xây dựng\n\nCó sử dụng trí tuệ nhân tạo: ảnh minh họa\n\n{LINK}")
    assert cut(made.text, made.payload["entities"][0]) == "KHẨN: Cầu Ô Chợ Dừa 🚧 thông xe"


@pytest.mark.mission("M28")
@pytest.mark.parametrize(("count", "method"), [(1, "sendPhoto"), (2, "sendMediaGroup"), (10, "sendMediaGroup")])
def test_pictures_carry_the_text_as_their_caption(count: int, method: str) -> None:
    made = compose(replace(DRAFT, media=tuple(picture(n) for n in range(count))), CHAT)
    assert made.payload["method"] == method
    assert [m["sha256"] for m in made.payload["media"]] == [f"{n:064x}" for n in range(count)]
    assert made.payload["caption"] == made.text
    assert "text" not in made.payload
    assert "Telegram không hiển thị mô tả ảnh (alt)" in made.notes


@pytest.mark.mission("M28")
def test_a_caption_has_1024_units() -> None:
    long = replace(DRAFT, body="ả" * 1000, media=(picture(),))
    made = compose(long, CHAT)
    assert DRAFT.summary in made.text
    assert units(made.text) <= 1024
    with pytest.raises(NotPostable) as refused:
        compose(replace(long, summary=None, link=None), CHAT)
    assert "1024 ký tự của bài có ảnh" in refused.value.reason.vi


@pytest.mark.mission("M28")
@pytest.mark.parametrize(
    ("media", "why"),
    [
        ([picture(n) for n in range(11)], "tối đa 10 ảnh"),
        ([picture(mime="image/gif")], "image/gif"),
        ([picture(size=11_000_000)], "11.0 MB"),
        ([picture(width=6000, height=4500)], "5000 px"),
        ([picture(width=2100, height=100)], "gấp 20 lần"),
        ([picture(mime="video/quicktime")], "video/quicktime"),
        (
            [*[picture(n) for n in range(6)], *[picture(n, mime="video/mp4") for n in range(6)]],
            "tối đa 10 ảnh và video",
        ),
    ],
    ids=["eleven", "gif", "heavy", "large", "narrow", "mov", "mixed"],
)
def test_what_the_channel_does_not_take_is_refused_early(media: list[Medium], why: str) -> None:
    with pytest.raises(NotPostable) as refused:
        compose(replace(DRAFT, media=tuple(media)), CHAT)
    assert why in refused.value.reason.vi


def test_a_video_is_sent_as_one() -> None:
    film = replace(picture(mime="video/mp4", size=20_000_000), duration_ms=12_000)
    made = compose(replace(DRAFT, media=(film,)), CHAT)
    assert (made.payload["method"], made.payload["media"][0]["duration_ms"]) == ("sendVideo", 12_000)


CORRECTION = replace(DRAFT, kind="correction", title="Giờ cấm đường", corrects=Corrected("12", "https://t.me/x/12"))


def test_a_correction_edits_the_post_it_corrects() -> None:
    made = compose(CORRECTION, CHAT)
    assert (made.payload["method"], made.payload["edits"]) == ("editMessageText", "12")
    assert made.text.startswith("Đính chính: Giờ cấm đường")
    caption = compose(replace(CORRECTION, corrects=Corrected("12,13m", "")), CHAT)
    assert (caption.payload["method"], caption.payload["edits"]) == ("editMessageCaption", "12,13m")
    assert units(caption.payload["caption"]) <= 1024
    assert "ảnh của bài cũ giữ nguyên" in caption.notes[-1]


def test_a_correction_with_pictures_answers_the_post() -> None:
    made = compose(replace(CORRECTION, media=(picture(),)), CHAT)
    assert made.payload["method"] == "sendPhoto"
    assert made.payload["reply_parameters"] == {"message_id": 12, "allow_sending_without_reply": True}
    assert "edits" not in made.payload


def test_a_correction_of_what_was_not_here_is_a_post_that_says_so() -> None:
    made = compose(replace(CORRECTION, corrects=None), CHAT)
    assert made.payload["method"] == "sendMessage"
    assert made.text.startswith("Đính chính: ")
    again = compose(replace(CORRECTION, corrects=None, title="Đính chính giờ cấm đường"), CHAT)
    assert again.text.startswith("Đính chính giờ cấm đường")


def test_ids_are_read_back_as_they_were_written() -> None:
    for written in ("12", "12m", "12,13,14m"):
        assert str(PostId.parse(written)) == written
    for broken in ("", "m", "12,", "https://t.me/x/12", "-1"):
        with pytest.raises(UnreadableId):
            PostId.parse(broken)
    with pytest.raises(NotPostable):
        compose(replace(CORRECTION, corrects=Corrected("hỏng", "")), CHAT)


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\r", exclude_categories=("Cc", "Cf", "Zl", "Zp")))
LINES = st.lists(st.tuples(st.sampled_from(["", "## ", "- "]), WORDS), max_size=30)


@pytest.mark.mission("M29")
@settings(max_examples=150, deadline=None)
@given(title=WORDS.filter(str.strip), lines=LINES, times=st.integers(1, 60), has_media=st.booleans())
def test_the_platform_shows_what_was_composed(title: str, lines: Any, times: int, has_media: bool) -> None:
    """Held against the sandbox's own parser and counter: nothing is trimmed, cut or refused there."""
    body = "\n".join(mark + words for mark, words in lines * times).strip() or "Nội dung"
    draft = replace(DRAFT, title=title[:200].strip() or "Tin", body=body, media=(picture(),) if has_media else ())
    try:
        made = compose(draft, CHAT)
    except NotPostable:
        return
    entities = made.payload["caption_entities" if has_media else "entities"]
    shown = formatted(made.text, "", entities)
    assert shown.text == made.text
    assert units(made.text) <= (1024 if has_media else 4096)
    assert len(entities) <= 100
    kept = [dict(e) for e in shown.entities if e["type"] == "bold"]
    assert kept == sorted(entities, key=lambda e: e["offset"])[: len(kept)]
