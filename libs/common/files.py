"""The file store: content-addressed media and reports, and named pages; every write is fsync, then rename."""

import hashlib
import os
import tempfile
from pathlib import Path


class FileStore:
    """Files under one root; no key or name can lead out of it."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, data: bytes, suffix: str = "") -> str:
        """Store by content; returns the key, e.g. `objects/ab/abcd….md`. Storing twice is harmless."""
        digest = hashlib.sha256(data).hexdigest()
        key = f"objects/{digest[:2]}/{digest}{suffix}"
        if not self.path(key).exists():
            self.write(key, data)
        return key

    def path(self, name: str) -> Path:
        path = (self.root / name).resolve()
        if not path.is_relative_to(self.root.resolve()):
            raise ValueError("a file name may not lead out of the store")
        return path

    def write(self, name: str, data: bytes) -> None:
        """Replace a named file atomically: a reader sees the old one or the new one, whole."""
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            draft = Path(file.name)
            try:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
                draft.chmod(0o644)
                draft.replace(path)
            except BaseException:
                draft.unlink(missing_ok=True)
                raise

    def read(self, name: str) -> bytes | None:
        """The bytes, or None if there is no such file."""
        try:
            return self.path(name).read_bytes()
        except (FileNotFoundError, IsADirectoryError, ValueError):
            return None

    def delete(self, name: str) -> None:
        self.path(name).unlink(missing_ok=True)
