"""The whole loop while its workers and its relay are killed again and again: nothing lost, no second post."""

import json
import os
import random
import signal
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from libs.common.local.paths import Scratch, checkout, data_root
from libs.common.local.process import is_free
from tests.e2e.test_run import LANTOA, ports

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
MODULES = ("libs.common.worker", "libs.common.relay")


def workers_of(parent: int) -> list[int]:
    """The process ids below this one that run a worker or the relay."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError):
            command = (folder / "cmdline").read_text().split("\0")
            above = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
            if above == parent and any(module in command for module in MODULES):
                found.append(int(folder.name))
    return found


class Killer(threading.Thread):
    """kill -9 of one of them every second or so, from the moment the origin answers until told to stop."""

    def __init__(self, parent: int, origin: int, seed: int) -> None:
        super().__init__(daemon=True)
        self._parent, self._origin, self._chance = parent, origin, random.Random(seed)
        self.over, self.kills = threading.Event(), 0

    @override
    def run(self) -> None:
        while is_free(self._origin) and not self.over.wait(0.1):
            pass
        deadline = time.monotonic() + 45
        while time.monotonic() < deadline and not self.over.wait(self._chance.uniform(0.4, 1.6)):
            if targets := workers_of(self._parent):
                with suppress(ProcessLookupError):
                    os.kill(self._chance.choice(targets), signal.SIGKILL)
                    self.kills += 1


@pytest.mark.mission("M39")
@pytest.mark.parametrize("seed", [1, 2])
def test_killed_workers_lose_nothing_and_post_once(seed: int) -> None:
    origin, first_port = ports()
    with Scratch(data_root(checkout())) as folder:
        command = [LANTOA, "up", "--once", "--json", "--port", str(origin), "--first-port", str(first_port)]
        process = subprocess.Popen(
            [*command, "--data", str(folder / "data")], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        killer = Killer(process.pid, origin, seed)
        killer.start()
        said, complained = process.communicate(timeout=600)
        killer.over.set()
        assert process.returncode == 0, said[-2000:] + complained[-3000:]
        ledger = (folder / "data" / "press" / "ledger.jsonl").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(said)
    assert killer.kills >= 5
    assert found["counts"]["annotations"] == found["counts"]["contents"] >= 110
    assert (found["counts"]["pending_events"], found["counts"]["dead_letters"]) == (0, 0)
    for told in ("publication", "correction"):
        assert {one["state"] for one in found[told]["deliveries"]} == {"published"}, told
    made = [json.loads(line) for line in ledger.splitlines() if line.strip()]
    posts = [entry for entry in made if entry["effect"] == "created" and entry["kind"].endswith(".post")]
    assert len(posts) == 2, ("the publication and the correction, each once", posts)
