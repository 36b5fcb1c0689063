"""The digest by mail: what waits for the next letter lies in our own database, no platform."""

from tests.publish.conformance.case import ChannelCase, Seat


def seat(number: int, url: str) -> Seat:
    return Seat(address=f"thu-{number}", settings={"list": f"tin-{number}"}, secret={})


CASE = ChannelCase(
    kind="email",
    seat=seat,
    takes_images=True,
    stands=(
        "SELECT delivery_id::text AS id, payload::text AS text FROM digest_items "
        "WHERE kind = 'news' AND removed_at IS NULL"
    ),
)
