"""Child processes that never outlive us, and the ports they listen on."""

import ctypes
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class StartFailed(RuntimeError):
    """A server of the one-machine topology did not come up; the message says where its log is."""


def die_with_parent(sig: signal.Signals) -> Callable[[], None]:
    """A `preexec_fn` that makes the kernel send `sig` to the child when its parent dies, even by kill -9.

    The kernel watches the *thread* that forked: start such children from a thread that lives as long as the process.
    """
    parent = os.getpid()

    def arrange() -> None:
        if _libc is None:
            return
        _libc.prctl(_PR_SET_PDEATHSIG, int(sig), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return arrange


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def kept_port(file: Path) -> int | None:
    """The port used last time, if it is still free."""
    try:
        port = int(file.read_text().strip())
    except (FileNotFoundError, ValueError):
        return None
    return port if is_free(port) else None


def kept_secret(file: Path) -> str:
    """A random secret, made once and kept in a file that only we can read."""
    if not file.exists():
        write_private(file, secrets.token_urlsafe(24))
    return file.read_text().strip()


def write_private(file: Path, text: str) -> None:
    """Write a file with mode 0600 in one step, so that no reader sees it half written or readable by others."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(text)
    draft.replace(file)


def open_log(file: Path, *, keep_below: int = 16 * 1024 * 1024) -> int:
    """Open a log for appending; one that has grown too large becomes `<name>.1` first."""
    if file.exists() and file.stat().st_size > keep_below:
        file.replace(file.with_name(f"{file.name}.1"))
    return os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def stop(process: subprocess.Popen[bytes], sig: signal.Signals, deadline: float) -> None:
    """Ask a process to end, and kill it when it has not within `deadline` seconds."""
    if process.poll() is None:
        process.send_signal(sig)
    try:
        process.wait(deadline)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], deadline: float) -> bool:
    """Poll `ready` until it holds; False when the process ended or the time is over."""
    end = time.monotonic() + deadline
    while time.monotonic() < end:
        if ready():
            return True
        if process.poll() is not None:
            return False
        time.sleep(0.02)
    return False


def tail(file: Path, lines: int = 8) -> str:
    """The last lines of a log, for error messages."""
    try:
        text = file.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])
