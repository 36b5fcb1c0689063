"""A real Bluesky network on loopback: its own PDS and AppView (npm @atproto/dev-env), on the tests' Postgres.

What is needed: npm, and a C++ compiler the first time (the PDS keeps its data in SQLite). A node that is too old for
the package is not used: one comes from npm beside it. Everything lies in the user's cache folder, some 600 MB.
"""

import asyncio
import json
import os
import platform
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from libs.common.testing.plugin import TestServer
from tests.publish.network.people import Network
from tests.sandbox import npm

DEV_ENV, NODE = "0.6.7", "24.21.0"
NEEDS_NODE = 22
SCRIPT = Path(__file__).with_name("network.mjs")


@pytest.fixture(scope="session")
def network_packages() -> tuple[Path, str]:
    """The folder that holds the network's packages, and the node to run them with."""
    return asyncio.run(_installed())


@pytest.fixture(scope="session")
def network(
    network_packages: tuple[Path, str], postgres: TestServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Network]:
    packages, node = network_packages
    postgres.server.ensure_role("atproto", "test", options="")
    postgres.server.ensure_database("atproto", owner="atproto")
    address = postgres.server.info.url("atproto", "atproto", "test").replace("+asyncpg", "")
    scratch = tmp_path_factory.mktemp("network")
    command = (node, str(SCRIPT), str(packages), address, "lantoa")
    with (scratch / "log").open("wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env={**os.environ, "TMPDIR": str(scratch)},
        )
        try:
            yield Network(**_served(process, scratch / "log"))
        finally:
            _end(process)


@pytest.fixture
async def atproto(network: Network) -> Any:
    """The network with an open connection of this test."""
    async with httpx.AsyncClient(base_url=network.pds, timeout=30) as http:
        yield network.with_connection(http)


def _served(process: "subprocess.Popen[bytes]", log: Path) -> dict[str, str]:
    assert process.stdout is not None
    line = process.stdout.readline()  # empty where it ended without serving
    if not line.startswith(b"{"):
        process.kill()
        pytest.fail(
            f"mạng Bluesky không chạy được / the network did not start:\n{log.read_text()[-3000:]}", pytrace=False
        )
    told: dict[str, str] = json.loads(line)
    return {"pds": told["pds"], "appview": told["appview"]}


def _end(process: "subprocess.Popen[bytes]") -> None:
    """The network ends with its input."""
    try:
        process.communicate(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


async def _installed() -> tuple[Path, str]:
    wanted, own = [f"@atproto/dev-env@{DEV_ENV}"], await _node_version() < NEEDS_NODE
    if own:
        wanted.append(f"{_node_package()}@{NODE}")
    packages = await npm.installed(f"atproto-dev-env-{DEV_ENV}", *wanted)
    home = packages / "node_modules" / _node_package() if own else None
    node = str(home / "bin" / "node") if home else npm.program("node")
    with npm.alone(packages):
        if not (packages / "built").exists():
            await _build(packages, home)
            (packages / "built").touch()
    return packages, node


async def _build(packages: Path, home: Path | None) -> None:
    """SQLite's binding, for the node that will load it; its headers come with node itself, nothing is fetched."""
    if shutil.which("c++") is None and shutil.which("g++") is None:
        words = "Cần trình biên dịch C++ (apt install g++ make). / A C++ compiler is needed (apt install g++ make)."
        pytest.fail(words, pytrace=False)
    more = {"npm_config_nodedir": str(home), "PATH": f"{home / 'bin'}:{os.environ['PATH']}"} if home else {}
    await npm.run(npm.program("npm"), "rebuild", "better-sqlite3", cwd=packages, seconds=600, **more)


async def _node_version() -> int:
    told = (await npm.run(npm.program("node"), "--version", cwd=Path.cwd())).decode()
    found = re.match(r"v(\d+)", told)
    return int(found.group(1)) if found else 0


def _node_package() -> str:
    machine = {"x86_64": "x64", "aarch64": "arm64", "arm64": "arm64"}.get(platform.machine())
    if platform.system() != "Linux" or machine is None:
        pytest.fail(f"Cần node {NEEDS_NODE} trở lên. / node {NEEDS_NODE} or later is needed.", pytrace=False)
    return f"node-linux-{machine}"
