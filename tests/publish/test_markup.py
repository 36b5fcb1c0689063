import pytest

from services.publish import markup


@pytest.mark.parametrize(
    ("body", "html"),
    [
        ("Một.\nHai.\n\nBa.", "<p>Một.<br>Hai.</p>\n<p>Ba.</p>"),
        ("## Việc cần làm\n- Một\n- Hai", "<h2>Việc cần làm</h2>\n<ul><li>Một</li><li>Hai</li></ul>"),
        ("Gồm:\n- Một\nHết.", "<p>Gồm:</p>\n<ul><li>Một</li></ul>\n<p>Hết.</p>"),
        ("<script>x</script> & 'y'", "<p>&lt;script&gt;x&lt;/script&gt; &amp; &#39;y&#39;</p>"),
        (
            "Xem https://a.vn/b?c=1&d=2.",
            '<p>Xem <a href="https://a.vn/b?c=1&amp;d=2">https://a.vn/b?c=1&amp;d=2</a>.</p>',
        ),
        ("javascript:alert(1)", "<p>javascript:alert(1)</p>"),
    ],
)
def test_marks_become_html_and_everything_else_is_text(body: str, html: str) -> None:
    assert str(markup.to_html(body)) == html


def test_an_address_cannot_leave_its_attribute() -> None:
    assert "onclick" not in str(markup.to_html('https://a.vn/"onclick="x')).split(">")[1]


def test_text_of_a_body_has_no_marks() -> None:
    assert markup.to_text("## Tiêu đề\n- Một\nHai - ba") == "Tiêu đề\nMột\nHai - ba"
