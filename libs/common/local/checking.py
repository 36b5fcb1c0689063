"""What the fact-check desk does on the fictional day: a rumour becomes a claim, and what repeats it is found."""

import asyncio
import time
from typing import Any

from libs.common.local.desk import Desk

RUMOUR = "20h tối nay hồ Đồng Nhạn mở hết cửa xả lũ, cả vùng Chương Mỹ, Xuân Mai ngập sâu 3 mét"
DENIAL = "Bác bỏ tin hồ Đồng Nhạn xả lũ"
VERDICT = "tin_sai_su_that"
PATIENCE_SECONDS = 30.0
BASE = "/api/classify/v1"


async def check_rumour(checker: Desk, claim_id: str | None) -> dict[str, Any] | None:
    """The claim with what repeats it, one match confirmed by a person; None where no denial was read to prove it by.

    Repeated with the claim's id it changes nothing and reads it again.
    """
    if claim_id is None:
        found = (await checker.get(f"{BASE}/search", q=DENIAL, limit=5))["items"]
        denials = [one for one in found if one["title"].startswith("Bác bỏ") and one["url"]]
        if not denials:
            return None
        proof = [{"title": denials[0]["title"][:300], "url": denials[0]["url"]}]
        claim = await checker.post(f"{BASE}/claims", {"text": RUMOUR, "verdict": VERDICT, "evidence": proof})
        claim_id = str(claim["id"])
    matches = await _matches(checker, claim_id)
    rumours = [one for one in matches if one["title"] and not _denies(one["title"])]
    if rumours and not any(one["state"] == "confirmed" for one in matches):
        path = f"{BASE}/claims/{claim_id}/matches/{rumours[0]['content_id']}/confirm"
        rumours[0]["state"] = (await checker.post(path))["state"]
    return {"id": claim_id, "text": RUMOUR, "verdict": VERDICT, "matches": matches}


async def newest_alert(editor: Desk, *, is_due: bool) -> dict[str, Any] | None:
    """The newest alert that is open; one that is due is waited for, since the rules are looked at every few seconds."""
    until = time.monotonic() + (PATIENCE_SECONDS if is_due else 0.0)
    while True:
        alerts: list[dict[str, Any]] = (await editor.get(f"{BASE}/alerts", limit=1))["items"]
        if alerts or time.monotonic() > until:
            return alerts[0] if alerts else None
        await asyncio.sleep(0.5)


async def _matches(checker: Desk, claim_id: str) -> list[dict[str, Any]]:
    """What may repeat the claim, the likeliest first; suggested a moment after the claim is made."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        found: list[dict[str, Any]] = (await checker.get(f"{BASE}/matches", claim_id=claim_id, limit=20))["items"]
        if found or time.monotonic() > until:
            return sorted(found, key=lambda one: -one["score"])
        await asyncio.sleep(0.5)


def _denies(title: str) -> bool:
    return title.startswith(("Bác bỏ", "Không có chuyện"))
