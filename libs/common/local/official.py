"""The record by which the bulletin is the city's official channel: written by the admin, signed by a spokesperson."""

from collections.abc import Iterable
from typing import Any

from libs.common.local.desk import Desk

PATH = "/api/publish/v1/channel-choices"
CRITERIA = [
    {"key": "lam_chu", "name": "Thành phố làm chủ, không qua bên thứ ba", "weight": 5},
    {"key": "ai_cung_doc", "name": "Ai cũng đọc được, không cần tài khoản", "weight": 3},
    {"key": "pho_cap", "name": "Mức phổ cập", "weight": 2},
]
SCORES = {"own_site": (10, 10, 4), "facebook": (3, 5, 10)}
DECISION = "Chọn bản tin của thành phố: thành phố làm chủ, ai cũng đọc được; các kênh khác dẫn về bản tin."


async def choose(admin: Desk, speaker: Desk, channels: Iterable[dict[str, Any]]) -> None:
    """Once: where a channel is the official one already, nothing is written."""
    known = list(channels)
    if any(channel["is_city_official"] for channel in await admin.all("/api/publish/v1/channels")):
        return
    candidates = [
        {"channel_id": channel["id"], "scores": dict(zip((c["key"] for c in CRITERIA), scores, strict=True))}
        for kind, scores in SCORES.items()
        for channel in known
        if channel["kind"] == kind
    ]
    bulletin = next(channel["id"] for channel in known if channel["kind"] == "own_site")
    words = {"title": "Lựa chọn kênh chính thức của thành phố (thử)", "decision": DECISION}
    body = {**words, "criteria": CRITERIA, "candidates": candidates, "channel_id": bulletin}
    choice = await admin.post(PATH, body)
    await speaker.post(f"{PATH}/{choice['id']}/sign")
