"""Facebook Pages: the Graph API of one page and its posts, photos, videos and reels, and the public pages of them."""

from sandbox.platforms.facebook.platform import build

__all__ = ["build"]
