"""Packages of npm for tests, each set in a folder of its own outside the checkout."""

import asyncio
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lantoa"


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        words = f"Cần {name} (node 20 trở lên). / {name} (of node 20 or later) is needed."
        pytest.fail(words, pytrace=False)
    return found


async def installed(name: str, *packages: str) -> Path:
    """The folder `name` of the cache with these packages; npm fetches them the first time."""
    folder = cache() / name
    folder.mkdir(parents=True, exist_ok=True)
    with alone(folder):
        if not (folder / "installed").exists():
            (folder / "package.json").write_text("{}")
            await run(program("npm"), "install", "--no-audit", "--no-fund", "--ignore-scripts", *packages, cwd=folder)
            (folder / "installed").touch()  # last, so that what was cut off is begun again
    return folder


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Another worker that wants the same folder waits: npm does not bear two at once in one."""
    with (folder / "lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


async def run(*command: str, cwd: Path, given: bytes = b"", seconds: float = 280, **more: str) -> bytes:
    """What the command prints; its words where it fails."""
    pipe = asyncio.subprocess.PIPE
    environment = {**os.environ, **more}
    process = await asyncio.create_subprocess_exec(
        *command, cwd=cwd, stdin=pipe, stdout=pipe, stderr=pipe, env=environment
    )
    try:
        printed, said = await asyncio.wait_for(process.communicate(given), seconds)
    except TimeoutError:
        process.kill()
        await process.wait()
        pytest.fail(f"{command[0]} took longer than {seconds} s", pytrace=False)
    if process.returncode:
        pytest.fail(f"{' '.join(command)}:\n{(said + printed).decode(errors='replace')[-3000:]}", pytrace=False)
    return printed
