"""The shipped catalogue in a run: taken in through the interface, and what it knows of outlets that are replayed."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from libs.common.local.desk import Desk
from libs.common.text import fold

FILES = Path(__file__).parents[1] / "data" / "catalogue"
IMPORT = "/api/ingest/v1/catalogue/import"


async def take_in(admin: Desk) -> int:
    """Bring the shipped catalogue in, leaving what is there alone; how many sources are new."""
    added = 0
    for path in sorted(FILES.glob("*.yaml")):
        answer = await admin.ask("POST", IMPORT, content=path.read_bytes(), params={"only_new": True})
        added += int(answer.json()["added"])
    return added


_SHOWN = ("id", "name", "kind", "group", "state", "state_reason", "health", "health_since", "health_reason")
_FIGURES = ("new_today", "last_item_at", "last_ok_at", "next_poll_at", "failures")


async def read_all(desk: Desk) -> list[dict[str, Any]]:
    """Every source with its health and counts, without what only its keeper needs."""
    return [{name: one[name] for name in (*_SHOWN, *_FIGURES)} for one in await desk.all("/api/ingest/v1/sources")]


@cache
def _entries() -> Sequence[Mapping[str, Any]]:
    read = (yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(FILES.glob("*.yaml")))
    return [entry for file in read for entry in file["sources"]]


def known_outlet(name: str) -> dict[str, str]:
    """`group` and `language` of an outlet that the catalogue knows, by the host or the name it is called here."""
    wanted = re.sub(r" \(\d+\)$", "", fold(name)).removeprefix("www.")  # parts of a long outlet are numbered
    for entry in _entries():
        hosts = {
            (urlsplit(entry.get(which) or "").hostname or "").removeprefix("www.") for which in ("url", "homepage")
        }
        title = fold(str(entry["name"]).partition(":")[0])
        is_it = wanted in hosts - {""} or wanted == title or (len(title) >= 5 and f" {title} " in f" {wanted} ")
        if is_it:
            return {"group": str(entry["group"]), "language": str(entry.get("language", "vi"))}
    return {}
