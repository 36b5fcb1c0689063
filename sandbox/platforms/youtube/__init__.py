"""YouTube: the Data API v3 of a channel's videos, its resumable uploads, Google's token door, and the watch pages."""

from sandbox.platforms.youtube.platform import build

__all__ = ["build"]
