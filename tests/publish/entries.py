"""Entries of a bulletin for tests, and the site they stand on."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from libs.common.web import Site
from services.publish.bulletin import Entry

NOW = datetime(2026, 11, 24, 6, 0, tzinfo=UTC)
SITE = Site("https://tin.example.vn", "Bản tin thành phố", "Ủy ban nhân dân thành phố", "Tin chính thức.", "1022")


def entry(number: int, **changes: Any) -> Entry:
    at = NOW - timedelta(hours=number)
    values: dict[str, Any] = {
        "publication_id": UUID(int=number),
        "slug": f"tin-so-{number}",
        "title": f"Tin số {number} của phường Ô Chợ Dừa",
        "summary": "Tóm tắt & điều cần biết",
        "body": "Đoạn một.\n\n## Việc cần làm\n- Gọi 1022",
        "language": "vi",
        "kind": "announcement",
        "state": "published",
        "affects_rights": False,
        "ai_label": None,
        "source_note": None,
        "unit_name": "Sở Y tế",
        "published_at": at,
        "updated_at": at,
        "digest": "0" * 64,
    }
    return Entry(**{**values, **changes})
