"""Starts the processes of the one-machine topology, watches them, and stops them in reverse order.

A process that ends is started again, later and later while it keeps ending. Each runs in its own process group; the
kernel kills it when the supervisor dies, even by kill -9, so nothing is left behind. What it prints goes to its log.
"""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import httpx

from libs.common.local.process import StartFailed, die_with_parent, tail

_FIRST_DELAY = 0.5
_LONGEST_DELAY = 30.0
_STABLE_AFTER = 60.0
_LOG_BYTES = 8 * 1024 * 1024
_PROBE_EVERY = 0.15


@dataclass(frozen=True, slots=True)
class Command:
    """One process to keep running. `stage` orders the start; stages stop in reverse."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    stage: int = 0
    ready_url: str | None = None
    grace: float = 10.0


class Server(Protocol):
    """Postgres or NATS: started before the commands, restarted when it dies, stopped after them."""

    @property
    def is_running(self) -> bool: ...
    def start(self) -> object: ...
    def stop(self) -> None: ...


@dataclass(slots=True)
class Watched:
    """What is known about one command now."""

    command: Command
    log: Path
    pid: int | None = None
    starts: int = 0
    exit_code: int | None = None
    task: asyncio.Task[None] | None = None

    @property
    def restarts(self) -> int:
        return max(0, self.starts - 1)


class RotatingLog:
    """Appends lines with their time; when the file is full it becomes `<name>.1` and a new one begins."""

    def __init__(self, file: Path, limit: int = _LOG_BYTES) -> None:
        self._file = file
        self._limit = limit
        self._handle = self._open()

    def _open(self) -> int:
        return os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, line: bytes) -> None:
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S%z ").encode()
        os.write(self._handle, stamp + line.rstrip(b"\n") + b"\n")
        if os.fstat(self._handle).st_size > self._limit:
            self.close()
            self._file.replace(self._file.with_name(f"{self._file.name}.1"))
            self._handle = self._open()

    def close(self) -> None:
        os.close(self._handle)


def delay_before(consecutive_failures: int) -> float:
    """Seconds to wait before the next start, doubling up to half a minute."""
    return min(_FIRST_DELAY * 2.0 ** max(0, consecutive_failures - 1), _LONGEST_DELAY)


class Supervisor:
    """Runs in the main thread's event loop (the kernel ties children to the thread that forked them)."""

    def __init__(self, commands: Sequence[Command], logs: Path, servers: Sequence[tuple[str, Server]] = ()) -> None:
        self._watched = {c.name: Watched(c, logs / f"{c.name}.log") for c in commands}
        self._servers = servers
        self._server_watch: asyncio.Task[None] | None = None
        self._stopping = False

    @property
    def processes(self) -> Sequence[Watched]:
        return list(self._watched.values())

    async def start(self, on_ready: Callable[[str], None] = lambda _: None, deadline: float = 90.0) -> None:
        """Start everything and return when every command that can be asked says that it is ready."""
        if self._servers:
            self._server_watch = asyncio.create_task(self._watch_servers())
        stages = sorted({w.command.stage for w in self._watched.values()})
        for stage in stages:
            members = [w for w in self._watched.values() if w.command.stage == stage]
            for watched in members:
                watched.task = asyncio.create_task(self._keep_running(watched), name=watched.command.name)
            async with asyncio.timeout(deadline):
                await _gather(self._until_ready(watched, on_ready) for watched in members)

    async def stop(self) -> None:
        """Stop the commands stage by stage in reverse; who does not end in its grace time is killed."""
        self._stopping = True
        if self._server_watch is not None:
            self._server_watch.cancel()
        for stage in sorted({w.command.stage for w in self._watched.values()}, reverse=True):
            await _gather(self._end(w) for w in self._watched.values() if w.command.stage == stage)

    async def _end(self, watched: Watched) -> None:
        task = watched.task
        if task is None:
            return
        _signal_group(watched.pid, signal.SIGTERM)
        if watched.pid is None:
            task.cancel()  # it was waiting to be started again
        done, _ = await asyncio.wait({task}, timeout=watched.command.grace)
        if not done:
            _signal_group(watched.pid, signal.SIGKILL)
            await asyncio.wait({task}, timeout=5)
        task.cancel()

    async def _keep_running(self, watched: Watched) -> None:
        log = RotatingLog(watched.log)
        failures = 0
        try:
            while not self._stopping:
                began = time.monotonic()
                await self._run_once(watched, log)
                lived = time.monotonic() - began
                failures = 1 if lived > _STABLE_AFTER else failures + 1
                if not self._stopping:
                    log.write(f"--- ended with {watched.exit_code} after {lived:.1f} s".encode())
                    await asyncio.sleep(delay_before(failures))
        finally:
            log.close()

    async def _run_once(self, watched: Watched, log: RotatingLog) -> None:
        command = watched.command
        process = await asyncio.create_subprocess_exec(
            *command.argv,
            env=dict(command.env),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGKILL),
        )
        watched.pid, watched.starts = process.pid, watched.starts + 1
        try:
            await _copy_lines(process.stdout, log)
            watched.exit_code = await process.wait()
        finally:
            _signal_group(watched.pid, signal.SIGKILL)  # whatever the process itself has left behind
            watched.pid = None

    async def _until_ready(self, watched: Watched, on_ready: Callable[[str], None]) -> None:
        url = watched.command.ready_url
        async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
            while not (watched.pid and (url is None or await _answers(client, url))):
                if watched.starts > 2:
                    raise StartFailed(
                        f"{watched.command.name} không khởi động được / did not start ({watched.log}):\n"
                        f"{tail(watched.log)}"
                    )
                await asyncio.sleep(_PROBE_EVERY)
        on_ready(watched.command.name)

    async def _watch_servers(self) -> None:
        """Bring Postgres or NATS back when one has died; the services reconnect by themselves."""
        while True:
            await asyncio.sleep(1)
            for _, server in self._servers:
                if not server.is_running:
                    with suppress(StartFailed):
                        server.start()


async def _gather(works: "Sequence[Awaitable[None]] | object") -> None:
    await asyncio.gather(*works)  # type: ignore[misc]


async def _copy_lines(stream: asyncio.StreamReader | None, log: RotatingLog) -> None:
    if stream is None:
        return
    while True:
        try:
            line = await stream.readline()
        except ValueError:  # a line longer than the reader's buffer
            continue
        if not line:
            return
        log.write(line)


async def _answers(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).is_success
    except httpx.HTTPError:
        return False


def _signal_group(pid: int | None, sig: signal.Signals) -> None:
    if pid is not None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, sig)
