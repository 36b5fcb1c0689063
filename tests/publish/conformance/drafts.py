"""Drafts as people write them: Vietnamese in both forms, emoji, endless words, addresses, texts far too long."""

import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

import httpx
from hypothesis import strategies as st

from libs.common.clock import FrozenClock
from libs.common.tls import trust
from services.publish.adapters import CHANNELS
from services.publish.adapters.base import Account, Channel, Draft, Medium, Rendition, Tools
from tests.publish.conformance.case import case_of
from tests.publish.conformance.theatre import URL

NOW = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
WORDS = (
    "Từ ngày 1/12, phường Ô Chợ Dừa điều chỉnh lộ trình xe buýt số 32; người dân gọi 1022 để hỏi thêm. Đường Láng, "
    "phố Huế, cầu Giấy: hoà và hòa, thuý và thúy, quy và quý."
).split()
ODD = (
    "👨‍👩‍👧‍👦",
    "🇻🇳🇻🇳",
    "👍🏽",
    "e\u0302\u0301",
    "ﬁ",
    "日本語",
    "\u200b",
    "<b>",
    "&amp;",
    "@thanhpho@mang.vn",
    "#HàNội",
    "*_`[",
)
LONG = ("W" * 400, "ệ" * 1200, "👨‍👩‍👧‍👦" * 120)
LINKS = (
    "https://hanoi.gov.vn/tin/xe-buyt-32?x=1&y=2#a",
    "http://xn--h-ni-1na.vn/" + "d" * 200,
    "https://tin.example.vn/a_(b)",
)

_piece = st.one_of(st.sampled_from(WORDS), st.sampled_from(ODD), st.sampled_from(LINKS), st.sampled_from(LONG))
_glue = st.sampled_from((" ", " ", " ", "\n", "\n\n", "  "))


@st.composite
def texts(draw: st.DrawFn, most: int = 120) -> str:
    """In NFC or NFD, as keyboards and other programs give it."""
    words = draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=most))
    pieces = words + draw(st.lists(_piece, max_size=6))
    text = "".join(word + draw(_glue) for word in draw(st.permutations(pieces)) if word)
    return unicodedata.normalize(draw(st.sampled_from(("NFC", "NFD"))), text)


@st.composite
def drafts(draw: st.DrawFn) -> Draft:
    slug = draw(st.sampled_from(("xe-buyt-32", "d" * 80)))
    return Draft(
        title=" ".join(draw(texts(20)).split())[:200],
        body=draw(texts()),
        summary=draw(st.none() | texts(40)),
        link=draw(st.none() | st.just(f"https://tin.example.vn/tin/{slug}") | st.sampled_from(LINKS)),
        language=draw(st.sampled_from(("vi", "en"))),
        kind="announcement",
        slug=slug,
        ai_label=draw(st.none() | st.just("Nội dung có sử dụng trí tuệ nhân tạo")),
        unit_name="Sở Giao thông vận tải",
        is_urgent=draw(st.booleans()),
    )


def plain(**changes: Any) -> Draft:
    values: dict[str, Any] = {
        "title": "Điều chỉnh lộ trình xe buýt số 32",
        "body": "Từ ngày 1/12, tuyến 32 đi đường Trần Quốc Hoàn.",
        "summary": "Tuyến 32 đổi đường.",
        "link": "https://tin.example.vn/tin/xe-buyt-32",
        "language": "vi",
        "kind": "announcement",
        "slug": "xe-buyt-32",
    }
    return Draft(**{**values, **changes})


PICTURE = Medium("Bản đồ lộ trình mới", (Rendition("ab" * 32, "image/jpeg", 20_000, 640, 480),))


FILM = Medium("Xe buýt ra bến", (Rendition("cd" * 32, "video/mp4", 400_000, 1920, 1080),), duration_ms=12_500)


def shown(kind: str, draft: Draft) -> Draft:
    """With a picture or a video, where the channel posts nothing without one."""
    case = case_of(kind)
    if case.needs_video and not any(medium.is_video for medium in draft.media):
        return replace(draft, media=(FILM, *draft.media))
    return replace(draft, media=(PICTURE,)) if case.needs_image and not draft.media else draft


def unconnected(kind: str) -> Channel:
    """An adapter for what is pure: whoever asks the platform here fails."""
    seat = case_of(kind).seat(1, URL)
    nobody = cast(Any, None)
    tools = Tools(httpx.AsyncClient(verify=trust()), FrozenClock(NOW), nobody, "https://tin.example.vn", nobody, nobody)
    return CHANNELS.get(kind)(Account(UUID(int=1), seat.settings, dict(seat.secret)), tools)
