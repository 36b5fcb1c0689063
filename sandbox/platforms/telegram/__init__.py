"""Telegram: the Bot API as far as a city's channel and its linked discussion group meet it."""

from sandbox.platforms.telegram.platform import build

__all__ = ["build"]
