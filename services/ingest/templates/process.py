"""The one extractor of a process, for tasks that are sent to parser processes by name."""

from functools import cache

from services.ingest.extract import Article
from services.ingest.templates.extractor import Extractor


@cache
def _extractor() -> Extractor:
    return Extractor()


def extract_page(
    data: bytes, *, content_type: str | None = None, url: str | None = None, language: str | None = None
) -> Article:
    """Read a page with what this process has learned of its site."""
    return _extractor().extract(data, content_type, url, language=language)
