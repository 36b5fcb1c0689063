"""Office files are ZIP archives that note the minute of their making; here they tell the paper's day instead."""

from datetime import datetime
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo


def fixed(stored: bytes, day: datetime, replaced: dict[str, bytes] | None = None) -> bytes:
    """The same archive with one day for all of its parts, so that the same paper has the same bytes."""
    made = BytesIO()
    with ZipFile(BytesIO(stored)) as old, ZipFile(made, "w", ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = ZipInfo(name, (day.year, day.month, day.day, 0, 0, 0))
            part.compress_type, part.external_attr, part.create_system = ZIP_DEFLATED, 0o644 << 16, 3
            new.writestr(part, (replaced or {}).get(name) or old.read(name))
    return made.getvalue()
