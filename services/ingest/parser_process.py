"""The program in which documents of strangers are parsed: one task at a time, over the socket that is its stdin.

Guarantees, so that a document that breaks a parser breaks nothing else: no environment, no descriptor but the socket,
no network, no further process, no file written and no core left behind; bounded memory; processor time bounded for
each task. What it answers is a length and a pickle of ("ok", result), ("refused", vi, en) or ("failed", class name).
"""

import pickle
import resource
import signal
import socket
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from services.ingest.adapters.base import NotParsable

HEAD = struct.Struct("!Q")
"""Length of what follows, bytes."""
READY = b"!"
"""Said once, when the process can take its first task."""
RECYCLED_AT = 0.6
"""Share of its memory at which a process ends after its task; the next one starts small."""
_FORBIDDEN = (
    "socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostby", "subprocess.", "os.exec", "os.fork",
    "os.posix_spawn", "os.system", "os.remove", "os.rename",
)  # fmt: skip
"""Beginnings of Python's audit events."""


def main() -> None:
    megabytes = int(sys.argv[1])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, whose end closes the socket
    confine(megabytes)
    link = socket.socket(fileno=0)
    link.sendall(READY)
    while (task := receive(link)) is not None:
        seconds, work = pickle.loads(task)  # noqa: S301 - what the parent itself wrote
        _allow_processor_time(seconds)
        answer = _answer(work)
        is_last = answer[0] == "failed" or _resident_megabytes() > RECYCLED_AT * megabytes
        send(link, pickle.dumps((is_last, *answer), protocol=5))
        if is_last:
            return


def confine(megabytes: int) -> None:
    """Take from this process what parsing does not need; irrevocable."""
    for limit, most in (
        (resource.RLIMIT_AS, megabytes << 20),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        resource.setrlimit(limit, (most, most))
    sys.addaudithook(_refuse)


def _refuse(event: str, _: tuple[Any, ...]) -> None:
    if event.startswith(_FORBIDDEN):
        raise PermissionError(event)


def _allow_processor_time(seconds: float) -> None:
    """The parent stops a task at its deadline; this ends one whose parent is no more."""
    spent = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(spent.ru_utime + spent.ru_stime + seconds) + 2, hard))


def _answer(work: Callable[[], Any]) -> tuple[Any, ...]:
    try:
        return ("ok", work())
    except NotParsable as error:
        return ("refused", error.vi, error.en)
    except (Exception, RecursionError) as error:  # whatever it is, it is this document's; told by its class alone
        return ("failed", type(error).__name__)


def _resident_megabytes() -> float:
    # Not `ru_maxrss`: a process begins with the peak of the one that started it.
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * resource.getpagesize() / (1 << 20)


def send(link: socket.socket, data: bytes) -> None:
    link.sendall(HEAD.pack(len(data)))
    link.sendall(data)


def receive(link: socket.socket) -> bytes | None:
    """The next message; None where the other side has gone."""
    head = _exactly(link, HEAD.size)
    return None if head is None else _exactly(link, HEAD.unpack(head)[0])


def _exactly(link: socket.socket, size: int) -> bytes | None:
    data = bytearray(size)
    view, at = memoryview(data), 0
    while at < size:
        got = link.recv_into(view[at:])
        if got == 0:
            return None
        at += got
    return bytes(data)


if __name__ == "__main__":
    main()
