"""Telegram: no handle against a second post, nothing can be read back; receipts come to the discussion group."""

from tests.publish.conformance.case import ChannelCase, Seat


def seat(number: int, url: str) -> Seat:
    username, token = f"thanhpho_{number}_test", f"{1000 + number}:ma-cua-bot-{number:06d}"
    return Seat(
        address=f"@{username}",
        settings={
            "chat": f"@{username}",
            "service": f"{url}/telegram",
            "web": f"{url}/telegram",
            "owns_updates": True,
            "receipt_wait_seconds": 0,
        },
        secret={"token": token},
        control={
            "platform": "telegram",
            "handle": username,
            "password": token,
            "options": {"discussion": True},
        },
        learns={"discussion": "discussion_id"},
    )


CASE = ChannelCase(
    kind="telegram",
    seat=seat,
    platform="telegram",
    publishes=("sendMessage",),
    image_publishes=("sendPhoto",),
    reads=("editMessageText", "getUpdates"),
    edits=("editMessageText",),
    deletes=("deleteMessage",),
    takes_images=True,
    a_post="42",
    dead={"status": "revoked"},
)
