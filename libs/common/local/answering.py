"""What the city says of the rumour of the fictional day: a correction made of the claim, which two approve."""

from collections.abc import Iterable, Sequence
from typing import Any

from libs.common.local.desk import Desk, released
from libs.common.local.wording import NOTE

BASE = "/api/publish/v1"


async def draft(editor: Desk, claim_id: str, channels: Iterable[str]) -> str:
    """Made by the template, for the channels where the claim was seen and these; the id of its publication."""
    made = await editor.post(f"{BASE}/corrections", {"claim_id": claim_id, "channel_ids": list(channels)})
    return str(made["publication"]["id"])


async def release(
    editor: Desk, speakers: Sequence[Desk], publication_id: str, channels: Iterable[str], medium: str
) -> None:
    """Edited and submitted by one, approved by two others; what was done before is not done again."""
    path = f"{BASE}/publications/{publication_id}"
    detail = await editor.get(path)
    if detail["state"] == "draft":
        body = "\n".join(line for line in detail["body"].splitlines() if not line.startswith("[Bản nháp"))
        told = {
            "revision": detail["revision"],
            "body": f"{body.strip()}\n\n{NOTE}",
            "channel_ids": list(channels),
            "media_ids": [medium],
        }
        detail |= (await editor.ask("PATCH", path, json=told)).json()
    await released(editor, speakers, detail)


async def read(editor: Desk, publication_id: str) -> dict[str, Any]:
    """Its label, which channels miss it still, and how long it took."""
    found = await editor.get(f"{BASE}/corrections/{publication_id}")
    missing = [one["channel_name"] for one in found["channels"] if not one["is_carried"]]
    return {name: found[name] for name in ("label", "is_open", "timing")} | {"missing": missing}
