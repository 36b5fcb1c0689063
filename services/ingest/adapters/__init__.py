"""Source kinds by name. Importing this package registers every one of them."""

from services.ingest.adapters import facebook_page, feed, page, sitemap, youtube

__all__ = ["facebook_page", "feed", "page", "sitemap", "youtube"]
