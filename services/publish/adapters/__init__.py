"""One file per platform; importing them registers them."""

from services.publish.adapters import bluesky, facebook, instagram, mastodon, own_site, telegram
from services.publish.adapters.base import CHANNELS

__all__ = ["CHANNELS", "bluesky", "facebook", "instagram", "mastodon", "own_site", "telegram"]
