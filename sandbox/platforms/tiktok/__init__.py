"""TikTok: Login Kit's rotating tokens, the Content Posting API with its slow posts, and the reading of own videos."""

from sandbox.platforms.tiktok.platform import build

__all__ = ["build"]
