"""DOCX to PDF by LibreOffice, where an installation has it: in a profile of its own, with a limit of time."""

import contextlib
import os
import signal
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

TIMEOUT_S = 120.0


class OfficeFailed(RuntimeError):
    """No PDF came: it took too long, fell over, or is not there."""


def convert(docx: bytes, soffice: Path, timeout_s: float = TIMEOUT_S) -> bytes:
    """Blocking; everything it writes is in a folder that goes away. Its PDF is not the same twice."""
    with TemporaryDirectory(prefix="lantoa-paper-") as name:
        folder = Path(name)
        (folder / "paper.docx").write_bytes(docx)
        profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
        options = ("--headless", "--norestore", "--nolockcheck", "--convert-to", "pdf", "--outdir", str(folder))
        _run([str(soffice), profile, *options, str(folder / "paper.docx")], folder, timeout_s)
        made = folder / "paper.pdf"
        if not made.is_file():
            raise OfficeFailed("LibreOffice made no PDF")
        return made.read_bytes()


def _run(command: list[str], home: Path, timeout_s: float) -> None:
    """In a process group of its own: the launcher's children end with it."""
    env = {"HOME": str(home), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
    quiet = subprocess.DEVNULL
    try:
        child = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet, env=env, start_new_session=True)
    except OSError as error:
        raise OfficeFailed(str(error)) from error
    try:
        if code := child.wait(timeout_s):
            raise OfficeFailed(f"LibreOffice ended with {code}")
    except subprocess.TimeoutExpired as error:
        raise OfficeFailed(f"LibreOffice took longer than {timeout_s:g} s") from error
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
