"""Files of the store at hand: read and hashed again only when the file has changed, however often it is asked for."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime

from libs.common.conditional import etag_of
from libs.common.files import FileStore

MOST_FILES = 256
MOST_BYTES = 2_000_000
"""Of one file; what is larger (a sitemap of many pages) is read each time."""


@dataclass(frozen=True)
class Held:
    data: bytes
    etag: str
    changed: datetime


class Shelf:
    def __init__(self) -> None:
        self._held: OrderedDict[str, tuple[tuple[int, int, int], Held]] = OrderedDict()

    def read(self, files: FileStore, name: str) -> Held | None:
        try:
            stat = files.path(name).stat()
        except (OSError, ValueError):
            self._held.pop(name, None)
            return None
        version = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        known = self._held.get(name)
        if known is not None and known[0] == version:
            self._held.move_to_end(name)
            return known[1]
        data = files.read(name)
        if data is None:
            return None
        held = Held(data, etag_of(data), datetime.fromtimestamp(int(stat.st_mtime), UTC))
        if len(data) <= MOST_BYTES:
            self._held[name] = (version, held)
            if len(self._held) > MOST_FILES:
                self._held.popitem(last=False)
        return held
