"""Texts that retell checked claims, and texts of the same themes that do not: written before anything was tuned.

A third (`part`: dev) is for tuning; what is reported is of the rest.
"""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
HASHES = {
    "claims": "203a4905cd0dc1cab5e034e6ed65bed01b68bcd2bfbb76a9e0d1ec23c232b6fc",
    "pairs": "4df6f33839029159b7b19d6bdd0f6b629fdfb8319f613dbc788bb50208810b39",
    "near": "fcb83032dd315800d427c5d09126344a9d20698efb3d3eb3e47525a51480e20c",
}


@cache
def rows(name: str) -> list[dict[str, Any]]:
    data = (HERE / f"{name}.jsonl").read_bytes()
    assert hashlib.sha256(data).hexdigest() == HASHES[name], f"{name}.jsonl is frozen"
    return [json.loads(line) for line in data.decode().splitlines()]


@cache
def claims() -> dict[str, str]:
    return {row["id"]: row["text"] for row in rows("claims")}


def held_out(name: str) -> list[dict[str, Any]]:
    return [row for row in rows(name) if row["part"] == "test"]
