"""Facebook: no handle against a second post; errors arrive as HTTP 400, and throttles in whole minutes."""

from sandbox.counting import utf16_units
from tests.publish.conformance.case import ChannelCase, Seat

APP = "355020260000001"


def seat(number: int, url: str) -> Seat:
    page, handle = str(100_000_000_000_000 + number), f"thanhpho{number}"
    token, app_secret = f"EAAB-ma-cua-trang-{number:06d}", f"bi-mat-cua-ung-dung-{number:06d}"
    service = f"{url}/facebook"
    return Seat(
        address=handle,
        settings={"service": service, "web": service, "page": page, "app_id": APP},
        secret={"access_token": token, "app_secret": app_secret},
        control={
            "platform": "facebook",
            "handle": handle,
            "password": token,
            "options": {"page_id": page, "app_id": APP, "app_secret": app_secret},
        },
    )


CASE = ChannelCase(
    kind="facebook",
    seat=seat,
    platform="facebook",
    publishes=("feed.create",),
    uploads=("photos.create",),
    reads=("object.read", "published_posts"),
    logins=("debug_token",),
    edits=("object.update",),
    deletes=("object.delete",),
    takes_images=True,
    counts=utf16_units,
    a_post="100000000000001_122000000000001",
    dead={"status": "password_changed"},
    throttle_seconds=120,
)
