"""What lets one in is no part of a logged address."""

import logging

import pytest

from services.publish.adapters.addresses import WITHOUT_TOKENS


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("https://t.test/bot3550:AAH-bi_mat/sendMessage", "https://t.test/bot…/sendMessage"),
        ("https://t.test/file/bot3550%3AAAH-bi_mat/a.jpg", "https://t.test/file/bot…/a.jpg"),
        (
            "https://g.test/v26.0/me?appsecret_proof=bimat&fields=id",
            "https://g.test/v26.0/me?appsecret_proof=…&fields=id",
        ),
        ("https://g.test/debug_token?input_token=bimat", "https://g.test/debug_token?input_token=…"),
        ("https://y.test/upload?upload_id=AE-bi_mat&part=snippet", "https://y.test/upload?upload_id=…&part=snippet"),
        ("https://k.test/upload/video?upload_token=bimat%2F1&x=1", "https://k.test/upload/video?upload_token=…&x=1"),
        ("https://m.test/robots.txt?q=bot", "https://m.test/robots.txt?q=bot"),
    ],
)
def test_a_logged_address_keeps_everything_but_that(address: str, shown: str) -> None:
    record = logging.LogRecord("httpx", logging.INFO, "", 1, "HTTP Request: GET %s", (address,), None)
    assert WITHOUT_TOKENS.filter(record)
    assert record.getMessage() == f"HTTP Request: GET {shown}"
    assert WITHOUT_TOKENS in logging.getLogger("httpx").filters
