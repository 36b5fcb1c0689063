"""One file per platform; importing them registers them."""

from services.publish.hearing import facebook, instagram, telegram, threads, tiktok, zalo
from services.publish.hearing.base import HOOKS

__all__ = ["HOOKS", "facebook", "instagram", "telegram", "threads", "tiktok", "zalo"]
