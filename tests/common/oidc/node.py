"""oidc-provider from npm, in a folder of its own outside the checkout, started and stopped as a process."""

import asyncio
import json
import shutil
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from joserfc.jwk import Key

from tests.sandbox import npm

PACKAGE = "oidc-provider@9.13.3"
SCRIPT = Path(__file__).with_name("provider.mjs")


async def install() -> Path:
    """The folder that holds the package."""
    return await npm.installed(PACKAGE.replace("@", "-"), PACKAGE)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def running_provider(folder: Path, port: int, keys: Sequence[Key], scratch: Path) -> AsyncIterator[str]:
    """The provider's issuer, while it runs with these signing keys."""
    jwks = scratch / "provider-jwks.json"
    jwks.write_text(json.dumps({"keys": [key.as_dict(private=True) for key in keys]}))
    node, pipe = shutil.which("node") or "node", asyncio.subprocess.PIPE
    command = (node, str(SCRIPT), str(folder), str(port), str(jwks))
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        said = await asyncio.wait_for(process.stdout.readline(), 30)
        if said.strip() != b"ready":
            pytest.fail((await process.stderr.read()).decode()[-2000:], pytrace=False)
        yield f"http://127.0.0.1:{port}"
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()
