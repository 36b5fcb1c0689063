"""Packages of npm for tests, each set in a folder of its own outside the checkout."""

import asyncio
import os
import shutil
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
    if (folder / "installed").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text("{}")
    await run(program("npm"), "install", "--no-audit", "--no-fund", "--ignore-scripts", *packages, cwd=folder)
    (folder / "installed").touch()  # last, so that what was cut off is begun again
    return folder


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
