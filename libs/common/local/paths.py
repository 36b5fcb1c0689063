"""Where the one-machine topology keeps its data.

As an ordinary user everything lives in `.lantoa/` of the checkout. As root, Postgres has to run as `nobody`, who may
not be able to reach the checkout; then everything lives in `/var/lib/lantoa/<hash of the checkout>` and
`.lantoa/data-dir` points there. No directory that we did not make is ever changed.
"""

import fcntl
import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

POINTER = "data-dir"
_SHARED_ROOT = Path("/var/lib/lantoa")
_SCRATCH_PREFIX = "scratch-"


def checkout() -> Path:
    """The directory of the sources, or the working directory where the package was installed as a wheel."""
    sources = Path(__file__).resolve().parents[3]
    return sources if (sources / "pyproject.toml").is_file() else Path.cwd()


@dataclass(frozen=True, slots=True)
class LocalPaths:
    """The layout below one data directory."""

    root: Path

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    @property
    def nats(self) -> Path:
        return self.root / "nats"

    @property
    def files(self) -> Path:
        return self.root / "files"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def secrets(self) -> Path:
        return self.root / "secrets"

    @property
    def press(self) -> Path:
        return self.root / "press"

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    @property
    def operator(self) -> Path:
        """Settings of the operator's verbs; private."""
        return self.root / "operator.env"

    @property
    def day(self) -> Path:
        """What the main job has done so far."""
        return self.root / "day.json"


def data_root(sources: Path) -> Path:
    """The data directory that belongs to a checkout; nothing is created."""
    if os.geteuid() != 0:
        return sources / ".lantoa"
    digest = hashlib.sha256(str(sources.resolve()).encode()).hexdigest()[:12]
    return _SHARED_ROOT / digest


def binaries() -> Path:
    """Where Postgres' binaries are copied to, once for a checkout and whatever data it serves."""
    return data_root(checkout()) / "binaries"


def ensure(root: Path | None = None) -> LocalPaths:
    """Create the data directory (by default the one of this checkout) and return its layout."""
    sources = checkout()
    chosen = root.resolve() if root else data_root(sources)
    make_directory(chosen, mode=0o711 if os.geteuid() == 0 else 0o700)
    if root is None and chosen != sources / ".lantoa":
        _write_pointer(sources, chosen)
    paths = LocalPaths(chosen)
    for private in (paths.secrets, paths.files, paths.logs, paths.press):
        make_directory(private, mode=0o700)
    return paths


def make_directory(path: Path, *, mode: int) -> None:
    """Create a directory with exactly this mode, whatever the umask; missing parents are passable but not listable."""
    if path.is_dir():
        return
    if not path.parent.exists():
        make_directory(path.parent, mode=0o711)
    path.mkdir(exist_ok=True)
    path.chmod(mode)


def remove(root: Path) -> None:
    """Delete a data directory."""
    shutil.rmtree(root, ignore_errors=True)


class Scratch:
    """A directory that is gone after use; one left behind by a killed process is removed by the next user."""

    def __init__(self, parent: Path) -> None:
        make_directory(parent, mode=0o711)
        _sweep(parent)
        self.path = Path(tempfile.mkdtemp(prefix=_SCRATCH_PREFIX, dir=parent))
        self.path.chmod(0o711)
        self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def remove(self) -> None:
        remove(self.path)
        os.close(self._lock)

    def __enter__(self) -> Path:
        return self.path

    def __exit__(self, *_: object) -> None:
        self.remove()


def _sweep(parent: Path) -> None:
    for left in parent.glob(f"{_SCRATCH_PREFIX}*"):
        if _is_abandoned(left):
            remove(left)


def _is_abandoned(directory: Path) -> bool:
    try:
        handle = os.open(directory / "lock", os.O_RDWR)
    except FileNotFoundError:
        return False  # just being made by somebody else
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(handle)
    return True


def _write_pointer(sources: Path, target: Path) -> None:
    folder = sources / ".lantoa"
    folder.mkdir(exist_ok=True)
    (folder / POINTER).write_text(f"{target}\n", encoding="utf-8")
