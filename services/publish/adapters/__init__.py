"""One file per platform; importing them registers them."""

from services.publish.adapters import (
    bluesky,
    by_hand,
    email,
    facebook,
    instagram,
    mastodon,
    own_site,
    retired,
    telegram,
    tiktok,
    webpush,
    youtube,
)
from services.publish.adapters.base import CHANNELS

__all__ = [
    "CHANNELS",
    "bluesky",
    "by_hand",
    "email",
    "facebook",
    "instagram",
    "mastodon",
    "own_site",
    "retired",
    "telegram",
    "tiktok",
    "webpush",
    "youtube",
]
