"""The city's own bulletin: files of ours, no platform."""

from tests.publish.conformance.case import ChannelCase, Seat


def seat(number: int, url: str) -> Seat:
    return Seat(address=f"ban-tin-{number}", settings={}, secret={})


CASE = ChannelCase(kind="own_site", seat=seat)
