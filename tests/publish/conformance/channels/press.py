"""The press kit: our own house, what newsrooms get lies in our database."""

from tests.publish.conformance.case import ChannelCase, Seat

STANDS = """
SELECT v.delivery_id::text AS id, v.payload::text AS text FROM press_versions v
WHERE v.status = 'usable' AND NOT EXISTS (SELECT FROM press_versions k WHERE k.item = v.item AND k.status = 'canceled')
"""


def seat(number: int, url: str) -> Seat:
    partners = [{"id": "bao-thu", "name": "Báo Thử"}]
    return Seat(address=f"bao-chi-{number}", settings={"partners": partners}, secret={})


CASE = ChannelCase(
    kind="press", seat=seat, stands=STANDS, takes_images=True, a_post="01930000-0000-7000-8000-00000000bbbb"
)
