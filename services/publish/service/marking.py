"""How a drill says that it is one, in every title that a person reads."""

from libs.common.models.publish import DRILL_MARK

TITLE_LENGTH = 200


def marked(title: str) -> str:
    return title if title.startswith(DRILL_MARK) else f"{DRILL_MARK}: {title}"[:TITLE_LENGTH]
