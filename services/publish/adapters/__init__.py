"""One file per platform; importing them registers them."""

from services.publish.adapters import bluesky, own_site
from services.publish.adapters.base import CHANNELS

__all__ = ["CHANNELS", "bluesky", "own_site"]
