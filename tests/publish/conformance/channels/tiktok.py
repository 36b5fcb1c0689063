"""TikTok: pictures that it fetches, with no handle against a second post; videos in chunks, which have one; and a
removal that only a person can do."""

from sandbox.counting import utf16_units
from tests.publish.conformance.case import ChannelCase, Seat


def seat(number: int, url: str) -> Seat:
    handle, service = f"thanhpho{number}", f"{url}/tiktok"
    key, secret, refresh = f"aw{number:06d}khoa", f"bi-mat-cua-ung-dung-{number:06d}", f"rft.ma-lam-moi-{number:06d}"
    return Seat(
        address=f"@{handle}",
        settings={"service": service, "web": service, "client_key": key, "username": handle, "audited": True},
        secret={"client_secret": secret, "refresh_token": refresh},
        control={
            "platform": "tiktok",
            "handle": handle,
            "password": refresh,
            "options": {"client_key": key, "client_secret": secret},
        },
    )


CASE = ChannelCase(
    kind="tiktok",
    seat=seat,
    platform="tiktok",
    publishes=("content.init",),
    video_publishes=("video.upload", "video.init"),
    uploads=("creator_info.query",),
    reads=("video.query", "video.list", "status.fetch"),
    logins=("token.refresh",),
    deletes=("video.query",),
    takes_images=True,
    needs_image=True,
    takes_videos=True,
    throttle_seconds=60,
    counts=utf16_units,
    a_post="7500000000000000042",
    dead={"status": "revoked"},
)
