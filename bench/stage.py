"""What every benchmark stands on: servers and processes of its own on scratch data, and a readable refusal."""

import os
import platform
import shutil
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from libs.common.auth.dev import dev_token
from libs.common.db import Database
from libs.common.local import installation, paths
from libs.common.local.addresses import Addresses
from libs.common.local.paths import Scratch
from libs.common.local.people import EDITOR
from libs.common.local.process import StartFailed, is_free
from libs.common.local.topology import Setup

NEEDED_BYTES = 3 * 1024**3
screen = Console(stderr=True, highlight=False)


@dataclass(frozen=True)
class Stage:
    setup: Setup
    db: Database
    token: str


def refuse_without_disk(where: Path, needed: int = NEEDED_BYTES) -> None:
    free = shutil.disk_usage(where).free
    if free < needed:
        raise StartFailed(
            f"Cần {needed / 1024**3:.0f} GB trống ở {where}, còn {free / 1024**3:.1f} GB / not enough free disk"
        )


def free_addresses() -> Addresses:
    for first in range(21101, 30000, 97):
        if all(is_free(port) for port in range(first, first + 11)):
            return Addresses(first + 10, first)
    raise StartFailed("Không có cổng trống / no free ports")


@asynccontextmanager
async def stage(names: Sequence[str]) -> AsyncIterator[Stage]:
    """Postgres, NATS and the processes of these names, seeded, on data that is gone afterwards."""
    parent = paths.data_root(paths.checkout())
    paths.make_directory(parent, mode=0o711)
    refuse_without_disk(parent)
    with Scratch(parent) as folder:
        place = paths.ensure(folder / "data")
        started = installation.running(
            place, free_addresses(), lambda _: None, press={}, replay=True, only=frozenset(names)
        )
        async with started as (setup, _):
            db = Database(setup.owner_url, pool_size=2)
            try:
                yield Stage(setup, db, dev_token(place.secrets, EDITOR, datetime.now(UTC)))
            finally:
                await db.dispose()


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, Python {platform.python_version()}"
