"""Web push: our own house, what browsers are told lies in our database."""

from tests.publish.conformance.case import ChannelCase, Seat

STANDS = """
SELECT delivery_id::text AS id, payload::text AS text FROM push_notices WHERE kind = 'news' AND removed_at IS NULL
"""


def seat(number: int, url: str) -> Seat:
    return Seat(address=f"thong-bao-{number}", settings={"topic": f"chu-de-{number}"}, secret={})


CASE = ChannelCase(
    kind="webpush", seat=seat, stands=STANDS, takes_images=True, a_post="01930000-0000-7000-8000-00000000aaaa"
)
