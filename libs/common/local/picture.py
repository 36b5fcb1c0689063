"""The picture of the sample publication: a drawn map without words, so that it needs no font."""

import io

from PIL import Image, ImageDraw

ALT = "Bản đồ vẽ thử: một vùng tô màu nằm giữa các tuyến phố, có dấu chấm đỏ ở giữa."
_PAPER, _STREET, _LAKE, _ZONE, _DOT = "#f1efe6", "#ffffff", "#bcd9e6", "#f2b84b", "#c0392b"


def sample_picture(width: int = 1200, height: int = 675) -> bytes:
    """A PNG of streets, a lake, a zone and a place; the same every time."""
    image = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(image)
    draw.ellipse((width * 0.66, height * 0.12, width * 0.9, height * 0.46), fill=_LAKE)
    draw.polygon([(330, 150), (760, 110), (820, 470), (380, 540)], fill=_ZONE)
    for x in range(-200, width, 170):
        draw.line((x, height, x + 260, 0), fill=_STREET, width=22)
    for y in range(70, height, 150):
        draw.line((0, y, width, y - 40), fill=_STREET, width=18)
    draw.ellipse((560, 290, 620, 350), fill=_DOT, outline=_STREET, width=8)
    out = io.BytesIO()
    image.save(out, format="PNG", optimize=True)
    return out.getvalue()
