"""Source kinds by name. Importing this package registers every one of them."""

from services.ingest.adapters import feed, page, sitemap

__all__ = ["feed", "page", "sitemap"]
