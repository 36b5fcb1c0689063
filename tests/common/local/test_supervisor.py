"""The supervisor keeps processes running, stops them in order, and leaves nothing behind."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from libs.common.local.process import StartFailed
from libs.common.local.supervisor import Command, RotatingLog, Supervisor, delay_before

PYTHON = sys.executable
SLEEP = "import time; time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


def command(name: str, code: str, **more: object) -> Command:
    return Command(name, [PYTHON, "-c", code], dict(os.environ), **more)  # type: ignore[arg-type]


async def until(holds: Callable[[], bool], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().split(")")[1][:3]


async def test_a_process_that_dies_is_started_again(tmp_path: Path) -> None:
    supervisor = Supervisor([command("worker", SLEEP)], tmp_path)
    await supervisor.start()
    (watched,) = supervisor.processes
    first = watched.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    await until(lambda: watched.pid not in (None, first))
    await supervisor.stop()
    assert watched.restarts == 1
    assert "ended with -9" in watched.log.read_text()


async def test_stages_start_in_order_and_stop_in_reverse(tmp_path: Path) -> None:
    note = tmp_path / "order"
    code = f"""
import signal, sys, time
def end(*_):
    open({str(note)!r}, 'a').write('-' + sys.argv[1]); sys.exit(0)
signal.signal(signal.SIGTERM, end)
open({str(note)!r}, 'a').write('+' + sys.argv[1])
time.sleep(60)
"""
    commands = [
        Command(name, [PYTHON, "-c", code, name], dict(os.environ), stage=stage) for name, stage in (("b", 1), ("a", 0))
    ]
    supervisor = Supervisor(commands, tmp_path)
    await supervisor.start()
    await until(lambda: note.exists() and sorted(note.read_text()) == sorted("+a+b"))
    await supervisor.stop()
    assert note.read_text().endswith("-b-a")


async def test_who_does_not_end_in_time_is_killed_with_its_children(tmp_path: Path) -> None:
    child = tmp_path / "child"
    code = (
        f"import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', {SLEEP!r}]);"
        f" open({str(child)!r}, 'w').write(str(p.pid)); {STUBBORN}"
    )
    supervisor = Supervisor([command("stubborn", code, grace=0.5)], tmp_path)
    await supervisor.start()
    await until(lambda: "up" in (tmp_path / "stubborn.log").read_text())
    pid = int(child.read_text())
    began = time.monotonic()
    await supervisor.stop()
    assert time.monotonic() - began < 6
    await until(lambda: not is_alive(pid))


async def test_a_command_that_cannot_start_says_why(tmp_path: Path) -> None:
    broken = command("broken", "raise SystemExit('thiếu cấu hình')", ready_url="http://127.0.0.1:9/")
    supervisor = Supervisor([broken], tmp_path)
    with pytest.raises(StartFailed, match="thiếu cấu hình"):
        await supervisor.start(deadline=20)
    await supervisor.stop()


async def test_nothing_outlives_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    code = f"""
import asyncio, os, sys
from pathlib import Path
from libs.common.local.supervisor import Command, Supervisor
async def main():
    command = Command('c', [sys.executable, '-c', {SLEEP!r}], dict(os.environ))
    supervisor = Supervisor([command], Path({str(tmp_path)!r}))
    await supervisor.start()
    print(supervisor.processes[0].pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""
    parent = subprocess.Popen([PYTHON, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert is_alive(pid)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    await until(lambda: not is_alive(pid))


def test_waits_grow_and_are_bounded() -> None:
    waits = [delay_before(n) for n in range(1, 12)]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (0.5, 30.0)


def test_a_full_log_begins_anew(tmp_path: Path) -> None:
    log = RotatingLog(tmp_path / "x.log", limit=100)
    for n in range(10):
        log.write(f"dòng {n}".encode())
    log.close()
    assert (tmp_path / "x.log.1").exists()
    assert (tmp_path / "x.log").stat().st_size <= 150
    assert oct((tmp_path / "x.log").stat().st_mode & 0o777) == "0o600"
