"""Learned page templates: the quick way through the pages of a site that is known."""

from services.ingest.templates.extractor import Extractor
from services.ingest.templates.process import extract_page

__all__ = ["Extractor", "extract_page"]
