"""Instagram: the API with Instagram Login of one professional account, its containers and posts, and their pages."""

from sandbox.platforms.instagram.platform import build

__all__ = ["build"]
