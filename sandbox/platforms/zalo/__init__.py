"""Zalo Official Account: articles made hidden and then shown, broadcasts that cannot be recalled, single-use tokens."""

from sandbox.platforms.zalo.platform import build

__all__ = ["build"]
