"""Real processes under load: started, killed, started again; and an emitter that keeps account of what it committed."""

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from random import Random

from sqlalchemy.exc import SQLAlchemyError

from libs.common.db import Database
from libs.common.local.paths import checkout
from libs.common.local.process import die_with_parent
from libs.common.settings import NatsSettings
from libs.common.testing.plugin import TestServer
from tests.common.backbone import stage

RELAY = "libs.common.relay"
STAGED = "tests.common.backbone.processes"


def environment(server: TestServer, database: str, role: str, settings: NatsSettings, folder: Path) -> dict[str, str]:
    assert settings.token is not None
    return {
        "PATH": os.environ["PATH"],
        "LANTOA_DB__URL": server.url(database, f"lantoa_{role}"),
        "LANTOA_DB__POOL_SIZE": "4",
        "LANTOA_NATS__URL": settings.url,
        "LANTOA_NATS__TOKEN": settings.token.get_secret_value(),
        "LANTOA_AUTH__ISSUER": "nobody",
        "LANTOA_AUTH__JWKS_FILE": str(folder / "none"),
        "LANTOA_FILES__ROOT": str(folder),
    }


@dataclass
class Member:
    """One process that is started again whenever it ends by a kill."""

    name: str
    argv: list[str]
    env: Mapping[str, str]
    log: Path
    process: asyncio.subprocess.Process | None = None
    ends: Counter[int] = field(default_factory=Counter)
    stopping: bool = False

    async def keep_running(self) -> None:
        while True:
            with self.log.open("ab") as out:
                self.process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-m",
                    *self.argv,
                    env={**self.env},
                    cwd=checkout(),
                    stdout=out,
                    stderr=out,
                    preexec_fn=die_with_parent(signal.SIGKILL),
                )
            code = await self.process.wait()
            self.ends[code] += 1
            if code == 0 or self.stopping:
                return

    def kill(self) -> bool:
        if self.process is None or self.process.returncode is not None:
            return False
        self.process.kill()
        return True

    def stop(self) -> None:
        """Whoever is still starting has nothing in hand, and ends by the signal itself."""
        self.stopping = True
        if self.process is not None and self.process.returncode is None:
            self.process.terminate()


@dataclass
class Fleet:
    members: list[Member]
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    async def __aenter__(self) -> "Fleet":
        self.tasks = [asyncio.create_task(member.keep_running()) for member in self.members]
        return self

    async def stop(self) -> None:
        """SIGTERM to all; each must end with 0 by itself."""
        for member in self.members:
            member.stop()
        await asyncio.wait_for(asyncio.gather(*self.tasks), 20)

    async def __aexit__(self, *_: object) -> None:
        for task, member in zip(self.tasks, self.members, strict=True):
            task.cancel()
            member.kill()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    @property
    def kills(self) -> int:
        return sum(member.ends[-signal.SIGKILL] for member in self.members)

    @property
    def ends(self) -> dict[str, dict[int, int]]:
        return {member.name: dict(member.ends) for member in self.members}

    async def kill_at_random(self, random: Random, times: int, pause: tuple[float, float]) -> None:
        left = times
        while left:
            await asyncio.sleep(random.uniform(*pause))
            left -= random.choice(self.members).kill()


@dataclass
class Emitter:
    """Emits in small transactions; `committed` is what the database confirmed, and more may be in it than that."""

    db: Database
    random: Random
    committed: set[int] = field(default_factory=set)
    refused: int = 0
    longest: int = 12

    async def run(self) -> None:
        number = 0
        for size in cycle(range(1, self.longest)):
            numbers = [n for n in range(number, number + size) if not stage.is_poison(n)]
            number += size
            try:
                await stage.emit_numbers(self.db, numbers)
            except (OSError, SQLAlchemyError):
                self.refused += 1
                await asyncio.sleep(0.2)
            else:
                self.committed.update(numbers)
            await asyncio.sleep(self.random.uniform(0.005, 0.03))

    async def stop(self, task: "asyncio.Task[None]") -> None:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def outbox_numbers(db: Database) -> Counter[int]:
    found: list[int] = await stage.scalar(
        db, "SELECT coalesce(array_agg((payload ->> 'number')::int), '{}') FROM outbox"
    )
    return Counter(found)


async def verify(db: Database, emitter: Emitter, seconds: float = 60.0) -> int:
    """Every event in the outbox has taken effect exactly once, and everything confirmed is in the outbox."""
    emitted = await outbox_numbers(db)
    assert set(emitted) >= emitter.committed
    assert max(emitted.values()) == 1

    async def all_there() -> bool:
        return (await stage.applied(db)).keys() >= emitted.keys()

    with suppress(TimeoutError):
        await stage.until(all_there, seconds, every=0.25)
    found = await stage.applied(db)
    assert found == emitted, f"lost {sorted(emitted - found)[:20]}, twice {sorted(found - emitted)[:20]}"
    return len(emitted)
