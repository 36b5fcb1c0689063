"""The committed reference of the interfaces is what the code says."""

from scripts import reference


def test_the_reference_is_what_the_code_says() -> None:
    assert reference.stale() == [], "run `make docs`"


def test_every_event_is_described_with_its_receivers() -> None:
    told = reference.asyncapi()
    assert "lantoa.content.ingested.v1" in told
    assert "classify-content-ingested" in told
