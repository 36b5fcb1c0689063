"""Instagram: a container is published once; its state settles what an answer does not."""

from sandbox.counting import utf16_units
from tests.publish.conformance.case import ChannelCase, Seat


def seat(number: int, url: str) -> Seat:
    handle, token, account = f"thanhpho{number}", f"IGAA-ma-truy-cap-{number:06d}", str(17_841_400_000_000_000 + number)
    return Seat(
        address=f"@{handle}",
        settings={"service": f"{url}/instagram", "account_id": account},
        secret={"access_token": token},
        control={"platform": "instagram", "handle": handle, "password": token, "options": {"id": account}},
    )


CASE = ChannelCase(
    kind="instagram",
    seat=seat,
    platform="instagram",
    publishes=("media.publish",),
    uploads=("media.create", "container.show"),
    reads=("container.show", "media.show", "media.list"),
    logins=("user.show",),
    deletes=("media.delete",),
    takes_images=True,
    needs_image=True,
    throttle_seconds=120,
    counts=utf16_units,
    a_post="17900000000000042",
    dead={"status": "revoked"},
)
