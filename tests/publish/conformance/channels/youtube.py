"""YouTube: a video uploaded private, then made public by its id, which may be repeated without end."""

from tests.publish.conformance.case import ChannelCase, Seat


def seat(number: int, url: str) -> Seat:
    handle, channel = f"thanhpho{number}", f"UCthanhpho{number:014d}"
    client, secret = f"ung-dung-{number:06d}.apps.example", f"GOCSPX-bi-mat-{number:06d}"
    refresh, service = f"1//0e-ma-lam-moi-{number:06d}", f"{url}/youtube"
    return Seat(
        address=f"@{handle}",
        settings={"service": service, "oauth": service, "web": service, "channel_id": channel},
        secret={"client_id": client, "client_secret": secret, "refresh_token": refresh},
        control={
            "platform": "youtube",
            "handle": handle,
            "password": refresh,
            "options": {"id": channel, "client_id": client, "client_secret": secret},
        },
    )


CASE = ChannelCase(
    kind="youtube",
    seat=seat,
    platform="youtube",
    publishes=("videos.update",),
    uploads=("playlistItems.list", "videos.insert", "videos.upload"),
    reads=("videos.list", "playlistItems.list"),
    logins=("oauth.token", "channels.list"),
    edits=("videos.update",),
    deletes=("videos.delete",),
    needs_video=True,
    takes_videos=True,
    a_post="dQw4w9WgXcQ",
    dead={"status": "revoked"},
)
